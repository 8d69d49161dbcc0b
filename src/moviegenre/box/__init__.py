"""The included model: trained on real films, it ships with the package and answers at once.

It lies in ``model/`` as ``moviegenre export --int8-only`` wrote it; its README there is its card.
CONTRIBUTING.md says how it is made again.
"""

from pathlib import Path

from moviegenre.core.errors import CheckpointError

VERSION = "2"
"""Of the model: 1 read plots and posters and was trained on long plots; 2 reads title and year as
well and was trained on many forms of the same films."""

FOLDER = Path(__file__).parent / "model"

_NEEDED = ("model.int8.onnx", "config.json", "genres.json", "thresholds.json")


def box_folder() -> Path:
    """Return the folder of the model that ships with the package.

    Raises:
        CheckpointError: It is not there, or not whole.
    """
    missing = [name for name in _NEEDED if not (FOLDER / name).is_file()]
    if missing:
        raise CheckpointError(
            f"no model was named, and the included model lacks {', '.join(missing)} in {FOLDER}; "
            "name one with `checkpoint` (a best.pth, an exported folder, a hub name), "
            "or install the package again"
        )
    return FOLDER
