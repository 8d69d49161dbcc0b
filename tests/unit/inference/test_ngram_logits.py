"""The n-grams' part is PyTorch's, for the text and for every variant of it."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from moviegenre.inference.ngram_logits import NgramText, NgramWeights
from moviegenre.nn.ngrams import NgramFeatures

NUM_LABELS, VOCAB, UNKNOWN = 3, 12, 1
TEXT = np.array([2, 3, 4, 3, 4, 1, 5, 3, 4, 2, 7], dtype=np.int32)


@pytest.fixture(scope="module")
def features() -> NgramFeatures:
    generator = torch.Generator().manual_seed(0)
    texts = torch.randint(0, VOCAB, (40, 9), generator=generator)
    texts[:, :4] = torch.tensor([2, 3, 4, 3])
    found = NgramFeatures(VOCAB, unknown_id=UNKNOWN)
    found.fit([(texts, torch.ones_like(texts, dtype=torch.bool))], min_texts=2, max_share=1.0)
    return found


@pytest.fixture(scope="module")
def weights(features: NgramFeatures) -> NgramWeights:
    generator = np.random.default_rng(0)
    wide = generator.normal(size=(features.num_features, NUM_LABELS)).astype(np.float32)
    bias, scale, slope = generator.normal(size=(3, NUM_LABELS)).astype(np.float32)
    return NgramWeights(
        word_columns=features.word_columns.numpy(),
        pair_keys=features.pair_keys.numpy(),
        idf=features.idf.numpy(),
        wide=wide,
        bias=bias,
        scale=scale,
        slope=slope,
        unknown_id=UNKNOWN,
    )


def by_torch(
    features: NgramFeatures, weights: NgramWeights, tokens: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    ids = torch.from_numpy(tokens.astype(np.int64))[None]
    sparse = features(ids, torch.ones_like(ids, dtype=torch.bool))
    product = sparse.times(torch.from_numpy(weights.wide))[0].numpy()
    scale = weights.scale + weights.slope * np.log(len(tokens) / 64)
    logits: npt.NDArray[np.float64] = scale * (product + weights.bias)
    return logits


@pytest.mark.parametrize("left_out", [[], [0], [10], [1, 2], [4], [5], [2, 7], [*range(1, 11)]])
def test_variants_are_computed_as_by_the_model(
    left_out: list[int], features: NgramFeatures, weights: NgramWeights
) -> None:
    variant = np.delete(TEXT, left_out)
    found = NgramText(weights, TEXT).logits(variant)
    np.testing.assert_allclose(found, by_torch(features, weights, variant), rtol=1e-4, atol=1e-5)


def test_another_text_is_no_variant(features: NgramFeatures, weights: NgramWeights) -> None:
    other = np.array([7, 3, 4, 2, 2, 2, 5, 4, 3, 9, 1, 3, 4, 8], dtype=np.int32)
    found = NgramText(weights, TEXT).logits(other)
    np.testing.assert_allclose(found, by_torch(features, weights, other), rtol=1e-4, atol=1e-5)
