"""Fitting the weights of an ensemble of trained models."""
