"""A ZIP that holds a table and its posters: names, limits, damage; nothing is extracted."""

import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.reading import UnreadableFileError
from moviegenre.data import unpacking
from moviegenre.data.sources.jsonl import JsonLinesSplits
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.tables.poster_files import MissingPosterError, PosterFolder
from moviegenre.data.tables.poster_store import PosterStore
from moviegenre.data.tables.source import TableBytes, open_table
from moviegenre.data.tables.zip_posters import ZipPosters, poster_files
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable
from tests.tiny_movies import png_bytes, tiny_movies

PICTURES = [png_bytes(image) for image in tiny_movies(3).posters]
TABLE = "id,plot,poster\na,a ghost,one.png\nb,,posters/two.png\nc,a cat,\nd,a dog,gone.png\n"


def zipped(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP of some files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


FILES: dict[str, bytes | str] = {
    "films.csv": TABLE,
    "posters/one.png": PICTURES[0],
    "posters/two.png": PICTURES[1],
}


def posters_of(files: Mapping[str, bytes | str]) -> ZipPosters:
    return ZipPosters(TableBytes("films.zip", zipped(files)))


def test_names_are_found_as_people_write_them() -> None:
    posters = posters_of(
        {
            "films/films.csv": TABLE,
            "films/a.png": b"beside",
            "a.png": b"above",
            "films/sub folder/B.PNG": b"below",
            "x/same.png": b"x",
            "y/same.png": b"y",
            "back\\slash.png": b"windows",
            "__MACOSX/films/._a.png": b"none",
        }
    )
    assert posters.has_pictures
    found = {
        "a.png": b"beside",
        "./a.png": b"beside",
        "../a.png": b"above",
        "/films/a.png": b"beside",
        "sub folder/B.PNG": b"below",
        "sub%20folder/b.png": b"below",
        "sub folder\\b.png": b"below",
        "b.png": b"below",
        "C:\\pictures\\b.png": b"below",
        "file:///home/me/b.png": b"below",
        "x/same.png": b"x",
        "back/slash.png": b"windows",
        "N/A": None,
        " ": None,
    }
    assert {name: posters.find(name) for name in found} == found
    with pytest.raises(
        MissingPosterError, match=r"several pictures .* \(x/same.png and y/same.png\)"
    ):
        posters.find("same.png")
    for name in ("../../a/b/c.png", "/etc/passwd", "films.csv", "a.png\0", "._a.png"):
        with pytest.raises(MissingPosterError, match="is not in the ZIP; expected the name of a"):
            posters.find(name)
    with pytest.raises(MissingPosterError, match="web address"):
        posters.find("https://example.org/a.png")
    assert posters.names_files(["", "gone.png", "b.png"])
    assert not posters.names_files(["", "gone.png", None])


def test_a_name_in_other_case_is_the_second_choice() -> None:
    posters = posters_of({"t.csv": "plot\nx\n", "A.png": b"large", "a.png": b"small"})
    assert [posters.find(name) for name in ("a.png", "A.png")] == [b"small", b"large"]


def test_a_file_name_of_several_films_is_no_poster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        "C:\\films\\Rain\\poster.png",
        "/data/Dust/poster.png",
        "/x/one.png",
        "file:///x/one.png",
    ]
    found = {"poster.png": b"some", "one.png": b"one"}
    rows = "".join(f"A ghost.,{name}\n" for name in names)
    (tmp_path / "films.csv").write_text(f"plot,poster_path\n{rows}")
    for name, content in found.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "films.zip").write_bytes(
        zipped({"films.csv": f"plot,poster_path\n{rows}", **found})
    )
    (tmp_path / "train.jsonl").write_text(
        "".join(
            json.dumps({"text": "A ghost.", "label": ["Drama"], "img": name}) + "\n"
            for name in names
        )
    )
    for table in (tmp_path / "films.csv", tmp_path / "films.zip"):
        posters = poster_files(table)
        columns = TextTable(table, CatalogueColumns(), posters=posters).columns
        assert columns.poster == "poster_path"
        assert [posters.load(name).content for name in names] == [None, None, b"one", b"one"]
        assert "several films have a poster of this file name" in posters.load(names[0]).lack
        movies = MovieTable(table, TableColumns(plots=("plot",), genres="plot"))
        assert [movie.poster for movie in movies] == [None, None, b"one", b"one"]
    lines = JsonLinesSplits(tmp_path)
    assert [movie.poster for movie in lines] == [None, None, b"one", b"one"]
    contents = {f"s3://b/{name}": content for name, content in found.items()}
    monkeypatch.setattr(
        "moviegenre.data.tables.poster_store._first_content",
        lambda files: next((contents[str(file)] for file in files if str(file) in contents), None),
    )
    store = PosterStore("s3://b")
    store.learn(lambda: names)
    assert [store.load(name).content for name in names] == [None, None, b"one", b"one"]


def test_without_pictures_posters_lie_beside_the_table(tmp_path: Path) -> None:
    path = tmp_path / "films.zip"
    path.write_bytes(zipped({"films.csv": TABLE, "readme.txt": "x"}))
    assert isinstance(poster_files(path), PosterFolder)
    path.write_bytes(zipped(FILES))
    assert isinstance(poster_files(path), ZipPosters)
    assert isinstance(poster_files(path, tmp_path), PosterFolder), "a folder that somebody names"


