"""Prepared data open in other people's tools, without this package."""

from pathlib import Path

import pytest

from moviegenre.data.prepare import prepare
from tests.unit.data.raw_movies import complete_files, poster, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return prepared data."""
    source = write_folder(tmp_path / "movies", complete_files())
    prepare(str(source), tmp_path / "prepared", min_movies=1, progress=False)
    return tmp_path / "prepared"


def test_pandas_opens_it(folder: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(folder / "val.parquet")
    assert frame["id"].tolist() == ["0000006", "0000007", "0000008"]
    assert list(frame["genres"][0]) == ["Drama"]
    assert frame["poster"][0]["bytes"] == poster(6)
    assert frame["year"].tolist() == [1996, 1997, 1998]


def test_polars_opens_it(folder: Path) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(folder / "val.parquet")
    assert frame["genres"].to_list() == [["Drama"], ["Comedy"], ["Horror"]]
    assert frame["poster"].struct.field("bytes")[2] == poster(8)


def test_hugging_face_datasets_opens_it(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_parquet(str(folder / "val.parquet"), cache_dir=str(tmp_path))
    assert rows["id"][:] == ["0000006", "0000007", "0000008"]
    assert rows[0]["poster"]["bytes"] == poster(6)
