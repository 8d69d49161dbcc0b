"""Train a model for the user's own genres from their films in a minute, without PyTorch."""
