"""The table of a faithfulness study, and its section on a model's card."""

from collections.abc import Sequence
from pathlib import Path

from moviegenre.artifacts.card import with_section
from moviegenre.artifacts.folder import CARD_FILE, METRICS_FILE, WEIGHTS_FILES, is_exported
from moviegenre.artifacts.locate import locate
from moviegenre.artifacts.manifest import rewriting
from moviegenre.core.errors import ConfigError
from moviegenre.core.files import write_text
from moviegenre.evaluation.documents import Table
from moviegenre.experiment.exported_scores import write_scores
from moviegenre.studies.faithfulness.computation import Faithfulness


def faithfulness_table(results: Sequence[Faithfulness]) -> Table:
    """Return the falls of the most probable genre's probability, in points."""
    headings = (
        *("parts of", "found by", "films", "first ones", "random ones"),
        *("times", "difference (95 %)", "films above", "nothing named"),
    )
    rows = tuple(
        (
            result.modality.value,
            result.method,
            f"{result.num_films:,}",
            f"{result.without_top:.2f}",
            f"{result.without_random:.2f}",
            "-" if result.ratio is None else f"{result.ratio:.1f}",
            f"{result.difference[0]:.2f} to {result.difference[1]:.2f}",
            f"{result.share_above:.1%}",
            f"{result.num_silent:,}",
        )
        for result in results
    )
    return Table(headings, rows, num_text_columns=2)


def exported_folder(model: str | Path) -> Path:
    """Return the exported folder of a model; the result is added to its card.

    Args:
        model: A model in any form that ``load_predictor`` accepts.

    Raises:
        ConfigError: The model is a checkpoint.
    """
    path = locate(model)
    folder = path.parent if path.name in WEIGHTS_FILES else path
    if not is_exported(folder):
        raise ConfigError(
            f"{path} is no exported folder; expected one, as only these have a card: export the "
            "model first, or leave out `card`"
        )
    return folder


def record(folder: Path, split: str, share: float, results: Sequence[Faithfulness]) -> None:
    """Write the results into an exported folder: its scores and its card.

    Args:
        folder: The exported folder.
        split: The split of the measurement.
        share: The removed share of words or regions.
        results: The results.

    Raises:
        CheckpointError: The folder's manifest is damaged.
    """
    card = folder / CARD_FILE
    heading = "## Whether explanations hold"
    text = (
        f"{heading}\n\nOn {split}, by the file in this folder: how far the probability of the "
        f"likeliest genre falls, in points, without the {share:.0%} of a plot's words, or of a "
        "poster's regions, that the explanation puts first, and without as many random ones. Films "
        "whose explanation names nothing are left out and counted in the last column.\n\n"
        f"{faithfulness_table(results).to_markdown()}\n"
    )
    with rewriting(folder, METRICS_FILE, CARD_FILE):
        rows = [result.to_json_dict() for result in results]
        write_scores(folder, f"faithfulness on {split}", {"rows": rows})
        if card.is_file():
            write_text(card, with_section(card.read_text("utf-8"), text))
