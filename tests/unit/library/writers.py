"""Made-up .nfo files in the habits of ten writers, for Hypothesis."""

from dataclasses import dataclass

from hypothesis import strategies as st

_LETTERS = "abcXYZ éüñ'.,:!?-()\"ß"
_TEXT = st.text(_LETTERS, min_size=1, max_size=40).map(str.strip).filter(bool)
_GENRE = st.sampled_from(
    ["Drama", "Science Fiction", "Comédie", "Film-Noir", "Action & Adventure", "Krimi", "X<Y"]
)
GENRES = st.lists(_GENRE, max_size=4, unique=True)


@dataclass(frozen=True)
class Writer:
    """How a program writes .nfo files.

    Attributes:
        name: What it is like.
        codec: Its encoding.
        bom: Its byte order mark.
        head: Its declaration.
        newline: Its line end; empty for all on one line.
        indent: What stands before an element.
        joint: What joins genres in one element; None for an element each.
        attributes: Of its first genre element.
        is_lax: Whether it leaves a bare ``&``.
        tail: What follows the root.
    """

    name: str
    codec: str = "utf-8"
    bom: bytes = b""
    head: str = '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>'
    newline: str = "\n"
    indent: str = "    "
    joint: str | None = None
    attributes: str = ""
    is_lax: bool = False
    tail: str = ""


WRITERS = (
    Writer("Kodi 17", joint=" / "),
    Writer("Kodi 20", attributes=' clear="true"'),
    Writer(
        "Jellyfin",
        bom=b"\xef\xbb\xbf",
        head='<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
        newline="\r\n",
        indent="  ",
    ),
    Writer("Emby joined", newline="\r\n", indent="  ", joint="/"),
    Writer("no declaration, tabs", head="", indent="\t"),
    Writer(
        "UTF-16",
        codec="utf-16-le",
        bom=b"\xff\xfe",
        head='<?xml version="1.0" encoding="utf-16"?>',
        newline="\r\n",
    ),
    Writer(
        "Latin-1",
        codec="latin-1",
        head='<?xml version="1.0" encoding="ISO-8859-1"?>',
        is_lax=True,
    ),
    Writer("Windows-1252, undeclared", codec="cp1252", head="", newline="\r\n", is_lax=True),
    Writer("one line", newline="", indent=""),
    Writer(
        "with an address",
        is_lax=True,
        tail="\nhttps://www.example.org/movie/7?a=1&b=2 <genre>Not this</genre>\n",
    ),
)


@dataclass(frozen=True)
class Written:
    """A made-up file and what it says."""

    content: bytes
    writer: Writer
    title: str
    plot: str
    genres: tuple[str, ...]


@st.composite
def nfo_files(draw: st.DrawFn) -> Written:
    """Draw a file of one of the writers."""
    writer = draw(st.sampled_from(WRITERS))
    title, plot = draw(_TEXT), draw(_TEXT)
    genres = draw(GENRES)
    parts = [_element(writer, "title", title), _element(writer, "plot", f"{plot} & more")]
    parts.append("<actor><name>A. Cast</name><genre>Not this</genre></actor>")
    for extra in draw(st.lists(st.sampled_from(_EXTRAS), max_size=3, unique=True)):
        parts.insert(draw(st.integers(0, len(parts))), extra)
    place = draw(st.integers(0, len(parts)))
    parts[place:place] = _genre_elements(writer, genres)
    start = writer.newline + writer.indent if writer.newline else ""
    root = "<movie>" + "".join(start + part for part in parts) + writer.newline + "</movie>"
    head = writer.head + writer.newline if writer.head else ""
    text = head + root + writer.tail
    content = writer.bom + text.encode(writer.codec)
    return Written(content, writer, title, f"{plot} & more", tuple(genres))


_EXTRAS = (
    "<!-- <genre>Not this</genre> -->",
    "<outline><![CDATA[<genre>Not this</genre>]]></outline>",
    "<set><name>All</name></set>",
    "<lockdata>false</lockdata>",
    "<genre />",
)


def _element(writer: Writer, name: str, text: str) -> str:
    return f"<{name}>{_escaped(text, is_lax=writer.is_lax)}</{name}>"


def _genre_elements(writer: Writer, genres: list[str]) -> list[str]:
    names = [_escaped(name, is_lax=False) for name in genres]
    if writer.joint is not None and names:
        names = [writer.joint.join(names)]
    return [
        f"<genre{writer.attributes if number == 0 else ''}>{name}</genre>"
        for number, name in enumerate(names)
    ]


def _escaped(text: str, *, is_lax: bool) -> str:
    escaped = text.replace("<", "&lt;").replace(">", "&gt;")
    return escaped if is_lax else text.replace("&", "&amp;").replace("<", "&lt;")
