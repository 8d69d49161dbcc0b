"""Scores of a model of the user's genres, and of simple baselines on the same films."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.adapt.regression import (
    Column,
    Fitted,
    Floats,
    calibrate_and_choose,
    fold_of_each,
    thresholds,
)
from moviegenre.core.genres import GenreVocabulary

SCORE_TITLES = {
    "adapted": "this model",
    "adapted, no poster": "this model, without posters",
    "adapted, no plot": "this model, without plots",
    "tfidf": "TF-IDF on the plots",
    "prior": "how common genres are",
}
"""Titles of the scored models, in the order of display."""


@dataclass(frozen=True)
class CrossValidated:
    """Scores on held-out films, fractions in [0, 1].

    Attributes:
        f1_macro: Mean of the genres' F1.
        f1_micro: F1 of all decisions together.
        per_genre: F1 of each genre.
    """

    f1_macro: float
    f1_micro: float
    per_genre: dict[str, float]


def cross_validate(
    fitted: Fitted, texts: list[str], labels: Floats, genres: GenreVocabulary
) -> dict[str, CrossValidated]:
    """Return the scores of the regressions, of TF-IDF and of the label prior, by their names.

    All are fitted to four fifths of the films and scored on the last fifth, five times. The
    regressions are also scored on films as if their plot, or their poster, were missing.

    Args:
        fitted: The regressions.
        texts: The plots (N). TF-IDF predicts the prior for films without a plot; it is left out if
            no film has a plot.
        labels: Labels (N, L), 0 or 1.
        genres: The columns of the labels.
    """
    chosen_by = {"adapted": fitted.chosen, "prior": _prior(labels)}
    if any(texts):
        chosen_by["tfidf"] = calibrate_and_choose(held_out_tfidf(texts, labels), labels)[1]
    scores = {name: _score(chosen, labels, genres) for name, chosen in chosen_by.items()}
    for missing, point in fitted.without.items():
        scores[f"adapted, no {missing.value}"] = _score(point.chosen, labels[point.rows], genres)
    return scores


def held_out_tfidf(texts: list[str], labels: Floats) -> Column:
    """Return log-odds (N, L) of films from TF-IDF fitted to the films of other folds."""
    folds, counts = fold_of_each(len(texts)), _counts(texts)
    odds = np.zeros(labels.shape)
    for fold in range(folds.max() + 1):
        seen, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        odds[unseen] = _log_odds(counts[seen], labels[seen], counts[unseen])
    return odds


def tfidf_log_odds(texts: list[str], labels: Floats, unseen: list[str]) -> Column:
    """Return log-odds (M, L) of films from logistic regressions on words and pairs of words.

    The log-odds are 0 for films without a plot and for genres that all or no films have.

    Args:
        texts: The training plots (N).
        labels: Labels (N, L), 0 or 1.
        unseen: The plots to predict (M).
    """
    counts = _counts([*texts, *unseen])
    return _log_odds(counts[: len(texts)], labels, counts[len(texts) :])


def _counts(texts: list[str]) -> Any:  # noqa: ANN401 - a sparse matrix of SciPy, without types
    """Return the counts of words and pairs of words in each text (N, W)."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        return CountVectorizer(ngram_range=(1, 2)).fit_transform(texts)
    except ValueError:  # no word in any text
        return csr_matrix((len(texts), 0))


def _log_odds(counts: Any, labels: Floats, unseen_counts: Any) -> Column:  # noqa: ANN401 - as above
    """Return log-odds (M, L) of unseen texts from counts of words (M, W), fitted to (N, W)."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    odds = np.zeros((unseen_counts.shape[0], labels.shape[1]))
    seen, unseen = (np.flatnonzero(part.getnnz(axis=1)) for part in (counts, unseen_counts))
    columns = np.flatnonzero(counts.getnnz(axis=0))
    if not len(columns) or not len(unseen):
        return odds
    transformer = TfidfTransformer(sublinear_tf=True)
    words = transformer.fit_transform(counts[seen][:, columns])
    unseen_words = transformer.transform(unseen_counts[unseen][:, columns])
    for column, truth in enumerate(labels[seen].T > 0):
        if truth.any() and not truth.all():
            model = LogisticRegression(class_weight="balanced", solver="liblinear", dual=True)
            odds[unseen, column] = model.fit(words, truth).decision_function(unseen_words)
    return odds


def _prior(labels: Floats) -> npt.NDArray[np.bool_]:
    """Return the decisions (N, L) of the label prior."""
    folds = fold_of_each(len(labels))
    chosen = np.zeros(labels.shape, dtype=np.bool_)
    for fold in range(folds.max() + 1):
        seen = labels[folds != fold]
        share = seen.mean(axis=0, dtype=np.float64)
        chosen[folds == fold] = share >= thresholds(np.tile(share, (len(seen), 1)), seen)
    return chosen


def _score(
    chosen: npt.NDArray[np.bool_], labels: Floats, genres: GenreVocabulary
) -> CrossValidated:
    from sklearn.metrics import f1_score

    truth = labels > 0
    f1_by_genre = f1_score(truth, chosen, average=None, zero_division=0)
    return CrossValidated(
        f1_macro=float(np.mean(f1_by_genre)),
        f1_micro=float(f1_score(truth, chosen, average="micro", zero_division=0)),
        per_genre={name: float(score) for name, score in zip(genres, f1_by_genre, strict=True)},
    )
