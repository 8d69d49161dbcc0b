"""Trained models: their description, files, loading, export and model card.

A checkpoint, an exported folder, an ensemble and a name on the Hub are read here, by PyTorch or by
ONNX Runtime. Nothing here knows of films, training or evaluation.
"""
