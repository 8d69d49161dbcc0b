"""The paired bootstrap: against resampling by hand, paired, repeatable."""

import numpy as np
import numpy.typing as npt
import pytest

from moviegenre.core.decisions import decide
from moviegenre.evaluation.bootstrap import Interval, interval_of, paired_bootstrap
from moviegenre.metrics import compute_metrics
from tests.unit.evaluation.fake_runs import make_labels, make_predictions

LABELS = make_labels(60)


def decisions(noise: float, seed: int = 1) -> npt.NDArray[np.bool_]:
    return decide(make_predictions(noise, LABELS, seed).probs, 0.5)


def test_resamples_equal_scoring_the_drawn_movies() -> None:
    labels = LABELS.copy()
    labels[2:, 3] = 0  # so rare that some draws have none of it
    chosen = decisions(1.0)
    bootstrap = paired_bootstrap({"bert": chosen}, labels, num_resamples=25, seed=3)
    times = np.random.default_rng(3).multinomial(60, np.full(60, 1 / 60), size=25)
    absent = 0
    for draw, row in enumerate(times):
        movies = np.repeat(np.arange(60), row)
        scores = compute_metrics(chosen[movies].astype(float), labels[movies], 0.5)
        absent += bool(scores.without_positives)
        assert bootstrap.f1_macro["bert"][draw] == pytest.approx(scores.metrics["f1_macro"])
        assert bootstrap.f1_micro["bert"][draw] == pytest.approx(scores.metrics["f1_micro"])
    assert absent > 0


def test_equal_models_do_not_differ_in_any_resample() -> None:
    chosen = decisions(1.0)
    bootstrap = paired_bootstrap({"a": chosen, "b": chosen.copy()}, LABELS)
    assert bootstrap.difference("a", "b") == Interval(0.0, 0.0)
    assert bootstrap.difference("a", "b").holds_zero
    assert interval_of(bootstrap.f1_micro["a"]) == interval_of(bootstrap.f1_micro["b"])


def test_the_interval_holds_the_score_and_tells_good_from_bad() -> None:
    good, bad = decisions(0.8), decisions(5.0, seed=2)
    bootstrap = paired_bootstrap({"good": good, "bad": bad}, LABELS)
    score = compute_metrics(good.astype(float), LABELS, 0.5).metrics["f1_macro"]
    interval = interval_of(bootstrap.f1_macro["good"])
    assert interval.low < score < interval.high
    assert bootstrap.difference("good", "bad").low > 0


def test_seeds_repeat_and_differ() -> None:
    chosen = {"a": decisions(1.0)}
    first, again, other = (paired_bootstrap(chosen, LABELS, seed=seed) for seed in (0, 0, 1))
    assert first.f1_macro["a"].tolist() == again.f1_macro["a"].tolist()
    assert first.f1_macro["a"].tolist() != other.f1_macro["a"].tolist()
    assert first.num_resamples == 1000


def test_without_positives_or_movies_nothing_is_defined() -> None:
    for labels in (np.zeros_like(LABELS), LABELS[:0]):
        chosen = np.zeros(labels.shape, dtype=bool)
        bootstrap = paired_bootstrap({"a": chosen}, labels, num_resamples=5)
        interval = interval_of(bootstrap.f1_macro["a"])
        assert np.isnan(interval.low)
        assert interval.holds_zero


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (Interval(0.1, 0.2), False),
        (Interval(-0.2, -0.1), False),
        (Interval(-0.1, 0.1), True),
        (Interval(0.0, 0.1), True),
    ],
)
def test_holds_zero(interval: Interval, expected: bool) -> None:
    assert interval.holds_zero is expected
