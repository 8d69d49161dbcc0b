"""Out-of-sample probabilities for every movie, from a bag of words fitted to other movies."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.models.tfidf import TfidfConfig


def cross_fitted(
    texts: Sequence[str],
    labels: npt.NDArray[np.bool_],
    groups: Sequence[int],
    *,
    folds: int,
    on_step: Callable[[str], None] = lambda text: None,
) -> npt.NDArray[np.float64]:
    """Return probabilities (N, L), each from regressions without the movie's label.

    Features and solver are those of the model ``tfidf`` with its default settings. The features
    are chosen from all texts, without labels.

    Args:
        texts: The text of each movie, N of them.
        labels: The labels (N, L).
        groups: A number for each movie (N,); movies with equal numbers are in one fold, so that a
            copy of a movie does not confirm its label.
        folds: The number of folds.
        on_step: Called with the name of each step.

    Raises:
        DataError: The texts share no words, or there are fewer movies than folds.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError("scikit-learn", "audit", "looking for label errors") from None
    settings = TfidfConfig()
    if len(set(groups)) < folds:
        raise DataError(
            f"{len(set(groups))} movies are too few for {folds} folds; use `labels` off"
        )
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=settings.min_plots,
        max_df=settings.max_share,
        sublinear_tf=settings.sublinear,
        dtype=np.float32,
    )
    on_step("counting words")
    try:
        features: Any = vectorizer.fit_transform(texts)
    except ValueError as error:  # scikit-learn's error for an empty vocabulary
        raise DataError(f"the plots share no words ({error}); use `labels` off") from None
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    fold_of_movie = (np.random.default_rng(0).permutation(members.max() + 1) % folds)[members]
    probs = np.zeros(labels.shape, dtype=np.float64)
    for fold in range(folds):
        on_step(f"fitting fold {fold + 1} of {folds}")
        held_out = fold_of_movie == fold
        train_features, test_features = features[~held_out], features[held_out]
        for label, truth in enumerate(labels.T):
            train_labels = truth[~held_out]
            if train_labels.all() or not train_labels.any():
                probs[held_out, label] = train_labels.mean()
                continue
            solver = LogisticRegression(
                C=settings.c, class_weight="balanced", solver="liblinear", max_iter=1000
            )
            solver.fit(train_features, train_labels)
            probs[held_out, label] = solver.predict_proba(test_features)[:, 1]
    return probs
