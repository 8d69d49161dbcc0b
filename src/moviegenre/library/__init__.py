"""Film libraries on disk: find films, fill genres in their .nfo files, take the changes back.

Knows .nfo files and folders; asks a model through ``answers``. Must not import PyTorch, and prints
nothing.
"""
