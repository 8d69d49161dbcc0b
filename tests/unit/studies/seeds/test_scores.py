"""Comparisons over seeds: hand-worked means and deviations, and what counts as clear."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.errors import DataError
from moviegenre.evaluation.compare import Comparison, compare
from moviegenre.studies.seeds.document import seeds_table, write_seeds
from moviegenre.studies.seeds.scores import SeedComparison, Spread, compare_seeds
from tests.unit.evaluation.fake_runs import NOISE, make_labels, make_predictions, make_run


def seeded(seed: int, noise: dict[str, float]) -> Comparison:
    runs = [
        make_run(name, make_predictions(size, seed=100 * seed + len(name)))
        for name, size in noise.items()
    ]
    return compare(runs, "test")


@pytest.fixture(scope="module")
def comparison() -> SeedComparison:
    names = ("bert", "lstm", "resnet", "early_fusion", "late_fusion")
    noise = {name: NOISE[name] for name in names}
    return compare_seeds({seed: seeded(seed, noise) for seed in (3, 4, 5)})


def test_a_spread_is_mean_and_sample_deviation() -> None:
    spread = Spread((0.50, 0.52, 0.57))
    assert spread.mean == pytest.approx(0.53)
    assert spread.deviation == pytest.approx(np.sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2))
    assert Spread((0.4, 0.4)).deviation == 0


def test_every_model_has_a_value_for_each_seed_and_the_best_mean_leads(
    comparison: SeedComparison,
) -> None:
    assert comparison.seeds == (3, 4, 5)
    means = [comparison.scores[name]["f1_macro"].mean for name in comparison.titles]
    assert means == sorted(means, reverse=True)
    assert all(len(s.values) == 3 for scores in comparison.scores.values() for s in scores.values())
    first = seeds_table(comparison).rows[0]
    spread = comparison.scores[next(iter(comparison.titles))]["f1_macro"]
    assert first[2] == f"{100 * spread.mean:.2f} ± {100 * spread.deviation:.2f}"


def test_differences_are_taken_within_a_seed(comparison: SeedComparison) -> None:
    pairs = {(one.first, one.second): one for one in comparison.differences}
    assert len(pairs) == len(comparison.differences)
    assert not {(b, a) for a, b in pairs} & set(pairs), "no pair twice"
    order = list(comparison.titles)
    assert set(pairwise(order)) <= set(pairs)
    known = {frozenset(pair) for pair in pairs}
    for fusion in ("early_fusion", "late_fusion"):
        assert all(frozenset({fusion, one}) in known for one in ("bert", "lstm", "resnet"))
    for (first, second), one in pairs.items():
        a, b = (comparison.scores[name]["f1_macro"].values for name in (first, second))
        assert one.points.values == pytest.approx(np.subtract(a, b))
        assert one.interval.low <= one.points.mean <= one.interval.high
    against_resnet = next(one for (_, b), one in pairs.items() if b == "resnet")
    assert against_resnet.is_clear


def test_equal_models_do_not_differ_clearly() -> None:
    labels = make_labels()
    same = make_predictions(1.0, labels)
    runs = [make_run("bert", same), make_run("lstm", same)]
    equal = compare(runs, "test")
    over_seeds = compare_seeds({0: equal, 1: equal})
    assert over_seeds.differences[0].points.mean == 0
    assert not over_seeds.differences[0].is_clear


def test_what_cannot_be_put_together_is_refused() -> None:
    one = seeded(0, {"bert": 1.0, "lstm": 2.0})
    with pytest.raises(DataError, match="at least two seeds; found 1; train more"):
        compare_seeds({0: one})
    with pytest.raises(DataError, match="seed 1 has other models than the first"):
        compare_seeds({0: one, 1: seeded(1, {"bert": 1.0})})
    relabelled = make_predictions(1.0, 1 - make_labels())
    runs = [make_run("bert", relabelled), make_run("lstm", relabelled)]
    with pytest.raises(DataError, match="seed 1 has other movies or other labels"):
        compare_seeds({0: one, 1: compare(runs, "test")})


def test_where_nothing_is_defined_the_order_is_that_of_names() -> None:
    nothing = make_predictions(1.0, np.zeros_like(make_labels()))
    runs = [make_run(name, nothing) for name in ("lstm", "bert", "cnn")]
    comparison = compare(runs, "test")
    over_seeds = compare_seeds({0: comparison, 1: comparison})
    assert list(over_seeds.titles) == ["bert", "cnn", "lstm"]
    assert over_seeds.to_json_dict()["models"]["bert"]["f1_macro"]["mean"] is None


def test_it_is_written_as_text_and_as_data(comparison: SeedComparison, tmp_path: Path) -> None:
    files = write_seeds(comparison, "moviegenre reproduce --seeds 3", None, tmp_path)
    assert [file.name for file in files] == ["SEEDS.md", "seeds.json"]
    text = files[0].read_text("utf-8")
    assert "Every model trained from 3 seeds (3, 4, 5); test split, 120 movies" in text
    assert text.count("±") > 5 * len(comparison.titles)
    content = json.loads(files[1].read_text("utf-8"))
    assert content["command"] == "moviegenre reproduce --seeds 3"
    assert content["models"]["bert"]["f1_macro"]["values"] == list(
        comparison.scores["bert"]["f1_macro"].values
    )
    assert content["models"]["bert"]["track"] == "closed"
    assert len(content["differences"]) == len(comparison.differences)
