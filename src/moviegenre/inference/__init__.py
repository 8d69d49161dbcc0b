"""Using trained models: predicting, explaining, whole catalogues.

It knows nothing of training and evaluation; a model comes in as a checkpoint or an exported folder.
"""
