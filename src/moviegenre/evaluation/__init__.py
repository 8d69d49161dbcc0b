"""Evaluate trained models, alone and against each other: scores, comparison, report."""
