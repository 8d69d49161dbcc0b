"""Recognise texts that are no plots: messages of web pages, code, lists of names."""

import re
from collections.abc import Sequence

from moviegenre.core.genre_names import is_standard

_PAGE_MESSAGE = re.compile(
    r"\b(we|this (web)?site) uses? cookies\b|\baccept (all )?cookies\b"
    r"|\bpage (that )?(you requested|you are looking for|you're looking for)\b"
    r"|^(http )?(error )?:?404\b|\b404 not found\b|\b(enable|activate) javascript\b"
    r"|\b(log|sign) in to (view|see|read|continue|watch)\b|^(\u00a9|\(c\)|copyright\b).*reserved",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"select\b.{1,200}\bfrom \w+ (where|order|group|limit|join)\b|insert into \w+ ?\("
    r"|[\[{]\s*[\"'][\w ]+[\"']\s*:|<\?(php|xml)|#include\b"
    r"|(def|function) \w+ ?\(.{0,100}\) ?[:{]|import \w+(\.\w+)*( as \w+)?;?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(\w+://|www\.)\S+|([a-z]:)?[\\/].*\.\w{2,4}", re.IGNORECASE)
_NAME_END = re.compile(r"[,.:;|/\n]+(?:\s+|$)|\s+(?:and|&)\s+")
_MIN_NAMES = 3
_MAX_NAME_WORDS = 4
_NAME_SHARE = 0.8  # of the parts of a list of names; the others are such as "137 min"
_MIN_REPEATED = 5  # words, with which a text of one or two different words repeats itself


def repeats_itself(content_words: Sequence[str]) -> bool:
    """Return whether a text has the same one or two words again and again.

    Example:
        >>> repeats_itself(["blah"] * 9), repeats_itself(["love", "war"])
        (True, False)
    """
    return len(content_words) >= _MIN_REPEATED and len(set(content_words)) <= 2


def kind_of_text(text: str) -> str | None:
    """Return what a text is if it is certainly no plot; else None.

    Args:
        text: A text without markup.

    Example:
        >>> kind_of_text("We use cookies to improve your experience.")
        'a message of a web page'
        >>> kind_of_text("Director: James Cameron. Starring: Bill Paxton, Carrie Henn.")
        'a list of names'
    """
    if _PAGE_MESSAGE.search(text):
        return "a message of a web page"
    if _CODE.match(text):
        return "program code"
    if _ADDRESS.fullmatch(text):
        return "the address of a page or a file"
    return "a list of names" if _is_list_of_names(text) else None


def _is_list_of_names(text: str) -> bool:
    parts = [part.strip() for part in _NAME_END.split(text) if part.strip()]
    if len(parts) < _MIN_NAMES or text.isupper() or any(map(is_standard, parts)):
        return False
    words_of = [part.split() for part in parts]
    names = sum(all(word[0].isupper() for word in words) for words in words_of)
    return max(map(len, words_of)) <= _MAX_NAME_WORDS and names >= _NAME_SHARE * len(parts)
