"""What makes a benchmark easier than it looks: movies that are nearly the same, and told genres."""
