"""Exact bytes of changed .nfo files."""

import pytest

from moviegenre.library.edit import new_nfo, with_genres
from moviegenre.library.nfo import parse_nfo
from moviegenre.library.nfo_text import NfoError


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "<movie>\r\n\t<title>A</title>\r\n</movie>\r\nhttps://x.org?a=1&b=2",
            "<movie>\r\n\t<title>A</title>\r\n\t<genre>War</genre>\r\n\t<genre>Crime</genre>\r\n"
            "</movie>\r\nhttps://x.org?a=1&b=2",
        ),
        ("<movie></movie>", "<movie><genre>War</genre><genre>Crime</genre></movie>"),
        (
            "<movie>\n</movie>",
            "<movie>\n  <genre>War</genre>\n  <genre>Crime</genre>\n</movie>",
        ),
        (
            '<movie><genre clear="true" /><year/></movie>',
            '<movie><genre clear="true">War</genre><genre>Crime</genre><year/></movie>',
        ),
        (
            "<movie>\n <genre>A</genre>\n <!--x-->\n <genre>B</genre>\n <genre>C</genre>\n</movie>",
            "<movie>\n <genre>War</genre>\n <!--x-->\n <genre>Crime</genre>\n</movie>",
        ),
        (
            "<movie><genre>A / B</genre></movie>",
            "<movie><genre>War / Crime</genre></movie>",
        ),
    ],
)
def test_replaced(old: str, new: str) -> None:
    changed = with_genres(parse_nfo(old.encode()), ["War", "Crime"], keep=False)
    assert changed.decode() == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "<movie>\n <genre>A</genre>\n <year/>\n</movie>",
            "<movie>\n <genre>A</genre>\n <genre>War</genre>\n <year/>\n</movie>",
        ),
        ("<movie><genre>A / B </genre></movie>", "<movie><genre>A / B / War </genre></movie>"),
        ("<movie><genre>A/B</genre></movie>", "<movie><genre>A/B/War</genre></movie>"),
        (
            "<movie><genre><![CDATA[A / B]]></genre></movie>",
            "<movie><genre><![CDATA[A / B]]></genre><genre>War</genre></movie>",
        ),
    ],
)
def test_added(old: str, new: str) -> None:
    assert with_genres(parse_nfo(old.encode()), ["War"], keep=True).decode() == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<lockedfields>Name|Cast</lockedfields>", "<lockedfields>Name|Cast|Genres</lockedfields>"),
        ("<lockedfields>Genres</lockedfields>", "<lockedfields>Genres</lockedfields>"),
        ("<lockedfields />", "<lockedfields>Genres</lockedfields>"),
    ],
)
def test_locked(old: str, new: str) -> None:
    content = f"<movie><genre>A</genre>{old}</movie>".encode()
    changed = with_genres(parse_nfo(content), ["War"], keep=False, lock=True)
    assert changed.decode() == f"<movie><genre>War</genre>{new}</movie>"


def test_an_empty_root_has_no_place() -> None:
    with pytest.raises(NfoError, match="nothing but <movie/>"):
        with_genres(parse_nfo(b"<movie/>"), ["War"], keep=False)


def test_a_new_file() -> None:
    nfo = parse_nfo(new_nfo(["War", "Tom & Ann"], "A < B", 1994, lock=True))
    assert (nfo.title, nfo.year, nfo.genres) == ("A < B", 1994, ("War", "Tom & Ann"))
    assert nfo.value("lockedfields") == "Genres"
