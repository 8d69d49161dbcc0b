"""The metrics against scikit-learn, on fixed and on generated cases."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from moviegenre.metrics import compute_metrics

Case = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], float]


def scikit_learn(
    probs: npt.NDArray[Any], labels: npt.NDArray[Any], threshold: float
) -> dict[str, float]:
    """The same metrics by scikit-learn; averages over labels run over the defined ones."""
    chosen = (probs >= threshold).astype(int)
    positives = labels.sum(axis=0)
    some = np.flatnonzero(positives > 0)
    both = np.flatnonzero((positives > 0) & (positives < len(labels)))
    options: dict[str, Any] = {"zero_division": 0}
    # One column at a time: scikit-learn reads a single column as binary and not as multilabel.
    f1 = [sk.f1_score(labels[:, i], chosen[:, i], **options) for i in some]
    area = [sk.average_precision_score(labels[:, i], probs[:, i]) for i in some]
    auc = [sk.roc_auc_score(labels[:, i], probs[:, i]) for i in both]
    by_movie = [
        sk.f1_score(truth, answer, **options) for truth, answer in zip(labels, chosen, strict=True)
    ]
    flat, pooled = labels.ravel(), chosen.ravel()
    mixed = 0 < flat.sum() < flat.size
    return {
        "f1_macro": float(np.mean(f1)) if f1 else np.nan,
        "f1_micro": sk.f1_score(flat, pooled, **options),
        "f1_samples": float(np.mean(by_movie)),
        "roc_auc": float(np.mean(auc)) if auc else np.nan,
        "mean_average_precision": float(np.mean(area)) if area else np.nan,
        "subset_accuracy": float((labels == chosen).all(axis=1).mean()),
        "hamming_loss": sk.hamming_loss(flat, pooled),
        "roc_auc_micro": sk.roc_auc_score(flat, probs.ravel()) if mixed else np.nan,
    }


@st.composite
def cases(draw: st.DrawFn) -> Case:
    num_movies, num_labels = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    shape = (num_movies, num_labels)
    # Few distinct values, so that ties and probabilities at the threshold occur.
    probs = draw(arrays(np.float64, shape, elements=st.sampled_from([0, 0.1, 0.3, 0.5, 0.7, 1])))
    labels = draw(arrays(np.int64, shape, elements=st.integers(0, 1)))
    return probs, labels, draw(st.sampled_from([0.3, 0.5, 0.7]))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_generated_cases_equal_scikit_learn(case: Case) -> None:
    probs, labels, threshold = case
    expected = scikit_learn(probs, labels, threshold)
    found = compute_metrics(probs, labels, threshold).metrics
    assert found == pytest.approx(expected, abs=1e-6, nan_ok=True)


@pytest.fixture(scope="module")
def split() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """As large and as skewed as the real validation split."""
    generator = np.random.default_rng(7)
    labels = (generator.random((2242, 20)) < np.geomspace(0.5, 0.013, 20)).astype(np.float32)
    probs = 1 / (1 + np.exp(-(2 * labels - 1 + generator.normal(size=labels.shape))))
    return probs.astype(np.float32), labels


def test_multilabel_functions_of_scikit_learn_agree(
    split: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> None:
    probs, labels = split
    chosen = probs >= 0.5
    expected = {
        "f1_macro": sk.f1_score(labels, chosen, average="macro"),
        "f1_micro": sk.f1_score(labels, chosen, average="micro"),
        "f1_samples": sk.f1_score(labels, chosen, average="samples", zero_division=0),
        "roc_auc": sk.roc_auc_score(labels, probs, average="macro"),
        "mean_average_precision": sk.average_precision_score(labels, probs, average="macro"),
        "subset_accuracy": sk.accuracy_score(labels, chosen),
        "hamming_loss": sk.hamming_loss(labels, chosen),
        "roc_auc_micro": sk.roc_auc_score(labels, probs, average="micro"),
    }
    assert compute_metrics(probs, labels, 0.5).metrics == pytest.approx(expected, abs=1e-6)


def test_scores_of_each_label_agree(split: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> None:
    probs, labels = split
    found = compute_metrics(probs, labels, 0.5)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, probs >= 0.5, average=None
    )
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)
    assert found.f1 == pytest.approx(f1)
    assert found.support.tolist() == support.tolist()
    assert found.roc_auc == pytest.approx(sk.roc_auc_score(labels, probs, average=None), abs=1e-6)
    area = sk.average_precision_score(labels, probs, average=None)
    assert found.average_precision == pytest.approx(area, abs=1e-6)
