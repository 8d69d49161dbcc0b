"""Scores on the screen."""

import pytest

from moviegenre.apps.evaluation_output import print_evaluation
from moviegenre.evaluation.results import evaluate_predictions
from tests.unit.evaluation.fake_runs import make_predictions


def test_scores_are_printed_in_per_cent(capsys: pytest.CaptureFixture[str]) -> None:
    evaluation = evaluate_predictions(make_predictions(1.0), "bert", "test", 0.5)
    print_evaluation(evaluation)
    lines = capsys.readouterr().out.splitlines()
    rows = {cells[0]: cells[1:] for line in lines if (cells := line.split())}
    assert rows["metric"] == ["cent"], "the heading is above: per"
    assert rows["f1_macro"] == [f"{100 * evaluation.metrics['f1_macro']:.2f}"]
    hamming = f"{evaluation.metrics['hamming_loss']:.4f}"
    assert rows["hamming_loss"] == ["(a", "fraction)", hamming]
    drama = evaluation.per_genre["Drama"]
    shown = [f"{100 * x:.1f}" for x in (drama.f1, drama.precision, drama.recall, drama.roc_auc)]
    assert rows["Drama"] == [*shown, str(drama.support)]
