"""Arrow files of the papers on missing modalities."""

from pathlib import Path

import pyarrow as pa
import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.arrow import ArrowSplits, arrow_files
from tests.unit.data.mmimdb_forms import plots_of, write_arrow
from tests.unit.data.raw_movies import poster


def read(folder: Path) -> ArrowSplits:
    return ArrowSplits(arrow_files(folder))


def test_a_row_is_read_as_it_is(tmp_path: Path) -> None:
    assert next(iter(read(write_arrow(tmp_path)))) == RawMovie(
        id="0000000",
        genres=("Drama",),
        plots=tuple(plots_of(0)),
        poster=poster(0),
        poster_name="0000000.jpeg",
        split=Split.TRAIN,
    )


def test_files_with_another_ending_are_a_set_of_their_own(tmp_path: Path) -> None:
    write_arrow(tmp_path)
    write_arrow(tmp_path, ending="_single_plot", plots=lambda number: plots_of(number)[:1])
    single = tmp_path / "mmimdb_dev_single_plot.arrow"
    counts = {
        len(movie.plots)
        for files in (arrow_files(tmp_path), arrow_files(tmp_path, single))
        for movie in ArrowSplits(files)
    }
    assert [len(movie.plots) for movie in read(tmp_path)] == [2] * 12
    assert counts == {1, 2}


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    movies = read(write_arrow(tmp_path, [Split.TEST]))
    assert movies.has_split is False
    assert movies.lacks == "train, val"


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_file_that_is_cut_off_is_one_line(tmp_path: Path, is_empty: bool) -> None:
    path = write_arrow(tmp_path) / "mmimdb_dev.arrow"
    path.write_bytes(b"" if is_empty else path.read_bytes()[:-200])
    with pytest.raises(DataError) as error:
        list(read(tmp_path))
    assert str(error.value).startswith(f"{path} cannot be read as Arrow: ")
    assert str(error.value).endswith("; is it whole?")
    assert "\n" not in str(error.value)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    write_arrow(tmp_path)
    path = tmp_path / "mmimdb_test.arrow"
    table = pa.table({"image": [b"x"], "plots": [["A dog."]]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DataError) as error:
        read(tmp_path)
    assert str(error.value) == (
        f"{path} lacks the columns genres, image_id; expected image, plots, genres, image_id"
    )


def test_a_row_of_other_values_is_one_films_fault(tmp_path: Path) -> None:
    write_arrow(tmp_path)
    path = tmp_path / "mmimdb_test.arrow"
    rows = {"image": ["no bytes"], "plots": [["A dog."]], "genres": [["War"]], "image_id": ["1"]}
    table = pa.table(rows)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert list(read(tmp_path))[-1] == RawMovie(
        "1", split=Split.TEST, fault="image is str, expected bytes"
    )


def test_plots_stay_as_in_the_published_form(tmp_path: Path) -> None:
    marked = ["The <b>dog</b> &amp; the cat."]
    found = read(write_arrow(tmp_path, plots=lambda number: marked))
    assert {movie.plots for movie in found} == {tuple(marked)}
