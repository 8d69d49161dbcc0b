"""The included model, trained on real films.

``moviegenre export --only int8`` wrote the folder ``model/``; its README is the model card.
CONTRIBUTING.md says how to train the model again.
"""

from pathlib import Path

from moviegenre.core.errors import CheckpointError

VERSION = "2.3"
"""Version of the model. 1 read plots and posters and was trained on long plots. 2 also reads title
and year and was trained on many forms of the same films. 2.1 has the weights of 2 and other
thresholds for a poster alone, which choose fewer genres. 2.2 multiplies integers, which halves
the time for a plot; 99.9 % of its decisions on test movies are those of 2.1. 2.3 was trained again:
the encoder of plots and the n-grams on more further plots, the encoder for two passes."""

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
