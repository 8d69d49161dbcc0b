"""Open a trained model of any form with PyTorch."""

from pathlib import Path

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.ensemble_file import EnsembleRecord, ensemble_file, is_ensemble
from moviegenre.artifacts.folder import WEIGHTS_FILES, is_exported
from moviegenre.artifacts.info import joint_track
from moviegenre.artifacts.locate import locate
from moviegenre.artifacts.torch_folder import read_exported
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.models.ensemble import Ensemble


def open_torch(model: str | Path) -> TorchModel:
    """Open a trained model with its exact weights.

    Args:
        model: A ``best.pth``, its folder, an exported folder, an ensemble's folder, a file that
            ``weights_file`` returned, or ``OWNER/NAME`` (with ``@REVISION``) on the Hub.

    Raises:
        CheckpointError: The model is missing or damaged, or has another format.
        HubError: The model is not on the Hub, or the Hub cannot be reached.
    """
    path = locate(model)
    if is_ensemble(path):
        return _open_ensemble(ensemble_file(path))
    if path.name in WEIGHTS_FILES:
        path = path.parent
    return read_exported(path) if is_exported(path) else load_checkpoint(path)


def _open_ensemble(file: Path) -> TorchModel:
    """Open an ensemble and its members."""
    record = EnsembleRecord.read(file)
    members = [open_torch(member.file(file.parent)) for member in record.members]
    infos = tuple(member.info for member in members)
    updates = {
        "revisions": {name: commit for info in infos for name, commit in info.revisions.items()},
        "track": joint_track(infos),
        "members": infos,
    }
    info = record.info.model_copy(update=updates)
    network = Ensemble([member.network for member in members], record.combiner)
    return TorchModel(info, network.eval(), file, members)
