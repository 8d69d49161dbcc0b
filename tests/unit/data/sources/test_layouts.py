"""Every form of MM-IMDb is recognised, named in one line, and gives the same films."""

from collections.abc import Callable
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.posters import decode_poster
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.layouts import open_path
from moviegenre.data.sources.table import MovieTable, TableColumns
from tests.unit.data.mmimdb_forms import (
    genres_of,
    mmf_row,
    plots_of,
    write_arrow,
    write_folders,
    write_hdf5,
    write_hub,
    write_jsonl,
)
from tests.unit.data.raw_movies import SPLITS, complete_files, write_folder

EVERY_SPLIT = {"train": range(6), "validation": range(6, 9), "test": range(9, 12)}

FORMS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "published": (lambda path: write_folders(path, "dataset", "dataset"), "as published"),
    "HEMM": (lambda path: write_folders(path, "annotations", "images"), "HEMM's folders"),
    "labels": (lambda path: write_folders(path, "labels", "images"), "missing_aware_prompts"),
    "MMBT": (write_jsonl, "MMBT and mmf"),
    "mmf": (lambda path: write_jsonl(path, mmf_row), "MMBT and mmf"),
    "Arrow": (write_arrow, "papers on missing modalities"),
    "Hub": (lambda path: write_hub(path, EVERY_SPLIT), "conversations of messages and images"),
    "HDF5": (lambda path: write_hdf5(path / "multimodal_imdb.hdf5").parent, "no plot text"),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_the_same_films(form: str, tmp_path: Path) -> None:
    if form == "HDF5":
        pytest.importorskip("h5py")
    write, said = FORMS[form]
    movies = open_path(write(tmp_path / "held"))
    assert said in movies.form
    assert "\n" not in movies.form
    assert movies.has_split is True
    assert movies.lacks == ""
    assert movies.synthetic is False
    assert len(movies.sha256) == 64
    found = list(movies)
    assert [movie.fault for movie in found if movie.fault] == []
    _check_films(found, has_plots=movies.has_plots)


def _check_films(found: list[RawMovie], *, has_plots: bool) -> None:
    for split in Split:
        own = tuple(movie.id for movie in found if movie.split is split)
        assert own == SPLITS[split]
    for number, movie in enumerate(found):
        assert list(movie.genres) == genres_of(number)
        assert movie.poster is not None
        assert decode_poster(movie.poster).size == (8, 12)
        if has_plots:
            assert max(movie.plots, key=len) == plots_of(number)[1]


def test_a_form_may_lie_one_folder_deeper(tmp_path: Path) -> None:
    write_folders(tmp_path / "held" / "mmimdb", "annotations", "images")
    assert len(list(open_path(tmp_path / "held"))) == 12


def test_the_published_folder_comes_first_because_it_has_every_plot(tmp_path: Path) -> None:
    write_folder(tmp_path / "held", complete_files())
    (tmp_path / "held" / "train.jsonl").write_text('{"text": "a", "label": ["War"], "img": "a"}\n')
    movies = open_path(tmp_path / "held")
    assert movies.form == "MM-IMDb as published"
    assert [len(movie.plots) for movie in movies] == [2] * 12


def test_one_file_of_a_form_stands_for_all(tmp_path: Path) -> None:
    arrow, jsonl = write_arrow(tmp_path / "arrow"), write_jsonl(tmp_path / "jsonl")
    for path in (arrow / "mmimdb_dev.arrow", jsonl / "test.jsonl"):
        assert len(list(open_path(path))) == 12


def test_with_columns_named_a_file_is_a_table(tmp_path: Path) -> None:
    folder = write_jsonl(tmp_path / "held")
    columns = TableColumns(plots=("text",), genres="label", poster="image")
    movies = open_path(folder / "train.jsonl", columns)
    assert isinstance(movies, MovieTable)
    assert [movie.id for movie in movies] == list(SPLITS[Split.TRAIN])


def test_other_tables_of_these_names_stay_tables(tmp_path: Path) -> None:
    for name in ("train", "test"):
        row = '{"plot": "A dog runs.", "genres": ["War"]}\n'
        (tmp_path / f"{name}.jsonl").write_text(row)
    assert isinstance(open_path(tmp_path / "train.jsonl"), MovieTable)


def test_a_folder_of_no_form_says_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()  # a name that others use as well
    with pytest.raises(DataError) as error:
        open_path(tmp_path)
    assert str(error.value) == (
        f"{tmp_path} is not in MM-IMDb's layout; expected split.json and dataset/<id>.json with "
        "<id>.jpeg in it, or another form of docs/mmimdb.md: annotations/ and images/, "
        "mmimdb_train.arrow, train.jsonl, multimodal_imdb.hdf5, or Parquet with messages and images"
    )
