"""The package's version, which every saved file records."""

__version__ = "0.1.0"
