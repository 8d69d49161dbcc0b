"""A tolerant scanner of XML: the positions of the root and its children, and their texts.

Media managers write files that no XML parser accepts (a bare ``&``, an address after the root).
The scanner accepts such files. It replaces only HTML's named characters and numeric references,
each by one character, so no file can grow in memory.
"""

import re
from collections import Counter
from dataclasses import dataclass
from html.entities import html5

_TOKEN = re.compile(
    r"""
      (?P<skip> <!--.*?(?:-->|\Z) | <\?.*?(?:\?>|\Z)
              | <!DOCTYPE[^\[>]*+(?:>|\[.*?(?:\]\s*+>|\Z)|\Z) )
    | (?P<cdata> <!\[CDATA\[.*?(?:\]\]>|\Z) )
    | (?P<tag> <(?P<slash>/?)(?P<name>[A-Za-z_][^\s/<>"'=]*+)(?:"[^"<]*+"|'[^'<]*+'|[^'"<>])*+> )
    """,
    re.VERBOSE | re.DOTALL,
)
_REFERENCE = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CDATA_START, _CDATA_END = "<![CDATA[", "]]>"
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True)
class Element:
    """An element and its positions in the text.

    Attributes:
        name: Its name.
        start: The start of its start tag.
        inner_start: The start of its content.
        inner_end: The end of its content.
        end: The end of its end tag.
    """

    name: str
    start: int
    inner_start: int
    inner_end: int
    end: int

    @property
    def is_empty_tag(self) -> bool:
        """Whether it is written as ``<name/>``."""
        return self.inner_start == self.end


@dataclass(frozen=True)
class Root:
    """The root of a text.

    Attributes:
        element: The root itself; without an end tag, it ends with the text.
        children: The elements directly in it, in order.
        fault: Why it cannot be changed safely; None if it can.
    """

    element: Element
    children: tuple[Element, ...]
    fault: str | None = None


def find_root(text: str) -> Root | None:
    """Return the root of a text; None if the text does not begin with an element.

    Example:
        >>> root = find_root("<movie><title>Tom & Ann</title></movie> https://example.org")
        >>> root.element.name, [child.name for child in root.children]
        ('movie', ['title'])
    """
    position = 0
    for token in _TOKEN.finditer(text):
        if text[position : token.start()].strip():
            return None
        if token["tag"]:
            break
        if token["cdata"]:
            return None
        position = token.end()
    else:
        return None
    if token["slash"]:
        return None
    start, inner = token.span()
    if _closes_itself(token):
        return Root(Element(token["name"], start, inner, inner, inner), ())
    return _children(text, token["name"], start, inner)


def _children(text: str, name: str, start: int, inner_start: int) -> Root:
    """Return the root with its children; its content begins at ``inner_start``."""
    children: list[Element] = []
    open_tags: list[tuple[str, int, int]] = []  # below the root: name, start, start of content
    names = Counter({name: 1})
    for token in _TOKEN.finditer(text, inner_start):
        if not token["tag"]:
            continue
        tag = token["name"]
        if not token["slash"]:
            if not _closes_itself(token):
                open_tags.append((tag, *token.span()))
                names[tag] += 1
            elif not open_tags:
                children.append(Element(tag, token.start(), *[token.end()] * 3))
            continue
        if not names[tag]:
            continue  # an end tag without a start tag
        while open_tags:
            open_tag, open_start, open_inner = open_tags.pop()
            names[open_tag] -= 1
            if open_tag == tag:
                if not open_tags:
                    children.append(Element(tag, open_start, open_inner, *token.span()))
                break
            if not open_tags:  # the root ends before its child
                element = Element(name, start, inner_start, *token.span())
                return Root(element, tuple(children), f"<{open_tag}> is never closed")
        else:
            return Root(Element(name, start, inner_start, *token.span()), tuple(children))
    element = Element(name, start, inner_start, len(text), len(text))
    return Root(element, tuple(children), f"</{name}> is missing")


def plain_text(text: str, element: Element) -> str:
    """Return the text in an element without markup, stripped.

    Example:
        >>> text = "<plot>Tom &amp; <b>Ann</b> & <![CDATA[<co>]]></plot>"
        >>> plain_text(text, find_root(text).element)
        'Tom & Ann & <co>'
    """
    parts, position = [], element.inner_start
    for token in _TOKEN.finditer(text, element.inner_start, element.inner_end):
        parts.append(unescaped(text[position : token.start()]))
        if token["cdata"]:
            parts.append(token["cdata"].removeprefix(_CDATA_START).removesuffix(_CDATA_END))
        position = token.end()
    parts.append(unescaped(text[position : element.inner_end]))
    return "".join(parts).strip()


def has_markup(text: str, element: Element) -> bool:
    """Return whether an element holds more than text."""
    return _TOKEN.search(text, element.inner_start, element.inner_end) is not None


def unescaped(text: str) -> str:
    """Return a text with character references replaced; unknown references stay."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(reference: re.Match[str]) -> str:
    name = reference[1]
    if not name.startswith("#"):
        return html5.get(f"{name};", reference[0])
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    if not 0 < number <= 0x10FFFF or number in _SURROGATES:
        return reference[0]
    return chr(number)


def _closes_itself(token: re.Match[str]) -> bool:
    return token["tag"].endswith("/>")
