"""What trained models are worth, alone and against each other: scores, comparison, report."""
