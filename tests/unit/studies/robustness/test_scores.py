"""Missing modalities: which movies lose one, and the sentences about it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality
from moviegenre.evaluation.bootstrap import Interval
from moviegenre.metrics import compute_metrics
from moviegenre.studies.robustness.document import (
    draw_robustness,
    robustness_table,
    write_robustness,
)
from moviegenre.studies.robustness.scores import (
    SHARES,
    FusionModel,
    SingleModel,
    Verdict,
    measure_robustness,
    missing_rows,
)
from tests.unit.evaluation.fake_runs import make_predictions

COMPLETE = make_predictions(0.3)
WITHOUT = {Modality.PLOT: make_predictions(3.0), Modality.POSTER: make_predictions(0.9)}
FUSION = FusionModel("late_fusion", "late fusion", COMPLETE, WITHOUT, {Modality.PLOT: "bert"})
BERT = SingleModel("bert", "BERT text", Modality.PLOT, make_predictions(1.2, seed=5))
LSTM = SingleModel("lstm", "LSTM text", Modality.PLOT, make_predictions(0.5, seed=6))
CNN = SingleModel("cnn", "CNN vision", Modality.POSTER, make_predictions(1.5, seed=7))
RESNET = SingleModel("resnet", "ResNet vision", Modality.POSTER, make_predictions(0.8, seed=8))


def test_a_larger_share_takes_the_movies_of_a_smaller_one() -> None:
    few, many = missing_rows(10, 0.3, seed=1), missing_rows(10, 0.7, seed=1)
    assert len(few) == 3
    assert len(many) == 7
    assert set(few) < set(many)
    assert missing_rows(10, 0.0, seed=1).size == 0
    assert sorted(missing_rows(10, 1.0, seed=1)) == list(range(10))
    assert missing_rows(10, 0.3, seed=2).tolist() != few.tolist()


def test_rows_are_mixed() -> None:
    rows = np.array([1, 3])
    mixed = FUSION.answers(Modality.PLOT, rows)
    assert (mixed[rows] == WITHOUT[Modality.PLOT].probs[rows]).all()
    kept = np.setdiff1d(np.arange(len(mixed)), rows)
    assert (mixed[kept] == COMPLETE.probs[kept]).all()


def test_curves_begin_with_all_and_end_with_none() -> None:
    measured = measure_robustness([FUSION], [BERT, CNN], "test")
    curves = {(curve.model, curve.missing): curve.f1_macro for curve in measured.curves}
    whole = compute_metrics(COMPLETE.probs, COMPLETE.labels, 0.5).metrics["f1_macro"]
    for missing in Modality:
        left = WITHOUT[missing]
        curve = curves["late fusion", missing]
        assert curve[0] == whole
        assert curve[-1] == compute_metrics(left.probs, left.labels, 0.5).metrics["f1_macro"]
        assert len(curve) == len(SHARES)
    assert len(set(curves["BERT text", Modality.POSTER])) == 1
    assert ("BERT text", Modality.PLOT) not in curves, "it has nothing to look at there"


def test_the_sibling_is_the_named_one_or_the_strongest() -> None:
    measured = measure_robustness([FUSION], [BERT, LSTM, CNN, RESNET], "test")
    pairs = {verdict.missing: verdict.sibling for verdict in measured.verdicts}
    assert pairs == {Modality.POSTER: "BERT text", Modality.PLOT: "ResNet vision"}


def test_a_clear_loss_is_said() -> None:
    measured = measure_robustness([FUSION], [BERT, RESNET], "test")
    verdicts = {verdict.missing: verdict for verdict in measured.verdicts}
    assert verdicts[Modality.PLOT].loses_more
    assert not verdicts[Modality.POSTER].loses_more


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((-0.05, -0.01), "it scores below that sibling"),
        ((-0.05, 0.01), "these movies do not show a difference"),
        ((0.005, 0.02), "it scores above that sibling"),
    ],
)
def test_the_sentence(interval: tuple[float, float], words: str) -> None:
    verdict = Verdict("late fusion", "BERT", Modality.POSTER, 0.5, 0.52, Interval(*interval))
    low, high = (f"{100 * end:+.2f}" for end in interval)
    assert verdict.sentence() == (
        "Without any poster, late fusion has 50.00 F1-macro, 2.00 points below BERT alone "
        f"(52.00): {words} (95 % interval of the difference, paired bootstrap: {low} to {high})."
    )


def test_other_movies_are_refused() -> None:
    others = replace(BERT.predictions, ids=tuple(f"x{i}" for i in BERT.predictions.ids))
    with pytest.raises(DataError, match="bert answered for other movies or genres than late_fus"):
        measure_robustness([FUSION], [replace(BERT, predictions=others)], "test")
    with pytest.raises(DataError, match="there is no fusion to measure"):
        measure_robustness([], [BERT], "test")


def test_the_report_has_both_tables_and_a_plot(tmp_path: Path) -> None:
    measured = measure_robustness([FUSION], [BERT], "test")
    command = "moviegenre robustness checkpoints --out results"
    written = write_robustness(measured, tmp_path, command)
    names = ["ROBUSTNESS.md", "robustness.json", "robustness.png"]
    assert [path.name for path in written] == names
    text = written[0].read_text()
    table = robustness_table(measured, Modality.POSTER)
    assert table.headings == ("model", "0 %", "30 %", "50 %", "70 %", "100 %")
    assert [row[0] for row in table.rows] == ["late fusion", "BERT text (alone)"]
    assert table.to_markdown() in text
    assert measured.verdicts[0].sentence() in text
    assert "No single-modality model was there to compare with." in text, "no poster model"
    assert command in text
    assert written[2].read_bytes().startswith(b"\x89PNG")


def test_the_plot_says_what_its_axes_and_lines_are() -> None:
    figure = draw_robustness(measure_robustness([FUSION], [BERT], "test"))
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels == [
        f"movies without a {name}, per cent of all movies" for name in ("poster", "plot")
    ]
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["late fusion", "BERT text (never reads posters)"]
