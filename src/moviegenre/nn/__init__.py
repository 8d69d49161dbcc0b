"""Tensor blocks that know nothing of movies."""
