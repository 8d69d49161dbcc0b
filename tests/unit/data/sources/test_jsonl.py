"""MMBT's and mmf's JSON Lines."""

import json
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.jsonl import JsonLinesSplits
from tests.unit.data.mmimdb_forms import mmbt_row, mmf_row, plots_of, write_jsonl
from tests.unit.data.raw_movies import poster


def test_a_row_of_mmbt_is_read_as_it_is(tmp_path: Path) -> None:
    assert next(iter(JsonLinesSplits(write_jsonl(tmp_path / "held")))) == RawMovie(
        id="0000000",
        genres=("Drama",),
        plots=(plots_of(0)[1],),
        poster=poster(0),
        poster_name="mmimdb/dataset/0000000.jpeg",
        split=Split.TRAIN,
    )


def test_img_is_read_as_image_is(tmp_path: Path) -> None:
    def row(number: int) -> dict[str, object]:
        own = mmbt_row(number)
        return {**{key: own[key] for key in ("id", "text", "label")}, "img": own["image"]}

    found = list(JsonLinesSplits(write_jsonl(tmp_path / "held", row)))
    assert [movie.poster for movie in found] == [poster(number) for number in range(12)]


def test_mmf_names_posters_without_their_ending_and_keeps_every_plot(tmp_path: Path) -> None:
    movie = next(iter(JsonLinesSplits(write_jsonl(tmp_path / "held", mmf_row))))
    assert movie.id == "0000000"
    assert movie.plots == tuple(plots_of(0))
    assert movie.poster == poster(0)


def test_a_damaged_line_is_one_films_fault(tmp_path: Path) -> None:
    folder = write_jsonl(tmp_path / "held")
    path = folder / "train.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], '{"id": "0000002", "te', "[1]", "", *lines[4:]]))
    found = [movie for movie in JsonLinesSplits(folder) if movie.split is Split.TRAIN]
    assert [movie.id for movie in found if movie.fault is None] == [
        *("0000000", "0000001", "0000004", "0000005"),
    ]
    faults = {movie.id: movie.fault for movie in found if movie.fault}
    assert set(faults) == {"train.jsonl, line 3", "train.jsonl, line 4"}
    assert faults["train.jsonl, line 4"] == "found list, expected an object"


def test_a_poster_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = write_jsonl(tmp_path / "held")
    (folder / "mmimdb" / "dataset" / "0000000.jpeg").unlink()
    movie = next(iter(JsonLinesSplits(folder)))
    assert movie.poster is None
    assert movie.poster_lack.startswith("'mmimdb/dataset/0000000.jpeg': does not exist")


def test_without_one_file_the_split_is_not_whole(tmp_path: Path) -> None:
    movies = JsonLinesSplits(write_jsonl(tmp_path / "held", splits=[Split.TRAIN, Split.TEST]))
    assert movies.has_split is False
    assert movies.lacks == "val"


def test_repeated_keys_are_the_fault_of_their_line(tmp_path: Path) -> None:
    folder = write_jsonl(tmp_path / "held")
    path = folder / "dev.jsonl"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([first[:-1] + ', "text": "Another."}', *others]), "utf-8-sig")
    faults = [movie.fault for movie in JsonLinesSplits(folder) if movie.split is Split.VAL]
    assert faults[0] == "several values for the key 'text'; expected one"
    assert not any(faults[1:])


@pytest.mark.parametrize(
    ("line", "found"),
    [(json.dumps({"sentence": "a", "tag": 1}), "sentence, tag"), ("no JSON", "no JSON object")],
)
def test_other_rows_are_refused(tmp_path: Path, line: str, found: str) -> None:
    folder = write_jsonl(tmp_path / "held")
    (folder / "dev.jsonl").write_text(line + "\n")
    with pytest.raises(DataError) as error:
        JsonLinesSplits(folder)
    assert str(error.value) == (
        f"{folder / 'dev.jsonl'}: the first line has {found}; expected MMBT's id, text, label and "
        "img (or image), or mmf's plot and genres"
    )
