"""Models that were never trained: predictions and scores made to order."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from moviegenre.core.types import Family, Modality
from moviegenre.evaluation.bootstrap import Bootstrap, interval_of
from moviegenre.evaluation.compare import Comparison, ModelResult, ModelRun
from moviegenre.evaluation.results import Evaluation, GenreScores, Predictions

GENRES = ("Drama", "Horror", "War", "Musical")
PLOT, POSTER = frozenset({Modality.PLOT}), frozenset({Modality.POSTER})
BOTH = PLOT | POSTER

KINDS: dict[str, tuple[str, Family, frozenset[Modality], str | None]] = {
    "prior": ("label prior", Family.BASELINE, frozenset(), None),
    "tfidf": ("TF-IDF text", Family.BASELINE, PLOT, None),
    "cnn": ("CNN vision", Family.SINGLE, POSTER, None),
    "resnet": ("ResNet vision", Family.SINGLE, POSTER, "cnn"),
    "lstm": ("LSTM text", Family.SINGLE, PLOT, None),
    "bert": ("BERT text", Family.SINGLE, PLOT, "lstm"),
    "early_fusion": ("early fusion", Family.FUSION, BOTH, None),
    "late_fusion": ("late fusion", Family.FUSION, BOTH, None),
    "attention_fusion": ("attention fusion", Family.FUSION, BOTH, None),
}
# How noisy each model's answers are: the larger, the worse.
NOISE = {
    "prior": 20.0,
    "tfidf": 0.3,  # a strong baseline, which must count as no model
    "cnn": 4.0,
    "resnet": 2.4,
    "lstm": 1.6,
    "bert": 0.9,
    "early_fusion": 0.5,
    "late_fusion": 0.7,
    "attention_fusion": 0.6,
}


def make_labels(num_movies: int = 120, seed: int = 0) -> npt.NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    shares = np.array([0.5, 0.3, 0.2, 0.1])
    return (generator.random((num_movies, len(GENRES))) < shares).astype(np.float32)


def make_predictions(
    noise: float, labels: npt.NDArray[np.float32] | None = None, seed: int = 1
) -> Predictions:
    """Probabilities that lean to the truth, more so the less noise there is."""
    truth = make_labels() if labels is None else labels
    generator = np.random.default_rng(seed)
    logits = 2 * truth - 1 + noise * generator.normal(size=truth.shape)
    ids = tuple(f"{number:07d}" for number in range(len(truth)))
    return Predictions(ids, GENRES, (1 / (1 + np.exp(-logits))).astype(np.float32), truth)


def make_run(name: str, predictions: Predictions | None = None) -> ModelRun:
    title, family, modalities, baseline = KINDS[name]
    return ModelRun(
        name=name,
        title=title,
        family=family,
        modalities=modalities,
        predictions=predictions or make_predictions(NOISE[name], seed=len(name)),
        baseline=baseline,
        pretrained=baseline is not None,
        history=[
            {"epoch": 0.5, "train_loss": 0.8, "val_f1_macro": 0.2},
            {"epoch": 1.0, "train_loss": 0.5, "val_f1_macro": 0.3},
        ],
        setup_seconds=30.0,
        train_seconds=90.0,
        num_parameters=22_000_000,
        num_trainable=4_000,
        command=f"moviegenre train {name} --config configs/{name}.yaml",
        settings={"training": {"seed": 0}},
    )


def make_comparison(scores: Mapping[str, float], *, spread: float = 0.0) -> Comparison:
    """A comparison with exactly these scores of F1-macro.

    Args:
        scores: F1-macro by model.
        spread: Each score's resamples run evenly from this far below to this far above it, each
            model's in turn upwards and downwards, so that differences spread as well.
    """
    steps = np.linspace(-spread, spread, 1001)
    draws = {
        name: score + (steps if place % 2 else -steps)
        for place, (name, score) in enumerate(scores.items())
    }
    bootstrap = Bootstrap(draws, draws, 1001, 0)
    unknown = GenreScores(0.5, 0.5, 0.5, 0.5, 0.5, 10)
    results = [
        ModelResult(
            run=make_run(name),
            evaluation=Evaluation(
                model=name,
                split="test",
                num_movies=120,
                threshold=0.5,
                metrics=dict.fromkeys(
                    ("f1_micro", "roc_auc", "subset_accuracy", "hamming_loss"), 0.5
                )
                | {"f1_macro": score},
                per_genre=dict.fromkeys(GENRES, unknown),
                undefined={},
            ),
            f1_macro=interval_of(draws[name]),
            f1_micro=interval_of(draws[name]),
        )
        for name, score in scores.items()
    ]
    ranking = sorted(results, key=lambda result: -result.score)
    return Comparison(tuple(ranking), "test", 0.5, bootstrap)
