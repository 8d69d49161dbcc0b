"""Film genres from plot and poster: multi-label classification on MM-IMDb.

Importing the package loads nothing heavy; each command and each function imports what it needs.
"""

__version__ = "0.1.0"
