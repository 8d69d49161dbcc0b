"""A film library behind HTTP: preview, write, undo, through the code of ``moviegenre library``.

The folder is set once, when the service starts. Requests name films by numbers of a preview that
the service made in this run, and options by words. No request names a path.
"""
