"""Studies: each folder has its own settings, computation, document and command."""
