"""The result of the study as a table, and on the card of an exported folder."""

import json
from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Modality
from moviegenre.studies.faithfulness.computation import Faithfulness
from moviegenre.studies.faithfulness.document import (
    exported_folder,
    faithfulness_table,
    record,
)

WORDS = Faithfulness(Modality.PLOT, "leaving words out", 300, 24.0, 4.0, (18.0, 22.0), 0.9)
REGIONS = Faithfulness(
    Modality.POSTER, "greying out regions", 120, 2.0, -0.5, (2.0, 3.0), 0.8, num_silent=180
)


def test_the_table_says_how_many_times_as_far_it_falls() -> None:
    table = faithfulness_table([WORDS, REGIONS])
    words, regions = (dict(zip(table.headings, row, strict=True)) for row in table.rows)
    assert (words["first ones"], words["random ones"], words["times"]) == ("24.00", "4.00", "6.0")
    assert (regions["times"], regions["nothing named"]) == ("-", "180")


def test_the_card_of_an_exported_folder_gets_the_table_once(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Film genres\n\n## Scores\n\nHigh.\n")
    (tmp_path / "metrics.json").write_text('{"validation": {}}')
    for top in (WORDS, REGIONS):
        record(tmp_path, "test", 0.1, [top])
    card = (tmp_path / "README.md").read_text("utf-8")
    assert card.startswith("# Film genres\n\n## Scores\n\nHigh.\n")
    assert card.count("## Whether explanations hold") == 1
    assert "| poster | greying out regions | 120 | 2.00 | -0.50 | - |" in card
    assert "leaving words out" not in card
    scores = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert list(scores) == ["validation", "faithfulness on test"]
    (row,) = scores["faithfulness on test"]["rows"]
    assert row["num_silent"] == 180


def test_a_checkpoint_has_no_card(tmp_path: Path) -> None:
    (tmp_path / "best.pth").write_bytes(b"")
    with pytest.raises(ConfigError, match="expected one, as only these have a card"):
        exported_folder(tmp_path / "best.pth")
