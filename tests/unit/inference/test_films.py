"""Everything a caller may have of a film becomes the same tensors, or one clear line."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moviegenre.core.errors import InputError, MovieGenreError
from moviegenre.core.types import Modality
from moviegenre.data.poster_formats import kinds_text
from moviegenre.data.posters import PosterError
from moviegenre.inference.films import FilmReader
from moviegenre.inference.poster_input import read_poster
from tests.tiny_checkpoints import tiny_checkpoint
from tests.tiny_movies import IMAGE_SIZE, png_bytes, tiny_tokenizer

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 36, 3), dtype=np.uint8)


def reader(bert_folder: Path, name: str = "early_fusion", plot: str = "first") -> FilmReader:
    checkpoint = tiny_checkpoint(name, bert_folder)
    checkpoint.info.config["data"]["plot"] = plot
    return FilmReader(checkpoint.info)


def test_a_poster_is_the_same_in_every_form(tmp_path: Path, bert_folder: Path) -> None:
    encoded = png_bytes(PIXELS)
    path = tmp_path / "poster.png"
    path.write_bytes(encoded)
    forms: list[Any] = [path, str(path), encoded, bytearray(encoded), PIXELS]
    forms += [Image.fromarray(PIXELS), Image.open(io.BytesIO(encoded)), io.BytesIO(encoded)]
    forms += [{"bytes": encoded, "path": None}, {"bytes": None, "path": str(path)}]
    forms += [f"file://{path}", str(path).replace("/", "\\"), str(path.with_name("Poster.PNG"))]
    read = reader(bert_folder)
    posters = [read.read(poster=form).poster for form in forms]
    assert posters[0] is not None
    assert posters[0].shape == (*IMAGE_SIZE, 3)
    for poster in posters[1:]:
        assert poster is not None
        assert np.array_equal(posters[0], poster)


def test_a_name_without_a_file_is_named_and_a_placeholder_is_no_poster(bert_folder: Path) -> None:
    read = reader(bert_folder)
    with pytest.raises(InputError, match=r"^/gone/poster\.jpg does not exist"):
        read.read(poster="file:///gone/poster.jpg")
    with pytest.raises(InputError, match=r"a poster is a mapping of url; expected bytes or path"):
        read.read(poster={"url": "x"})
    assert read.read("the ghost", poster="N/A").poster is None
    with pytest.raises(InputError, match="a year is True; expected a whole number"):
        read.read("the ghost", year=True)
    with pytest.raises(InputError, match="a title is bool; expected a text"):
        read.read("the ghost", title=True)


def test_parts_that_the_model_does_not_read_have_a_warning(bert_folder: Path) -> None:
    plots, posters = reader(bert_folder, "lstm"), reader(bert_folder, "cnn")
    film = plots.read("the ghost", PIXELS, "Rain", 1950, warn_unread=True)
    assert film.warnings[-1] == (
        "The poster, the title and the year were not read, because this model reads only plots."
    )
    warning = "The plot was not read, because this model reads only posters."
    assert posters.read("the ghost", PIXELS, warn_unread=True).warnings == (warning,)
    assert "not read" not in str(plots.read("the ghost", PIXELS).warnings), "in a table"
    assert "not read" not in str(plots.read("the ghost", "N/A", " ", warn_unread=True).warnings)
    assert "poster was not read" in str(plots.read("TBA", PIXELS, warn_unread=True).warnings)


def test_grey_and_transparent_pixels_are_taken() -> None:
    grey = np.full((4, 3), 77, dtype=np.uint8)
    assert read_poster(grey).getpixel((0, 0)) == (77, 77, 77)
    clear = np.zeros((4, 3, 4), dtype=np.uint8)
    assert read_poster(clear).getpixel((0, 0)) == (255, 255, 255)


def test_a_rotated_picture_is_turned_upright() -> None:
    image = Image.fromarray(PIXELS)
    exif = image.getexif()
    exif[0x0112] = 6  # orientation: a quarter turn
    stream = io.BytesIO()
    image.save(stream, format="PNG", exif=exif)
    assert read_poster(Image.open(stream)).size == (48, 36)


@pytest.mark.parametrize(
    ("poster", "message"),
    [
        (np.zeros((4, 3)), "an array of float64 with shape (4, 3); expected uint8"),
        (np.zeros((2, 4, 3, 3), dtype=np.uint8), "with shape (2, 4, 3, 3)"),
        (np.zeros((0, 3, 3), dtype=np.uint8), "with shape (0, 3, 3)"),
        (3, "a poster is int; expected a path, bytes, an open file, a PIL image or an array"),
        (io.StringIO("text"), "(StringIO) gives str, expected bytes; open it with mode 'rb'"),
        ("no/such.jpg", "no/such.jpg does not exist; expected a poster's file; leave the poster"),
    ],
)
def test_what_is_no_poster_is_refused(poster: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_poster(poster)
    assert message in str(error.value)


def test_an_open_file_keeps_its_position(tmp_path: Path) -> None:
    path = tmp_path / "poster.png"
    path.write_bytes(b"head" + png_bytes(PIXELS))
    with path.open("rb") as file:
        file.seek(4)
        assert read_poster(file).size == read_poster(file).size == (36, 48)
        assert file.tell() == 4
    with pytest.raises(InputError, match=r"\(BufferedReader\) cannot be read: read of closed"):
        read_poster(file)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"not an image")
    with pytest.raises(PosterError) as error:
        read_poster(path)
    assert str(error.value) == (
        f"{path}: the file is no image of a kind that is read; expected {kinds_text()}"
    )


def test_a_name_that_no_file_can_have_is_no_crash() -> None:
    with pytest.raises(PosterError, match=r"cannot be read: File name too long$"):
        read_poster("x" * 5000)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("first", "the town"),
        ("longest", "one day the ghost"),
        ("joined", "the town\none day the ghost"),
    ],
)
def test_of_several_texts_the_models_own_rule_takes_one(
    bert_folder: Path, rule: str, expected: str
) -> None:
    film = reader(bert_folder, "lstm", rule).read(("  ", "the town", "one day the ghost"))
    assert film.plot == expected
    (tokens,) = tiny_tokenizer().encode([expected], 24)
    assert film.tokens.tolist() == tokens.tolist()
    assert film.modalities == (Modality.PLOT,)


@pytest.mark.parametrize("plot", [None, "", " \n", [], ["", " "]])
def test_neither_plot_nor_poster_is_one_clear_error(bert_folder: Path, plot: Any) -> None:
    with pytest.raises(MovieGenreError, match=r"^a film needs a plot or a poster; found neither$"):
        reader(bert_folder).read(plot)


@pytest.mark.parametrize(("plot", "kind"), [([3], "int"), (3, "int"), (b"A plot.", "bytes")])
def test_a_plot_of_another_kind_is_refused(bert_folder: Path, plot: Any, kind: str) -> None:
    told = f"^a plot is {kind}; expected a text, a tuple of texts about one film, or a list of"
    with pytest.raises(InputError, match=told):
        reader(bert_folder).read(plot)


def test_what_the_model_does_not_look_at_is_not_even_opened(bert_folder: Path) -> None:
    film = reader(bert_folder, "lstm").read("the ghost", "no/such.jpg")
    assert film.modalities == (Modality.PLOT,)
    shown = reader(bert_folder, "cnn").read("the ghost", PIXELS)
    assert shown.modalities == (Modality.POSTER,)
    assert shown.plot == ""


def named_reader(bert_folder: Path) -> FilmReader:
    checkpoint = tiny_checkpoint("early_fusion", bert_folder)
    reads = ["plot", "poster", "title", "year"]
    checkpoint.info.config["data"] |= {"plot": "first", "reads": reads}
    return FilmReader(checkpoint.info)


def test_title_and_year_are_read_before_the_plot(bert_folder: Path) -> None:
    read = named_reader(bert_folder)
    film = read.read("the old friend", title="ghost town", year=1944)
    assert (film.plot, film.heading) == ("the old friend", "ghost town (1944, 1940s).")
    (tokens,) = tiny_tokenizer().encode(["ghost town (1944, 1940s). the old friend"], 24)
    assert film.tokens.tolist() == tokens.tolist()
    plain = reader(bert_folder).read("the old friend", title="ghost town", year=1944)
    assert plain.tokens.tolist() == tiny_tokenizer().encode(["the old friend"], 24)[0].tolist()


def test_words_of_the_title_are_no_words_of_the_plot(bert_folder: Path) -> None:
    read = named_reader(bert_folder)
    alone = read.token_words(read.read("the old friend"))
    film = read.read("the old friend", title="ghost town", year=1944)
    named = read.token_words(film)
    words = [place for place in named.tolist() if place >= 0]
    assert words == [place for place in alone.tolist() if place >= 0]
    assert len(named) == len(film.tokens) > len(alone)


def test_a_title_alone_is_something_to_read(bert_folder: Path) -> None:
    film = named_reader(bert_folder).read(title="ghost town")
    assert (film.plot, film.heading, film.modalities) == ("", "ghost town.", (Modality.PLOT,))
    with pytest.raises(InputError, match="a film needs a plot or a poster; found neither"):
        reader(bert_folder).read(title="ghost town")
