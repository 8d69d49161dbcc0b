"""Using a trained model on new movies."""
