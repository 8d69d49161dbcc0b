"""What one changed setting does to a trained model's validation scores."""
