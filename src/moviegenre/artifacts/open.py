"""Read a trained model of any form; ``artifacts.locate`` finds and checks its files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from moviegenre.artifacts.checkpoint import Checkpoint, load_checkpoint
from moviegenre.artifacts.ensemble_file import EnsembleRecord, ensemble_file, is_ensemble
from moviegenre.artifacts.folder import WEIGHTS_FILES, is_exported
from moviegenre.artifacts.locate import locate
from moviegenre.artifacts.torch_folder import read_exported
from moviegenre.core.types import Track
from moviegenre.models.ensemble import Ensemble, EnsembleConfig


def load_trained(model: str | Path) -> Checkpoint:
    """Read a trained model of any form.

    Args:
        model: A ``best.pth``, its folder, an exported folder, an ensemble's folder, or
            ``OWNER/NAME`` (with ``@REVISION`` if need be) on the Hugging Face hub. The file that
            ``weights_file`` returns will do as well.

    Raises:
        CheckpointError: There is none, it is damaged, or it is of another kind.
        HubError: It is not on the hub, or the hub cannot be reached.
    """
    path = locate(model)
    if is_ensemble(path):
        return load_ensemble(path, load_trained)
    if path.name in WEIGHTS_FILES:
        path = path.parent
    return read_exported(path) if is_exported(path) else load_checkpoint(path)


def joint_track(members: Sequence[Checkpoint]) -> Track:
    """Return the track of an ensemble: open if a member is open."""
    return "open" if any(member.track == "open" for member in members) else "closed"


def load_ensemble(path: Path, load: Callable[[Path], Checkpoint]) -> Checkpoint:
    """Read an ensemble and its members as one checkpoint.

    Args:
        path: An ``ensemble.json``, or the folder that holds one.
        load: Reads a member.

    Raises:
        CheckpointError: It is damaged, or a member is missing or was trained again.
    """
    path = ensemble_file(path)
    record = EnsembleRecord.read(path)
    members = tuple(load(member.file(path.parent)) for member in record.members)
    model = Ensemble([member.model for member in members], record.combiner)
    return Checkpoint(
        model_name=EnsembleConfig.model_name,
        model=model.eval(),
        genres=record.genres,
        tokenizer=None,
        config=record.config,
        metrics=record.metrics,
        revisions={key: value for m in members for key, value in m.revisions.items()},
        versions=record.versions,
        data_fingerprint=record.data_fingerprint,
        track=joint_track(members),
        members=members,
    )
