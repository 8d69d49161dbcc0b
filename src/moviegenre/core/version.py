"""The package's version; on the ground floor, because what is saved on any floor records it."""

__version__ = "0.1.0"
