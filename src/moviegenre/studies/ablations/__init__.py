"""The effect of one changed setting on a trained model's validation scores."""
