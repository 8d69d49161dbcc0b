"""Over ten writers' habits: what is written is read again, and nothing else changes."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from moviegenre.library.edit import with_genres
from moviegenre.library.nfo import parse_nfo
from moviegenre.library.nfo_text import NfoError
from moviegenre.library.plan import FilmChange, Outcome
from moviegenre.library.undo import undo
from moviegenre.library.write import writing
from tests.unit.library.writers import GENRES, Written, nfo_files

_NEW = GENRES.filter(bool)


def _outside(content: bytes) -> str:
    """Return a file's text without its genre elements and the line starts before them."""
    nfo = parse_nfo(content)
    text = nfo.text.characters
    for element in reversed(nfo.elements("genre")):
        before = re.sub(r"(\r\n|\n)[ \t]*\Z", "", text[: element.start])
        text = before + text[element.end :]
    return text


@given(nfo_files())
def test_every_writer_is_read(written: Written) -> None:
    nfo = parse_nfo(written.content)
    assert nfo.title == written.title
    assert nfo.plot == written.plot
    assert nfo.genres == written.genres


@given(nfo_files(), _NEW)
def test_replaced_genres_are_read_again_and_nothing_else_changes(
    written: Written, genres: list[str]
) -> None:
    changed = with_genres(parse_nfo(written.content), genres, keep=False)
    again = parse_nfo(changed)
    assert again.genres == tuple(genres)
    assert (again.title, again.plot) == (written.title, written.plot)
    assert _outside(changed) == _outside(written.content)
    assert changed.startswith(written.writer.bom)


@given(nfo_files(), _NEW)
def test_added_genres_are_one_insertion(written: Written, genres: list[str]) -> None:
    new = [name for name in genres if name not in written.genres]
    changed = with_genres(parse_nfo(written.content), new, keep=True)
    assert parse_nfo(changed).genres == (*written.genres, *new)
    if written.genres:
        _assert_insertion(written.content, changed)


@given(nfo_files())
def test_a_missing_genre_is_one_insertion(written: Written) -> None:
    nfo = parse_nfo(written.content)
    if nfo.elements("genre"):
        return
    changed = with_genres(nfo, ["Drama", "Kömödie"], keep=False)
    assert parse_nfo(changed).genres == ("Drama", "Kömödie")
    _assert_insertion(written.content, changed)


def _assert_insertion(old: bytes, new: bytes) -> None:
    """Check that taking some bytes out of ``new`` gives ``old``."""
    more = len(new) - len(old)
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    assert more >= 0
    assert new[:same] + new[same + more :] == old


@given(nfo_files(), _NEW)
def test_locking_changes_lockedfields_alone(written: Written, genres: list[str]) -> None:
    nfo = parse_nfo(written.content)
    plain = with_genres(nfo, genres, keep=False)
    locked = with_genres(nfo, genres, keep=False, lock=True)
    assert parse_nfo(locked).value("lockedfields") == "Genres"
    assert parse_nfo(locked).genres == tuple(genres)
    _assert_insertion(plain, locked)


@given(st.lists(nfo_files(), min_size=1, max_size=5), _NEW, _NEW)
def test_undo_gives_the_original(files: list[Written], first: list[str], second: list[str]) -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        for number, written in enumerate(files):
            (root / f"{number}.nfo").write_bytes(written.content)
        for genres in (first, second):
            with writing(root) as writer:
                writer.write([_change(root, number, genres) for number in range(len(files))])
        for number in range(len(files)):
            assert parse_nfo((root / f"{number}.nfo").read_bytes()).genres == tuple(second)
        assert undo(root).skipped == []
        for number, written in enumerate(files):
            assert (root / f"{number}.nfo").read_bytes() == written.content
        assert sorted(path.name for path in root.iterdir()) == sorted(
            f"{number}.nfo" for number in range(len(files))
        )


def _change(root: Path, number: int, genres: list[str]) -> FilmChange:
    old = (root / f"{number}.nfo").read_bytes()
    new = with_genres(parse_nfo(old), genres, keep=False)
    return FilmChange(Path(f"{number}.nfo"), Outcome.CHANGE, old=old, new=new)


@given(st.binary(max_size=300), st.sampled_from([b"<movie>", b"<movie><genre>", b"\xff\xfe<\0"]))
def test_no_bytes_break_the_reader(noise: bytes, start: bytes) -> None:
    for content in (noise, start + noise, start + noise + b"</genre></movie>"):
        try:
            nfo = parse_nfo(content)
            changed = with_genres(nfo, ["Drama"], keep=False)
        except NfoError:
            continue
        assert parse_nfo(changed).genres == ("Drama",)
