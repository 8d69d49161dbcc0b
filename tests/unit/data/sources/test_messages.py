"""Conversations of messages and images, as the Hub has MM-IMDb."""

from pathlib import Path
from typing import Any

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.messages import MessageTables, answered_genres, message_files
from tests.unit.data.mmimdb_forms import conversation, plots_of, write_hub, write_saved
from tests.unit.data.raw_movies import poster

TRAIN_IDS = range(12)
TRAIN = {"train": TRAIN_IDS}


def read(path: Path) -> MessageTables:
    return MessageTables(message_files(path))


def in_parts(number: int) -> dict[str, Any]:
    return conversation(number, in_parts=True)


@pytest.mark.parametrize("row", [conversation, in_parts], ids=["text", "parts"])
def test_the_plot_is_what_the_instruction_leaves(tmp_path: Path, row: Any) -> None:
    found = list(read(write_hub(tmp_path / "held", TRAIN, row)))
    assert found[0] == RawMovie(
        id="0000000",
        genres=("Drama",),
        plots=(plots_of(0)[1],),
        poster=poster(0),
        poster_name="0000000.jpeg",
    )
    assert [movie.plots for movie in found] == [(plots_of(n)[1],) for n in range(12)]


def test_quotes_of_a_plot_stay(tmp_path: Path) -> None:
    plots = [
        f'"{number}", she says: "go"' if number % 2 else f"{number} go" for number in TRAIN_IDS
    ]

    def row(number: int) -> dict[str, Any]:
        own = conversation(number)
        own["messages"][0]["content"] = f'Plot: "{plots[number]}"\nGenres?'
        return own

    found = list(read(write_hub(tmp_path / "held", TRAIN, row)))
    assert [movie.plots for movie in found] == [(plot,) for plot in plots]


def test_train_rows_alone_compare_with_nobodys(tmp_path: Path) -> None:
    movies = read(write_hub(tmp_path / "held", TRAIN))
    assert movies.has_split is False
    assert movies.lacks == "val, test"
    assert movies.form == (
        "conversations of messages and images, as found on the Hub, without val, test; the copy of "
        "15,552 films has MM-IMDb's training films alone, so results on it compare with nobody's"
    )


def test_a_folder_saved_with_datasets_is_read(tmp_path: Path) -> None:
    folder = write_saved(tmp_path / "held", range(12))
    assert message_files(folder) == [
        (folder / "train" / "data-00000-of-00001.arrow", Split.TRAIN),
    ]
    assert [movie.plots for movie in read(folder)] == [(plots_of(n)[1],) for n in range(12)]


def test_other_parquet_is_left_alone_and_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    folder = write_hub(tmp_path / "other", TRAIN, lambda number: {"plot": "a", "images": [number]})
    assert message_files(folder) == []
    folder = write_hub(tmp_path / "held", TRAIN)
    path = folder / "data" / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match="cannot be read as Parquet") as error:
        message_files(folder)
    assert "\n" not in str(error.value)


def test_an_answer_that_is_a_sentence_is_one_films_fault(tmp_path: Path) -> None:
    def row(number: int) -> dict[str, Any]:
        own = conversation(number)
        if number == 3:
            own["messages"][1]["content"] = "I would say that this film is hard to put in any genre"
        return own

    found = list(read(write_hub(tmp_path / "held", TRAIN, row)))
    assert [movie.id for movie in found if movie.fault] == ["train-00000-of-00001.parquet, row 4"]
    assert found[3].fault == (
        "the answer 'I would say that this film is hard to put in any genre' is no list of genres"
    )


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("Drama", ("Drama",)),
        ("Drama, Sci-Fi", ("Drama", "Sci-Fi")),
        ("The genres are: Drama and Film-Noir.", ("Drama", "Film-Noir")),
        ("['Drama', 'War']", ("Drama", "War")),
        ("- Drama\n- War", ("Drama", "War")),
        ("", ()),
    ],
)
def test_genres_of_an_answer(text: str, genres: tuple[str, ...]) -> None:
    found = answered_genres(text)
    assert tuple(name.strip("- ") for name in found) == genres
