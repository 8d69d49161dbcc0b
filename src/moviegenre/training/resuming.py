"""The state from which an interrupted training is resumed: ``last.ckpt``."""

import errno
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from moviegenre.artifacts.saving import save_tensors
from moviegenre.core.errors import DamagedError
from moviegenre.core.seals import check_seal, sealed_file

RESUME_FILE = "last.ckpt"


class SealedCheckpoints(TorchCheckpointIO):
    """Write Lightning's checkpoints in one step, with a seal."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: Any,  # noqa: ANN401 - Lightning's own type is a union of strings and paths
        storage_options: Any | None = None,  # noqa: ANN401 - Lightning's own annotation
    ) -> None:
        """Write the state of a training."""
        with sealed_file(Path(path)) as stream:
            save_tensors(checkpoint, stream)


class ResumePoint(Checkpoint):
    """Write the training state after every interval, so that an abort loses at most one interval.

    Args:
        path: The file; it is replaced in one step.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write the state; Lightning runs this after all other callbacks."""
        trainer.save_checkpoint(self.path)


def check_resume_point(path: Path) -> None:
    """Raise a DamagedError if a training cannot be resumed from this file.

    Args:
        path: The ``last.ckpt``, which exists.
    """
    if check_seal(path):
        return
    try:  # no seal: from an earlier version, or truncated
        torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except Exception as error:  # PyTorch raises a dozen classes for such files
        if (
            isinstance(error, OSError) and error.errno != errno.EINVAL
        ):  # EINVAL: a seek before the start
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise DamagedError(f"{path} is damaged ({reason})") from None
