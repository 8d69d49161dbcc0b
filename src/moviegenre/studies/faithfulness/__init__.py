"""Faithfulness: whether explanations name the parts that a model relies on."""
