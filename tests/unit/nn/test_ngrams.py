"""Sparse features of words and word pairs; their values are held against scikit-learn's."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from moviegenre.nn.ngrams import NgramFeatures, SparseFeatures

PAD, UNKNOWN, DOG, CAT, HOUSE = range(5)
IDS = torch.tensor([[DOG, CAT, DOG, CAT], [CAT, HOUSE, PAD, PAD], [PAD, PAD, PAD, PAD]])
MASK = IDS != PAD


def fitted(min_texts: int = 1, max_share: float = 1.0, sublinear: bool = True) -> NgramFeatures:
    features = NgramFeatures(5, unknown_id=UNKNOWN, sublinear=sublinear)
    features.fit(
        [(IDS[:1], MASK[:1]), (IDS[1:], MASK[1:])], min_texts=min_texts, max_share=max_share
    )
    return features


def pairs(features: NgramFeatures) -> list[tuple[int, int]]:
    return [divmod(key, features.vocab_size) for key in features.pair_keys.tolist()]


def rows(features: SparseFeatures) -> list[dict[int, float]]:
    """Return value by column, row by row."""
    by_row: list[dict[int, float]] = []
    for columns, values in zip(features.columns.tolist(), features.values.tolist(), strict=True):
        row: dict[int, float] = {}
        for column, value in zip(columns, values, strict=True):
            if value:
                row[column] = row.get(column, 0.0) + value
        by_row.append(row)
    return by_row


def test_words_come_first_and_pairs_are_sorted() -> None:
    features = fitted()
    assert features.word_columns.tolist() == [-1, -1, 0, 1, 2]
    assert pairs(features) == [(DOG, CAT), (CAT, DOG), (CAT, HOUSE)]
    assert (features.num_words, features.num_pairs, features.num_features) == (3, 3, 6)


def test_rare_and_frequent_features_are_left_out() -> None:
    assert fitted(min_texts=2).word_columns.tolist() == [-1, -1, -1, 0, -1]  # CAT is in two texts
    assert pairs(fitted(min_texts=2)) == []
    assert fitted(max_share=0.5).word_columns.tolist() == [-1, -1, 0, -1, 1]


def test_values_by_hand() -> None:
    features = fitted(sublinear=False)
    rare, common = 1 + math.log(4 / 2), 1 + math.log(4 / 3)  # in one and in two of three texts
    length = math.sqrt(common**2 + 2 * rare**2)
    assert rows(features(IDS[1:], MASK[1:])) == [
        {
            1: pytest.approx(common / length),
            2: pytest.approx(rare / length),
            5: pytest.approx(rare / length),
        },
        {},
    ]


def test_counts_are_dampened() -> None:
    plain, dampened = rows(fitted(sublinear=False)(IDS, MASK)), rows(fitted()(IDS, MASK))
    assert plain[0][0] / plain[0][4] == pytest.approx(2.0)  # DOG twice, CAT DOG once
    assert dampened[0][0] / dampened[0][4] == pytest.approx(1 + math.log(2))


def test_an_unknown_word_separates_its_neighbours() -> None:
    ids = torch.tensor([[DOG, UNKNOWN, CAT]])
    (row,) = rows(fitted()(ids, torch.ones_like(ids, dtype=torch.bool)))
    assert sorted(row) == [0, 1]


def test_unknown_words_make_no_features() -> None:
    features = NgramFeatures(5, unknown_id=UNKNOWN)
    ids = torch.tensor([[DOG, UNKNOWN, UNKNOWN, CAT]])
    features.fit([(ids, torch.ones_like(ids, dtype=torch.bool))], min_texts=1, max_share=1.0)
    assert (features.num_words, pairs(features)) == (2, [])


def test_before_fitting_there_are_no_features() -> None:
    features = NgramFeatures(5, unknown_id=UNKNOWN)(IDS, MASK)
    assert rows(features) == [{}, {}, {}]
    assert features.times(torch.zeros(0, 2)).tolist() == [[0.0, 0.0]] * 3


def test_a_single_token_has_no_pair() -> None:
    (row,) = rows(fitted()(IDS[:1, :1], MASK[:1, :1]))
    assert row == {0: pytest.approx(1.0)}


def test_a_weight_is_multiplied_and_trains() -> None:
    features = fitted()
    sparse: SparseFeatures = features(IDS, MASK)
    dense = torch.zeros(3, 6)
    for row, values in enumerate(rows(sparse)):
        for column, value in values.items():
            dense[row, column] = value
    weight = nn.Parameter(torch.randn(6, 2, generator=torch.Generator().manual_seed(0)))
    product: Tensor = sparse.times(weight)
    torch.testing.assert_close(product, dense @ weight)
    torch.autograd.backward(product.sum())
    gradient = weight.grad
    assert gradient is not None
    torch.testing.assert_close(gradient, dense.sum(0).unsqueeze(1).expand(-1, 2))


def test_every_pair_is_found_and_no_other() -> None:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(2, 30, (8, 40), generator=generator)
    mask = torch.ones_like(ids, dtype=torch.bool)
    features = NgramFeatures(40, unknown_id=UNKNOWN)
    features.fit([(ids[:4], mask[:4])], min_texts=1, max_share=1.0)
    known = {
        key: features.num_words + place for place, key in enumerate(features.pair_keys.tolist())
    }
    for text, row in zip(ids.tolist(), rows(features(ids, mask)), strict=True):
        keys = [first * 40 + second for first, second in pairwise(text)]
        assert {c for c in row if c >= features.num_words} == {known[k] for k in keys if k in known}


def test_state_is_restored_into_features_of_the_same_size() -> None:
    features = fitted()
    again = NgramFeatures(
        5, unknown_id=UNKNOWN, num_words=features.num_words, num_pairs=features.num_pairs
    )
    again.load_state_dict(features.state_dict())
    assert rows(again(IDS, MASK)) == rows(features(IDS, MASK))
