"""Thin applications over the package: the command line."""
