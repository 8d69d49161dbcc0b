"""The authors' HDF5 file."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.core.types import Split
from moviegenre.data.sources import hdf5
from moviegenre.data.sources.hdf5 import MultimodalIMDb
from tests.unit.data.mmimdb_forms import vgg_pixels, write_hdf5


def test_without_the_extra_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "multimodal_imdb.hdf5").write_bytes(b"x")
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[hdf5\]'"):
        MultimodalIMDb(tmp_path / "multimodal_imdb.hdf5")


def test_every_grey_comes_back_within_one_step() -> None:
    pixels = np.repeat(np.arange(256, dtype=np.uint8), 64).reshape(128, 128)
    stream = io.BytesIO()
    Image.merge("RGB", [Image.fromarray(pixels)] * 3).save(stream, "PNG")
    stored = vgg_pixels(stream.getvalue())
    with Image.open(io.BytesIO(hdf5._encoded(stored))) as image:
        found = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(found - pixels[..., None]).max() <= 3  # one of it from the file, the rest of JPEG


def test_colours_are_not_swapped() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), (250, 20, 40)).save(stream, "PNG")
    with Image.open(io.BytesIO(hdf5._encoded(vgg_pixels(stream.getvalue())))) as image:
        red, green, blue = np.asarray(image.convert("RGB"))[8, 8].tolist()
    assert abs(red - 250) + abs(green - 20) + abs(blue - 40) <= 9


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """Return the file, where h5py is installed."""
    pytest.importorskip("h5py")
    return write_hdf5(tmp_path / "multimodal_imdb.hdf5")


def test_a_film_has_everything_but_a_plot(held: Path) -> None:
    movies = MultimodalIMDb(held)
    movie = list(movies)[7]
    assert movies.has_plots is False
    assert (movie.id, movie.genres, movie.plots) == ("0000007", ("Comedy",), ())
    assert movie.split is Split.VAL
    assert movie.poster_name == "0000007.jpeg"


def test_without_a_split_and_not_as_published_there_is_none(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    movies = MultimodalIMDb(write_hdf5(tmp_path / "a.h5", has_split=False))
    assert movies.has_split is False
    assert {movie.split for movie in movies} == {None}


def test_a_file_that_is_cut_off_is_one_line(held: Path) -> None:
    held.write_bytes(held.read_bytes()[:-2000])
    with pytest.raises(DataError) as error:
        MultimodalIMDb(held)
    assert str(error.value).startswith(f"{held} cannot be read as multimodal_imdb.hdf5: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("ids", "fault"),
    [
        (None, "no array 'imdb_ids'; is it whole, and the file"),
        (["1", "2"], "2 ids, 12 posters"),
    ],
)
def test_another_file_is_one_line(held: Path, ids: list[str] | None, fault: str) -> None:
    import h5py

    with h5py.File(held, "r+") as file:
        del file["imdb_ids"]
        if ids:
            file["imdb_ids"] = np.array(ids, dtype="S7")
    with pytest.raises(DataError, match=fault):
        MultimodalIMDb(held)


def test_arrays_in_other_files_are_refused(held: Path, tmp_path: Path) -> None:
    import h5py

    other = write_hdf5(tmp_path / "other.hdf5")
    with h5py.File(held, "r+") as file:
        del file["images"]
        file["images"] = h5py.ExternalLink(str(other), "images")
    with pytest.raises(DataError, match="no array 'images'"):
        MultimodalIMDb(held)
    with h5py.File(held, "r+") as file:
        del file["images"]
        layout = h5py.VirtualLayout(shape=(12, 3, 12, 8), dtype="i4")
        layout[:] = h5py.VirtualSource(str(other), "images", shape=(12, 3, 12, 8))
        file.create_virtual_dataset("images", layout)
    with pytest.raises(DataError, match="'images' is stored in another file"):
        MultimodalIMDb(held)
