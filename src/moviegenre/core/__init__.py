"""The ground floor: errors, types, the genre vocabulary, decisions and the config base.

Everything may import from here; nothing here imports from the rest of the package.
"""
