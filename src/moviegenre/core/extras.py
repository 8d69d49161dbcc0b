"""Check whether optional dependencies are installed."""

import importlib.util

from moviegenre.core.errors import MissingExtraError

_TRAINING = ("torch", "lightning", "torchmetrics", "transformers", "safetensors")


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # the package is damaged, or is being removed
        return False


def require_training(purpose: str) -> None:
    """Raise an error if the extra ``train`` (PyTorch) is not installed.

    Args:
        purpose: The purpose, as in "training a model".

    Raises:
        MissingExtraError: A package of the extra is not installed.
    """
    for package in _TRAINING:
        if not is_installed(package):
            raise MissingExtraError(package, "train", purpose)
