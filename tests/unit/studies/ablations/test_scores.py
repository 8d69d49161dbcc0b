"""The table of a factor: hand-worked differences, and what is written of it."""

import json
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.errors import DataError
from moviegenre.evaluation.results import Predictions
from moviegenre.evaluation.tuning import TuningSettings, tune
from moviegenre.studies.ablations.command import print_ablations
from moviegenre.studies.ablations.document import ablation_table, write_ablations
from moviegenre.studies.ablations.scores import AblationResult, Trained, measure
from tests.unit.evaluation.fake_runs import make_predictions


def trained(name: str, predictions: Predictions, seconds: float | None = 90.0) -> Trained:
    return Trained(name, predictions, seconds, 6.0, {"loss": {"name": name}})


@pytest.fixture(scope="module")
def result() -> AblationResult:
    base = trained("base", make_predictions(0.9))
    worse = trained("worse", make_predictions(3.0), None)
    same = trained("same", make_predictions(0.9))
    row = measure(base)
    rows = (row, measure(worse, row), measure(same, row))
    return AblationResult("bert", "loss", rows, missing=("focal",))


def test_differences_are_to_the_base(result: AblationResult) -> None:
    base, worse, same = result.rows
    assert base.difference is None
    assert worse.difference is not None
    assert worse.difference.value == pytest.approx(worse.f1_macro - base.f1_macro)
    interval = worse.difference.interval
    assert interval.low < worse.difference.value < interval.high < 0
    assert worse.tuned_difference is not None
    assert worse.tuned_difference.value == pytest.approx(worse.tuned_f1_macro - base.tuned_f1_macro)
    assert same.difference is not None
    assert (same.difference.value, same.difference.interval.low) == (0, 0)


def test_fitted_cuts_are_those_of_the_cross_validation(result: AblationResult) -> None:
    predictions = result.rows[1].trained.predictions
    expected = tune(predictions, TuningSettings(thresholds="per-genre")).cross_validated.f1_macro
    assert result.rows[1].tuned_f1_macro == expected


def test_shifted_probabilities_change_one_cut_and_not_fitted_ones() -> None:
    base = make_predictions(0.9)
    low = Predictions(base.ids, base.genres, base.probs**3, base.labels)
    before = measure(trained("base", base))
    row = measure(trained("low", low), before)
    assert row.difference is not None
    assert row.difference.value < -0.01
    assert row.roc_auc == pytest.approx(before.roc_auc)
    assert row.tuned_difference is not None
    assert abs(row.tuned_difference.value) < abs(row.difference.value)


def test_the_table_has_the_base_first(result: AblationResult) -> None:
    table = ablation_table(result)
    assert [row[0] for row in table.rows] == ["base", "worse", "same"]
    assert table.rows[0][4:6] == ("-", "-")
    assert table.rows[2][4:6] == ("+0.00", "+0.00 to +0.00")
    assert [row[-2:] for row in table.rows] == [("1.5", "0.1"), ("unknown", "0.1"), ("1.5", "0.1")]


def test_it_is_written_as_text_and_as_data(
    result: AblationResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_ablations([result], "moviegenre ablate --config x.yaml", "Made up.", tmp_path)
    assert [file.name for file in files] == ["ABLATIONS.md", "ablations.json"]
    text = files[0].read_text("utf-8")
    assert text.startswith("# Ablations\n\n```\nmoviegenre ablate --config x.yaml\n```\n")
    assert "> **Made up.**" in text
    assert "## bert: loss" in text
    assert '- worse: `loss: {"name": "worse"}`' in text
    assert "Not trained yet: focal." in text
    content = json.loads(files[1].read_text("utf-8"))
    assert (content["split"], content["num_movies"]) == ("val", 120)
    (factor,) = content["factors"]
    assert factor["base_row"]["difference"] is None
    assert factor["variants"]["worse"]["f1_macro"] == result.rows[1].f1_macro
    assert factor["variants"]["worse"]["train_seconds"] is None
    assert factor["missing"] == ["focal"]
    print_ablations([result], files)
    printed = capsys.readouterr().out
    assert "bert: loss, validation" in printed
    assert max(len(line) for line in printed.splitlines() if "wrote" not in line) <= 80


def test_a_console_of_eighty_columns_shows_every_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = measure(trained("base", make_predictions(0.9)))
    other = measure(trained("not trained on genres", make_predictions(3.0)), base)
    print_ablations([AblationResult("early_fusion", "plot encoder", (base, other), missing=())], [])
    line = next(one for one in capsys.readouterr().out.splitlines() if "not trained" in one)
    cells = ablation_table(AblationResult("bert", "loss", (base, other), missing=())).rows[1]
    assert [cells[i] for i in (0, 1, 4, 5, 6, 9)] == [
        one.strip() for one in line.strip().split("  ") if one.strip()
    ]


def test_other_movies_are_refused() -> None:
    base = make_predictions(0.9)
    other = Predictions(tuple(np.roll(base.ids, 1)), base.genres, base.probs, base.labels)
    with pytest.raises(DataError, match="worse was scored on other movies than its base"):
        measure(trained("worse", other), measure(trained("base", base)))
