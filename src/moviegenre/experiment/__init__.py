"""Whole experiments: prepare, train, evaluate and compare as plain functions."""