def test_prepare_and_predict_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "films.zip"
    head, *rows = TABLE.splitlines()
    table = "\n".join([f"{head},genres", *(f"{row},Drama" for row in rows), ""])
    path.write_bytes(zipped({**FILES, "films.csv": table}))
    monkeypatch.setattr(tempfile, "mkstemp", None)
    monkeypatch.setattr(tempfile, "mkdtemp", None)
    before = os.listdir(tmp_path)
    catalogue = Catalogue(path, CatalogueColumns(), None)
    shown = list(catalogue.preview(4))
    assert [row["poster"] for row in shown] == [
        *(f"{len(picture):,} bytes" for picture in PICTURES[:2]),
        None,
        None,
    ]
    assert str(shown[3]["error"]).startswith("gone.png is not in the ZIP")
    movies = list(MovieTable(path, TableColumns(genres="genres")))
    assert [movie.poster for movie in movies] == [*PICTURES[:2], None, None]
    assert movies[3].poster_lack.startswith("'gone.png': is not in the ZIP")
    upload = TableBytes("films.zip", path.read_bytes())
    names = [
        row.poster for row in TextTable(upload, CatalogueColumns(), 9, ZipPosters(upload)).texts()
    ]
    assert names == ["one.png", "posters/two.png", "", "gone.png"]
    assert [row.poster for row in TextTable(upload, CatalogueColumns()).texts()] == [""] * 4
    assert os.listdir(tmp_path) == before, "nothing is extracted"


BAD = {
    "no zip": b"id,plot\n",
    "empty": b"",
    "cut off": zipped(FILES)[:-30],
    "damaged list": zipped(FILES).replace(b"PK\x01\x02", b"PK\x01\x00"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_zip_is_one_clear_line(case: str, tmp_path: Path) -> None:
    path = tmp_path / "films.zip"
    path.write_bytes(BAD[case])
    for source in (path, TableBytes("films.zip", BAD[case])):
        with pytest.raises(DataError, match=r"films.zip cannot be unpacked: ") as failed:
            ZipPosters(source)
        assert "\n" not in str(failed.value)


def test_a_damaged_picture_is_a_fault_of_its_film() -> None:
    content = bytearray(zipped({"t.csv": "plot\nx\n", "a.png": b"a" * 99, "b.png": b"b"}, 0))
    content[content.index(b"a" * 99)] ^= 1
    posters = ZipPosters(TableBytes("films.zip", bytes(content)))
    with pytest.raises(UnreadableFileError, match=r"a.png cannot be unpacked: Bad CRC-32"):
        posters.find("a.png")
    assert posters.find("b.png") == b"b"


def with_flag(content: bytes, name: bytes, *, flag: int = 0, method: int | None = None) -> bytes:
    """Return a ZIP in whose list a file is encrypted, or packed in another way."""
    changed = bytearray(content)
    place = changed.rindex(name) - 46
    assert changed[place : place + 4] == b"PK\x01\x02"
    changed[place + 8] |= flag
    if method is not None:
        struct.pack_into("<H", changed, place + 10, method)
    return bytes(changed)


def test_encrypted_and_oddly_packed_pictures_are_refused() -> None:
    content = zipped({"t.csv": "plot\nx\n", "a.png": b"a" * 99})
    cases = {
        "is encrypted": with_flag(content, b"a.png", flag=1),
        "is not packed by deflate": with_flag(content, b"a.png", method=zipfile.ZIP_LZMA),
    }
    for fault, changed in cases.items():
        posters = ZipPosters(TableBytes("films.zip", changed))
        with pytest.raises(UnreadableFileError, match=fault):
            posters.find("a.png")
    table = TableBytes("t.zip", with_flag(content, b"t.csv", method=zipfile.ZIP_LZMA))
    with pytest.raises(DataError, match=r"t.csv is not packed by deflate"), open_table(table):
        pass


def test_more_than_any_archive_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = TableBytes("films.zip", zipped(FILES))
    with pytest.raises(DataError, match="holds 3 files; expected a table and its posters, 2 files"):
        ZipPosters(upload, max_files=2)
    small = ZipPosters(upload, max_bytes=10)
    with pytest.raises(UnreadableFileError, match=r"one.png has .* bytes; expected at most 10"):
        small.find("one.png")
    monkeypatch.setattr(unpacking, "MIN_UNPACKED_BYTES", 0)
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_SHARE", 1)
    bomb = TableBytes("films.zip", zipped({"t.csv": "plot\nx\n", "a.png": bytes(10_000)}))
    with pytest.raises(DataError, match=r"films.zip unpacks to more than [\d,]+ bytes; it is ref"):
        ZipPosters(bomb)
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_SHARE", 100)
    again = ZipPosters(bomb)
    while again._unpacked + 10_000 <= again._max_unpacked:  # the same one, again and again
        again.find("a.png")
    with pytest.raises(DataError, match="unpacks to more than"):
        again.find("a.png")


def test_a_list_of_files_that_lies_about_its_size_is_refused() -> None:
    content = zipped(FILES)
    place = content.rindex(b"PK\x05\x06")
    long = struct.pack("<I", 1 << 30)
    short_record = content[: place + 12] + long + content[place + 16 :]
    # A record of 64-bit sizes before it, which readers believe in place of the short one.
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, 1 << 30, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1)
    wide = content[:place] + record + locator + content[place:]
    for upload in (short_record, wide):
        with pytest.raises(DataError, match="holds far too many files; expected one table and its"):
            ZipPosters(TableBytes("films.zip", upload))
