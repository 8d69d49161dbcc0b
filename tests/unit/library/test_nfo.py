"""Reading .nfo files as media managers and people leave them."""

import time

import pytest

from moviegenre.library.nfo import NfoKind, nfo_kind, parse_nfo
from moviegenre.library.nfo_text import NfoError, decode_nfo


def _movie(inner: str, **head: str) -> bytes:
    return f"<movie>{inner}</movie>".encode(head.get("codec", "utf-8"))


@pytest.mark.parametrize(
    ("inner", "genres"),
    [
        ("<genre>Drama</genre><genre>War</genre>", ("Drama", "War")),
        ("<genre>Drama / War</genre>", ("Drama", "War")),
        ("<genre>Drama/War</genre>", ("Drama", "War")),
        ("<genre>Drama, War | Crime</genre>", ("Drama", "War", "Crime")),
        ('<genre clear="true">Drama</genre>', ("Drama",)),
        ("<genre><![CDATA[Tom & Ann]]></genre>", ("Tom & Ann",)),
        ("<genre>Tom &amp; Ann</genre>", ("Tom & Ann",)),
        ("<genre>Drama</genre><genre>Drama</genre>", ("Drama",)),
        ("<genre/><genre></genre><genre> </genre>", ()),
        ("<genre>N/A</genre><genre>Unknown</genre><genre>(no genres listed)</genre>", ()),
        ("<!--<genre>Drama</genre>--><genre>War</genre>", ("War",)),
        ("<set><genre>Drama</genre></set>", ()),
        ("<plot>a <b> c</plot><genre>War</genre>", ("War",)),
    ],
)
def test_genres(inner: str, genres: tuple[str, ...]) -> None:
    assert parse_nfo(_movie(inner)).genres == genres


@pytest.mark.parametrize(
    ("inner", "lock"),
    [
        ("<lockdata>true</lockdata>", "<lockdata>"),
        ("<lockdata>True</lockdata>", "<lockdata>"),
        ("<lockdata>false</lockdata>", None),
        ("<lockedfields>Name| genres</lockedfields>", "<lockedfields>"),
        ("<lockedfields>Name</lockedfields>", None),
        ("", None),
    ],
)
def test_locks(inner: str, lock: str | None) -> None:
    assert parse_nfo(_movie(inner)).genre_lock == lock


def test_title_year_and_plot() -> None:
    nfo = parse_nfo(_movie("<title>Tom &amp; Ann</title><year>1994</year><plot>A & B</plot>"))
    assert (nfo.title, nfo.year, nfo.plot) == ("Tom & Ann", 1994, "A & B")
    dated = parse_nfo(_movie("<year></year><premiered>2001-05-06</premiered><outline>O</outline>"))
    assert (dated.title, dated.year, dated.plot) == (None, 2001, "O")
    placeholder = parse_nfo(_movie("<plot>N/A</plot><outline>A real outline.</outline>"))
    assert placeholder.plot == "A real outline."


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<movie></movie>", NfoKind.MOVIE),
        (b"\xef\xbb\xbf\r\n<!-- by me --><movie/>", NfoKind.MOVIE),
        (b"<tvshow></tvshow>", NfoKind.SERIES),
        (b"<episodedetails></episodedetails>", NfoKind.SERIES),
        (b"<musicvideo></musicvideo>", NfoKind.OTHER),
        (b"Ripped by me\n<movie></movie>", NfoKind.TEXT),
        (b"https://www.example.org/movie/7", NfoKind.ADDRESS),
        (b"\n https://example.org/7 \r\nhttps://example.org/8\n", NfoKind.ADDRESS),
        (b"See https://www.example.org/movie/7", NfoKind.TEXT),
        (b"\xdb\xdb\xdb \xb0 art \xfe", NfoKind.TEXT),
        (b"", NfoKind.TEXT),
    ],
)
def test_kinds(content: bytes, kind: NfoKind) -> None:
    assert nfo_kind(content)[0] == kind


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"<movie><title>A</title>", "</movie> is missing"),
        (b"<movie><outline>A<genre>War</genre></movie>", "<outline> is never closed"),
        (b"<tvshow></tvshow>", "does not begin with <movie>"),
        (b"\xff\xfe<\0m", "no whole utf-16-le text"),
    ],
)
def test_files_that_cannot_be_changed_safely(content: bytes, fault: str) -> None:
    with pytest.raises(NfoError, match=fault):
        parse_nfo(content)


def test_encodings() -> None:
    assert decode_nfo("<a>é</a>".encode()).codec == "utf-8"
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1")
    assert (decode_nfo(latin).codec, decode_nfo(latin).is_sure) == ("iso8859-1", True)
    guessed = decode_nfo(b"<a>\xe9 \x93 \x81</a>")
    assert (guessed.codec, guessed.is_sure) == ("cp1252", False)
    wrong = decode_nfo(b'<?xml version="1.0" encoding="utf-16"?><a>A</a>')
    assert wrong.codec == "utf-8", "ASCII bytes are no UTF-16, whatever they declare"
    utf7 = decode_nfo(b'<?xml version="1.0" encoding="utf-7"?><a>+AOk-</a>')
    assert utf7.codec == "utf-8"


def test_new_text_is_valid_in_the_encoding() -> None:
    assert decode_nfo(b"<a>\xe9</a>").escaped("é & <") == "&#233; &amp; &lt;"
    assert decode_nfo("<a>é</a>".encode()).escaped("é") == "é"


def test_no_entity_is_expanded() -> None:
    bomb = (
        b'<!DOCTYPE movie [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        b'<!ENTITY x SYSTEM "file:///etc/passwd">]><movie><plot>&b;&x;</plot></movie>'
    )
    assert parse_nfo(bomb).plot == "&b;&x;"


@pytest.mark.parametrize(
    "piece", ["<a ", "<a>", "</a>", "<!--", "<![CDATA[", '<a "', "<!DOCTYPE [", "&", "]", "<a x='"]
)
def test_hostile_files_take_no_longer_than_their_length(piece: str) -> None:
    content = ("<movie>" + piece * (1_000_000 // len(piece))).encode()
    start = time.process_time()
    with pytest.raises(NfoError):
        parse_nfo(content)
    assert time.process_time() - start < 10
