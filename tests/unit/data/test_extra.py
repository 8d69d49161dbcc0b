"""Further labelled plots: which films are read, and which genres are unknown there."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Split
from moviegenre.data.config import DataConfig
from moviegenre.data.extra import read_extra, read_other_plots
from moviegenre.data.prepared import PreparedData
from tests.tiny_movies import with_plots

GENRES = GenreVocabulary(("Drama", "Film-Noir", "Horror"))
FILMS = [
    {"title": "A", "genres": ["Drama"], "plot": ["Short.", "A longer plot."]},
    {"genres": ["Horror", "Short"], "plot": "A ghost."},
    {"genres": ["Short"], "plot": "Of no genre that is asked for."},
]


def with_genres(path: Path, least: int) -> DataConfig:
    return DataConfig(plot="first", extra=path, extra_min_genres=least)


def write(path: Path, opener: Callable[..., IO[str]] = open) -> Path:
    with opener(path, "wt", encoding="utf-8") as stream:
        stream.write("\n".join(json.dumps(film) for film in FILMS) + "\n\n")
    return path


@pytest.mark.parametrize(
    ("name", "opener"), [("e.jsonl", open), ("e.jsonl.xz", lzma.open), ("e.jsonl.gz", gzip.open)]
)
def test_a_genre_that_no_film_has_is_unknown(
    name: str, opener: Callable[..., IO[str]], tmp_path: Path
) -> None:
    extra = read_extra(write(tmp_path / name, opener), GENRES, DataConfig())
    assert extra.plots == ["A longer plot.", "A ghost."]
    expected = np.array([[1, np.nan, 0], [0, np.nan, 1]], dtype=np.float32)
    np.testing.assert_array_equal(extra.labels, expected)


def test_the_rule_chooses_the_plot(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl")
    assert read_extra(path, GENRES, DataConfig(plot="first")).plots[0] == "Short."
    assert read_extra(path, GENRES, DataConfig(plot="joined")).plots[0] == "Short.\nA longer plot."


def test_films_of_few_genres_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl")
    extra = read_extra(path, GENRES, with_genres(path, 2))
    assert extra.plots == ["A ghost."]
    assert extra.labels.tolist()[0][::2] == [0.0, 1.0]  # Drama is known, though no film left has it
    with pytest.raises(DataError, match=r"has no film with at least 3 genres, one of them among D"):
        read_extra(path, GENRES, with_genres(path, 3))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"genres": ["Drama"]}', "line 2: plot: missing; each line is an object with plot"),
        ('{"plot": "A", "genres": "Drama"}', "line 2: genres: expected a list"),
        ('["Drama"]', "line 2: the line: expected a mapping"),
        ('{"plot": 3, "genres": ["Drama"]}', "line 2: plot: expected a"),
        ("{", "cannot be read after line 2 "),
        (
            '{"plot": "A", "plot": "B", "genres": ["Drama"]}',
            "cannot be read after line 2 (several values for the key 'plot'; expected one)",
        ),
    ],
)
def test_a_broken_line_is_named(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps(FILMS[0]) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_extra(path, GENRES, DataConfig(plot="first"))
    assert fault in str(error.value)


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps(FILMS[0]) + "\n", encoding="utf-8-sig")
    assert read_extra(path, GENRES, DataConfig(plot="first")).plots


def test_broken_archives_and_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl.xz"
    path.write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"cannot be read after line 0 .*; expected JSON Lines"):
        read_extra(path, GENRES, DataConfig(plot="first"))
    with pytest.raises(DataNotFoundError, match=r"expected further plots .*did you mean"):
        read_extra(tmp_path / "f.jsonl.xz", GENRES, DataConfig(plot="first"))


LONG = " ".join(f"w{number}" for number in range(40))  # 12 words fill 16 tokens


def test_other_plots_are_cut_into_pieces_spread_evenly(prepared_folder: Path) -> None:
    with_plots(prepared_folder, [["Chosen.", LONG], ["The only one."], []])
    data = PreparedData(prepared_folder)
    found = read_other_plots(data, "first", pieces=2, max_tokens=16)
    words = LONG.split()
    assert found.plots == [" ".join(words[:12]), " ".join(words[36:])]
    np.testing.assert_array_equal(found.labels, data.labels(Split.TRAIN)[[0, 0]])
    one = read_other_plots(data, "first", pieces=1, max_tokens=16)
    assert one.plots == found.plots[:1]
    all_of_them = read_other_plots(data, "first", pieces=9, max_tokens=16)
    assert " ".join(all_of_them.plots) == LONG


def test_what_the_rule_chooses_is_no_other_plot(prepared_folder: Path) -> None:
    short = "one two three four five six"
    with_plots(prepared_folder, [[short, LONG, short]])
    data = PreparedData(prepared_folder)
    found = read_other_plots(data, "longest", pieces=4, max_tokens=16)
    assert found.plots == [f"{short} {short}"]


def test_a_short_rest_is_left_out(prepared_folder: Path) -> None:
    three, four = LONG.split()[:15], LONG.split()[:16]
    with_plots(prepared_folder, [["A.", " ".join(three)], ["B.", " ".join(four)]])
    found = read_other_plots(PreparedData(prepared_folder), "first", pieces=5, max_tokens=16)
    assert [len(plot.split()) for plot in found.plots] == [12, 12, 4]


def test_no_other_plots_is_told(prepared_folder: Path) -> None:
    with pytest.raises(
        DataError, match=r"has another plot of at least 32 words; .* data\.other_plots"
    ):
        read_other_plots(PreparedData(prepared_folder), "first", pieces=2, max_tokens=128)


def test_each_plot_of_a_further_film_is_a_text_and_the_limit_counts_films(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl")
    every = DataConfig(plot="each", extra=path)
    extra = read_extra(path, GENRES, every)
    assert extra.plots == ["Short.", "A longer plot.", "A ghost."]
    assert extra.labels[:, 0].tolist() == [1.0, 1.0, 0.0]
    seeds = [
        read_extra(path, GENRES, DataConfig(plot="each", extra=path, extra_limit=1), seed).plots
        for seed in range(8)
    ]
    assert sorted(map(len, seeds))[0] == 1
    assert sorted(map(len, seeds))[-1] == 2
    (one, _) = read_extra(path, GENRES, DataConfig(plot="random", extra=path)).plots
    assert one in ("Short.", "A longer plot.")
