"""The bag of words against scikit-learn's, from texts to logits."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from moviegenre.data.batches import MovieTensors
from moviegenre.data.ragged import Ragged
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import BuildContext
from moviegenre.models.batch import to_batch
from moviegenre.models.tfidf import Tfidf, TfidfConfig
from moviegenre.nn.ngrams import SparseFeatures

PLOTS = [
    "The dog's house: a dog! 2 dogs guard the Dog house, a house of the dog.",
    "A cat in the house of the dog, é café.",
    "Café noir, the noir_film of 1999, in the café.",
    "in the house the dog sleeps, and a cat dreams of the house",
    "İstanbul: the café of the cat; the cat sleeps",
    "?!",
    "Unseen things happen to a dog in a café, they happen in the house.",
]
LABELS = np.array([[1, 0], [1, 1], [0, 1], [1, 0], [0, 1], [0, 0], [1, 1]], dtype=np.float32)

settings = pytest.mark.parametrize(
    "settings",
    [
        {"min_plots": 1, "max_share": 1.0},
        {"min_plots": 2, "max_share": 0.7, "c": 3.0},
        {"min_plots": 2, "max_share": 1.0, "sublinear": False, "c": 0.5},
    ],
)


def build(settings: dict[str, object]) -> tuple[Tfidf, PlotTokenizer]:
    config = TfidfConfig.parse(settings, "the test")
    tokenizer = config.load_tokenizer(lambda: PLOTS[:5])
    return config.build(BuildContext(num_labels=2, tokenizer=tokenizer)), tokenizer


def movies(tokenizer: PlotTokenizer, plots: list[str]) -> MovieTensors:
    rows = len(plots)
    return MovieTensors(
        labels=LABELS[:rows],
        tokens=Ragged.pack(tokenizer.encode(plots, 100)),
        posters=None,
        has_poster=np.zeros(rows, dtype=bool),
        pad_id=tokenizer.pad_id,
    )


def vectorizer(settings: dict[str, object]) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=settings["min_plots"],
        max_df=settings["max_share"],
        sublinear_tf=settings.get("sublinear", True),
    )


def feature_names(model: Tfidf, tokenizer: PlotTokenizer) -> list[str]:
    """Return the words of each column."""
    words = {row: word for word, row in tokenizer.vocabulary.items()}
    features = model.features
    names = {int(column): words[row] for row, column in enumerate(features.word_columns)}
    names |= {
        features.num_words + place: f"{words[key // features.vocab_size]} "
        f"{words[key % features.vocab_size]}"
        for place, key in enumerate(features.pair_keys.tolist())
    }
    return [names[column] for column in range(features.num_features)]


def dense(features: SparseFeatures, num_features: int) -> npt.NDArray[np.float32]:
    values: npt.NDArray[np.float32] = features.times(torch.eye(num_features)).numpy()
    return values


@settings
def test_features_are_scikit_learns(settings: dict[str, object]) -> None:
    model, tokenizer = build(settings)
    model.fit(movies(tokenizer, PLOTS[:5]))
    theirs = vectorizer(settings).fit(PLOTS[:5])
    names = feature_names(model, tokenizer)
    assert sorted(names) == sorted(theirs.get_feature_names_out())
    batch = to_batch(movies(tokenizer, PLOTS).batch(range(len(PLOTS))))  # also texts not fitted to
    found = dense(model.features(batch.input_ids, batch.attention_mask), len(names))
    expected = theirs.transform(PLOTS).toarray()[:, [theirs.vocabulary_[n] for n in names]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert (found[5] == 0).all()  # no word in it


@settings
def test_logits_are_scikit_learns(settings: dict[str, object]) -> None:
    model, tokenizer = build(settings)
    model.fit(movies(tokenizer, PLOTS[:5]))
    theirs = vectorizer(settings).fit(PLOTS[:5])
    batch = to_batch(movies(tokenizer, PLOTS).batch([0, 1, 2, 3, 4, 6]))
    logits = model(batch).logits.numpy()
    for label in range(2):
        solver = LogisticRegression(
            C=settings.get("c", TfidfConfig().c), class_weight="balanced", solver="liblinear"
        )
        solver.fit(theirs.transform(PLOTS[:5]), LABELS[:5, label])
        expected = solver.decision_function(theirs.transform([*PLOTS[:5], PLOTS[6]]))
        np.testing.assert_allclose(logits[:, label], expected, rtol=0, atol=1e-5)
