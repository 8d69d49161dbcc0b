"""Recognise texts that are no plots: messages of web pages, code, credits, opinions."""

import re
from collections.abc import Sequence

from moviegenre.core.genre_names import is_standard
from moviegenre.inference.not_plot_words import FACT_WORDS, FILLERS

_PAGE_MESSAGE = re.compile(
    r"\b(we|this (web)?site) uses? cookies\b|\baccept (all )?cookies\b"
    r"|\bpage (that )?(you requested|you are looking for|you're looking for)\b"
    r"|^(http )?(error )?:?404\b|\b404 not found\b|\b(enable|activate) javascript\b"
    r"|\b(log|sign) in to (view|see|read|continue|watch)\b|^(\u00a9|\(c\)|copyright\b).*reserved",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"select\b.{1,200}\bfrom \w+ (where|order|group|limit|join)\b|insert into \w+ ?\("
    r"|select (distinct )?(\*|count ?\(.{1,50}\)) from \w|(?-i:SELECT\b.{1,200}\bFROM \w+;?$)"
    r"|update \w+ set \w+ ?=|delete from \w+ where\b|(drop|create|alter) (table|database) \w"
    r"|(?-i:PREFIX) \w*: ?<|(?-i:MATCH) ?\(\w*(:\w+)?\)|query ?\w* ?\{"
    r"|[\[{]\s*[\"'][\w ]+[\"']\s*:|<\?(php|xml)|#include\b"
    r"|(def|function) \w+ ?\(.{0,100}\) ?[:{]|import \w+(\.\w+)*( as \w+)?;?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(\w+://|www\.)\S+|([a-z]:)?[\\/].*\.\w{2,4}|[^\s.!?]\S*\.[a-z][a-z0-9]{1,4}"
    r"|[^.!?]{1,80}\.(txt|md|rtf|docx?|odt|pdf|csv|tsv|xlsx?|json|xml|html?|nfo|srt|jpe?g|png|gif"
    r"|mkv|mp4|avi|mov|m4v|wmv|iso|zip|rar)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[^.\s][^\s][.!?;|])\s+|\n")  # not after an initial
_TOKEN = re.compile(r"&|[^\W_]+(?:['\u2019.:&-][^\W_]+)*")
_MARTIAL_ARTS = frozenset({"martial", "kung", "bollywood"})  # capitalised, but no names
_MAX_NAMES = 20  # words of names for each word of facts; a list of songs has more
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
        'only about how the film was made, released or received'
    """
    if _PAGE_MESSAGE.search(text):
        return "a message of a web page"
    if _CODE.match(text):
        return "program code"
    if _ADDRESS.fullmatch(text):
        return "the address of a page or a file"
    if _has_only_facts(text):
        return "only about how the film was made, released or received"
    return "a list of names" if _is_list_of_names(text) else None


def _has_only_facts(text: str) -> bool:
    """Return whether a text has only facts about a film and names, as "Directed by Ann Hui".

    Every sentence has a word of credits, technical data or awards, and otherwise only words that go
    with them and capitalised words. A genre is no name.
    """
    if text.isupper():
        return False
    for sentence in _SENTENCE_END.split(text):
        words = list(_TOKEN.finditer(sentence))
        others = [word for word in words if not _is_fact(word[0])]
        if any(not _is_name(sentence, word, word is words[0]) for word in others):
            return False
        num_facts = sum(word[0].lower() in FACT_WORDS for word in words)
        if words and not (num_facts and len(others) <= _MAX_NAMES * num_facts):
            return False
    return True


def _is_fact(word: str) -> bool:
    """Return whether a word goes with facts about a film: a known word, or one with digits."""
    lower = word.lower().replace("\u2019", "'")
    return lower in FACT_WORDS or lower in FILLERS or any(char.isdigit() for char in word)


def _is_name(sentence: str, word: re.Match[str], is_first: bool) -> bool:
    """Return whether a word of a sentence is capitalised as a name, and not as its first word."""
    parts = word[0].split("-")
    is_genre = any(is_standard(part) or part.lower() in _MARTIAL_ARTS for part in parts)
    is_capital = word[0][0].isupper() and not is_genre
    return is_capital and (not is_first or _goes_on(sentence, word.end()))


def _goes_on(sentence: str, end: int) -> bool:
    """Return whether a comma or another capital letter follows: then the first word is a name."""
    rest = sentence[end:].lstrip()
    return rest[:1] in (",", "&") or rest[:1].isupper() or rest.startswith("and ")


def _is_list_of_names(text: str) -> bool:
    parts = [part.strip() for part in _NAME_END.split(text) if part.strip()]
    if len(parts) < _MIN_NAMES or text.isupper() or any(map(is_standard, parts)):
        return False
    words_of = [part.split() for part in parts]
    names = sum(all(word[0].isupper() for word in words) for words in words_of)
    return max(map(len, words_of)) <= _MAX_NAME_WORDS and names >= _NAME_SHARE * len(parts)
