"""The models, one file each; ``registry`` lists them by name. The files of a trained model, too."""
