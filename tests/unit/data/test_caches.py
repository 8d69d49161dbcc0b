"""Caches are made once, used again, and made anew when what they depend on has changed."""

import os
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.types import Split
from moviegenre.data import caches, posters
from moviegenre.data.caches import cached_posters, cached_tokens
from moviegenre.data.prepared import PreparedData
from moviegenre.data.ragged import Ragged
from moviegenre.data.schema import split_file
from moviegenre.data.text import PlotTokenizer
from tests.tiny_movies import IMAGE_SIZE, tiny_movies, tiny_tokenizer, write_prepared

HEIGHT, WIDTH = IMAGE_SIZE


@pytest.fixture
def data(prepared_folder: Path) -> PreparedData:
    return PreparedData(prepared_folder)


def count_decoding(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list that grows by every poster that is decoded."""
    decoded: list[bytes] = []
    original = posters.decode_poster

    def decode(content: bytes) -> object:
        decoded.append(content)
        return original(content)

    monkeypatch.setattr(caches, "decode_poster", decode)
    return decoded


def touch_later(path: Path, than: Path) -> None:
    """Make a file newer than another."""
    later = than.stat().st_mtime_ns + 10_000_000
    os.utime(path, ns=(later, later))


@pytest.mark.parametrize("lengths", [[3, 0, 2], []])
def test_rows_of_different_length(lengths: list[int]) -> None:
    ragged = Ragged.pack([np.arange(n, dtype=np.int32) for n in lengths])
    assert len(ragged) == len(lengths)
    assert ragged.lengths.tolist() == lengths
    assert [ragged[i].tolist() for i, _ in enumerate(lengths)] == [list(range(n)) for n in lengths]


def test_posters_are_those_of_the_split_and_blank_where_there_is_none(data: PreparedData) -> None:
    posters = cached_posters(data, Split.VAL, HEIGHT, WIDTH)
    expected = tiny_movies(24, seed=1).posters  # as write_prepared made them
    assert posters.shape == (24, HEIGHT, WIDTH, 3)
    assert posters.dtype == np.uint8
    assert np.array_equal(posters[0], expected[0])
    assert np.array_equal(posters[2:], expected[2:])
    assert not posters[1].any()  # the second movie has no poster
    assert data.has_poster(Split.VAL).tolist() == [True, False] + [True] * 22


def test_posters_are_memory_mapped_and_decoded_once(
    data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = count_decoding(monkeypatch)
    first = cached_posters(data, Split.TEST, HEIGHT, WIDTH)
    assert len(decoded) == 11
    second = cached_posters(PreparedData(data.root), Split.TEST, HEIGHT, WIDTH)
    assert len(decoded) == 11
    assert isinstance(second, np.memmap)
    assert np.array_equal(first, second)
    assert cached_posters(data, Split.TEST, 16, 8).shape == (12, 16, 8, 3)
    assert cached_posters(data, Split.VAL, 16, 8).shape == (24, 16, 8, 3)


def test_more_posters_than_are_read_at_once(
    data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cached_posters(data, Split.TRAIN, HEIGHT, WIDTH).copy()
    for path in data.cache_dir.iterdir():
        path.unlink()
    monkeypatch.setattr(caches, "_ROWS_PER_READ", 7)
    assert np.array_equal(cached_posters(data, Split.TRAIN, HEIGHT, WIDTH), whole)


def test_an_interrupted_decoding_leaves_no_cache(
    data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(content: bytes) -> object:
        raise RuntimeError("interrupted")

    monkeypatch.setattr(caches, "decode_poster", fail)
    with pytest.raises(RuntimeError, match="interrupted"):
        cached_posters(data, Split.TEST, HEIGHT, WIDTH)
    assert list(data.cache_dir.iterdir()) == []


def test_data_prepared_anew_are_cached_anew(data: PreparedData) -> None:
    tokenizer = tiny_tokenizer()
    old_posters = np.array(cached_posters(data, Split.TEST, HEIGHT, WIDTH))
    old_tokens = cached_tokens(data, Split.TEST, tokenizer, "first", 16)
    write_prepared(data.root, seed=5)
    source = data.root / split_file(Split.TEST)
    newest = max(data.cache_dir.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    touch_later(source, newest)
    renewed = PreparedData(data.root)
    posters = cached_posters(renewed, Split.TEST, HEIGHT, WIDTH)
    tokens = cached_tokens(renewed, Split.TEST, tokenizer, "first", 16)
    expected = tiny_movies(12, seed=502)
    assert np.array_equal(posters, expected.posters)
    assert not np.array_equal(posters, old_posters)
    assert tokens.values.tolist() != old_tokens.values.tolist()
    assert [tokens[i].tolist() for i in range(12)] == [
        row.tolist() for row in tokenizer.encode(expected.plots, 16)
    ]


def test_tokens_are_those_of_the_plots(data: PreparedData) -> None:
    tokenizer = tiny_tokenizer()
    tokens = cached_tokens(data, Split.VAL, tokenizer, "longest", 16)
    expected = tokenizer.encode(data.plots(Split.VAL, "longest"), 16)
    assert [tokens[i].tolist() for i in range(24)] == [row.tolist() for row in expected]
    assert len(tokens[0]) == 0  # the first movie has no plot
    assert tokens.lengths[1:].min() > 0


def test_plots_are_tokenised_once_for_each_tokenizer_rule_and_length(
    data: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    original = PlotTokenizer.encode

    def encode(self: PlotTokenizer, plots: list[str], max_tokens: int) -> object:
        calls.append(max_tokens)
        return original(self, plots, max_tokens)

    monkeypatch.setattr(PlotTokenizer, "encode", encode)
    first = cached_tokens(data, Split.TEST, tiny_tokenizer(), "first", 16)
    again = cached_tokens(PreparedData(data.root), Split.TEST, tiny_tokenizer(), "first", 16)
    assert calls == [16]
    assert first.values.tolist() == again.values.tolist()
    assert first.offsets.tolist() == again.offsets.tolist()

    cached_tokens(data, Split.TEST, tiny_tokenizer(), "first", 4)
    longest = cached_tokens(data, Split.TEST, tiny_tokenizer(), "longest", 16)
    other = PlotTokenizer.from_words(["the"], 3)
    cached_tokens(data, Split.TEST, other, "first", 16)
    assert calls == [16, 4, 16, 16]
    assert longest.lengths.sum() > first.lengths.sum()
