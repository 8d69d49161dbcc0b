"""The text of an .nfo file, which can be edited without changing other bytes."""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from moviegenre.core.errors import DataError

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ASCII = "".join(map(chr, (9, 10, 13, *range(32, 127))))
_GUESS = "cp1252"  # for bytes that are not UTF-8: a superset of printable Latin-1


class NfoError(DataError):
    """An .nfo file cannot be read, or cannot be changed without touching other bytes."""


@dataclass(frozen=True)
class Edit:
    """A change of a text.

    Attributes:
        start: The first character that is replaced.
        end: The first character that stays; equal to ``start`` for an insertion.
        new: The new text.
    """

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class NfoText:
    """A decoded .nfo file.

    Attributes:
        characters: Its text without the byte order mark; line ends as they are.
        codec: The encoding, as Python names it.
        bom: The byte order mark; empty if there is none.
        is_sure: Whether the encoding is certain; otherwise only ASCII is added.
    """

    characters: str
    codec: str
    bom: bytes = b""
    is_sure: bool = True

    def encode(self, text: str) -> bytes:
        """Return a part of the text as its original bytes."""
        return text.encode(self.codec, _errors(self.codec))

    def escaped(self, text: str) -> str:
        """Return a new text as XML that is valid in this encoding.

        Example:
            >>> NfoText("", "latin-1").escaped("Krimi & \u017d\u00e9n")
            'Krimi &amp; &#381;\u00e9n'
        """
        plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return "".join(
            character if self._can_hold(character) else f"&#{ord(character)};"
            for character in plain
        )

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """Return the file with some parts changed; every other byte is as it was.

        Args:
            edits: Edits that do not overlap; edits at the same position keep their order.

        Raises:
            NfoError: The encoding depends on earlier text, so parts cannot be changed.
        """
        old, new = [self.bom], [self.bom]
        position = 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            unchanged = self.encode(self.characters[position : edit.start])
            old += [unchanged, self.encode(self.characters[edit.start : edit.end])]
            new += [unchanged, self.encode(edit.new)]
            position = edit.end
        tail = self.encode(self.characters[position:])
        if b"".join([*old, tail]) != self.bom + self.encode(self.characters):
            raise NfoError(
                f"the encoding {self.codec} cannot be changed in parts; save it as UTF-8"
            )
        return b"".join([*new, tail])

    def _can_hold(self, character: str) -> bool:
        if character.isascii():
            return True
        if not self.is_sure:
            return False
        try:
            character.encode(self.codec)
        except UnicodeEncodeError:
            return False
        return True


def decode_nfo(content: bytes) -> NfoText:
    """Return the text of an .nfo file.

    A byte order mark decides, then the declaration, then whether the bytes are UTF-8; other
    bytes are read as Windows-1252.

    Args:
        content: The file.

    Raises:
        NfoError: The text cannot be turned back into the same bytes.
    """
    text = _decoded(content)
    if text.bom + text.encode(text.characters) != content:
        raise NfoError(f"its encoding {text.codec} cannot be written back; save it as UTF-8")
    return text


def _decoded(content: bytes) -> NfoText:
    for bom, codec in _BOMS:
        if content.startswith(bom):
            return NfoText(_decode(content[len(bom) :], codec), codec, bom)
    for start, codec in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(start):
            return NfoText(_decode(content, codec), codec)
    declared = _declared_codec(content)
    is_contradicted = False
    for codec in filter(None, (declared, "utf-8")):
        try:
            return NfoText(content.decode(codec), codec, is_sure=not is_contradicted)
        except UnicodeDecodeError:
            is_contradicted = True
    return NfoText(_decode(content, _GUESS), _GUESS, is_sure=False)


def _declared_codec(content: bytes) -> str | None:
    """Return the declared encoding; None if there is none or it cannot be right.

    A declaration that can be read as ASCII cannot be in UTF-16, even if it names UTF-16.
    """
    match = _DECLARED.match(content)
    if match is None:
        return None
    try:
        info = codecs.lookup(match[1].decode("ascii"))
        is_ascii = _ASCII.encode("ascii").decode(info.name) == _ASCII
        is_ascii = is_ascii and _ASCII.encode(info.name) == _ASCII.encode("ascii")
    except (LookupError, ValueError):
        return None
    return info.name if is_ascii else None


def _decode(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec, _errors(codec))
    except UnicodeDecodeError:
        raise NfoError(f"it is no whole {codec} text; save it as UTF-8") from None


def _errors(codec: str) -> str:
    return "surrogatepass" if codec.startswith("utf-16") else "surrogateescape"
