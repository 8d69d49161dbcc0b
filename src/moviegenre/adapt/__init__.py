"""A model for one's own genres, learned in a minute from one's own films, without PyTorch."""
