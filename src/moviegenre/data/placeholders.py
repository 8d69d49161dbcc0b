"""Texts that stand for a missing value, and markup around texts."""

import html
import re

from moviegenre.data.placeholder_words import says_no_plot

MAX_CHECKED = 2000
"""Characters of a text that are checked."""

_PLACEHOLDER = re.compile(
    r"""(
      n\.?/?\s*a\.? | nan | null | none | nil | tb[acd] | unknown | untitled | undefined | empty
    | missing | deleted | removed | redacted | withheld
    | coming\ soon | to\ be\ (announced|determined|confirmed|added) | test
    | \\n | nat | (\#|=)?(ref|na|value|name)[!?()]*
    | (none|nothing)\ (available|listed|found|yet|known)
    | not\ (yet\ )?(known|available|found|provided|given|added|translated|announced)
    | s\d{1,2}\W?e\d{1,3}
    | k\.?\s?a | unbekannt | desconocid[ao] | inconnue? | sconosciut[ao] | onbekend
    | (know\ what\ this\ is\ about\W+)?be\ the\ first\ (one\ )?to\ (add|write|contribute)\b.*
    | (unknown|missing|untitled)?\ ?
      (plot|overview|synopsis|description|summary|storyline)
    | (lorem\ ipsum\b.*)
    | (please\ )?(add|write|insert|enter)\ (a|an|the|your)?\ ?
      ((plot|overview|synopsis|description|summary|storyline)\b.*|content|text)
    | (see|read|show)\ (more|(the\ )?(full|complete)\ (plot\ )?(plot|summary|synopsis|description))
    )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_GENRE_PLACEHOLDER = re.compile(
    r"(no|not)( \w+)? (genres?|specified|given|set|categor\w+)( \w+){0,2}|uncategori[sz]ed"
    r"|(not|none) (listed|available|applicable|known|assigned)"
    r"|(unknown|undefined|missing) genres?|genres? (is )?(unknown|undefined|missing)",
    re.IGNORECASE,
)
_TITLE_PLACEHOLDER = re.compile(  # no word that is also a title, such as Missing or Unknown
    r"n\.?/?\s*a\.?|nan|null|none|nil|nat|tb[acd]|untitled|undefined|\\n"
    r"|#(ref|value|name)[!?]|to be (announced|determined|confirmed|added)"
    r"|((no|unknown|missing|untitled) )?(title|titel)( (un|not )(known|available|given|found))?"
    r"|(not|none) (yet )?(available|found|given|provided)",
    re.IGNORECASE,
)
_POSTER_PLACEHOLDER = re.compile(
    r"(no|not)( \w+)? (posters?|images?|pictures?|covers?)( \w+){0,2}", re.IGNORECASE
)
_PUNCTUATION = " .!?-_:;,'\"[](){}*#\u00bb\u2026\u3002\ufeff"
_MARKUP = re.compile(r"<[^<>]{0,200}>|&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{1,20});", re.IGNORECASE)
_TAG_NAMES = (
    "a|abbr|article|b|big|blockquote|body|br|center|cite|code|div|em|font|h[1-6]|head|hr|html|i|img"
    "|li|mark|ol|p|pre|q|s|section|small|span|strike|strong|sub|sup|table|tbody|td|th|tr|u|ul"
)
_TAG = re.compile(
    rf"<!--.{{0,2000}}?-->|</?(?:{_TAG_NAMES})(?:\s[^<>]{{0,2000}})?\s*/?>",
    re.IGNORECASE | re.DOTALL,
)
_LINE_TAG = re.compile(r"<(?:br|/p|/div|/li|/h[1-6])\b", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")


def is_placeholder(text: str) -> bool:
    """Return whether a text stands for a plot that is missing, such as "N/A" or "Add a plot".

    Example:
        >>> is_placeholder("No overview found."), is_placeholder("Unknown men rob a bank.")
        (True, False)
    """
    bare = plain_text(text).strip(_PUNCTUATION).replace("\u2019", "'")
    return not bare or bare == "0" or _PLACEHOLDER.fullmatch(bare) is not None or says_no_plot(bare)


def is_title_placeholder(title: str) -> bool:
    """Return whether a text stands for a title that is missing.

    Example:
        >>> is_title_placeholder("N/A"), is_title_placeholder("Missing")
        (True, False)
    """
    text = plain_text(title)
    bare = text.strip(_PUNCTUATION)
    return bare in ("", "0") or any(map(_TITLE_PLACEHOLDER.fullmatch, (bare, text)))


def is_genre_placeholder(name: str) -> bool:
    """Return whether a text stands for a genre that is missing.

    Example:
        >>> is_genre_placeholder("(no genres listed)"), is_genre_placeholder("Film-Noir")
        (True, False)
    """
    bare = plain_text(name).strip(_PUNCTUATION)
    return is_placeholder(name) or _GENRE_PLACEHOLDER.fullmatch(bare) is not None


def is_poster_placeholder(name: str) -> bool:
    """Return whether the name of a poster's file stands for a missing poster.

    Example:
        >>> is_poster_placeholder("N/A"), is_poster_placeholder("na.jpg")
        (True, False)
    """
    bare = name.strip(_PUNCTUATION)
    return is_placeholder(name) or _POSTER_PLACEHOLDER.fullmatch(bare) is not None


def plain_text(text: str) -> str:
    """Return the beginning of a text without markup and repeated white space."""
    return " ".join(_MARKUP.sub(" ", text[:MAX_CHECKED]).split())


def without_markup(text: str) -> str:
    r"""Return a text without HTML's tags, comments and entities; other texts stay the same.

    Example:
        >>> without_markup("<p>A <b>lion</b> &amp; a boy.<br/>They flee.</p>")
        'A lion & a boy.\nThey flee.'
        >>> without_markup("He <3 her, 2 < 3 & so on")
        'He <3 her, 2 < 3 & so on'
    """
    if "<" not in text and "&" not in text:
        return text
    bare = _without_tags(text)
    if "&" in bare:
        unescaped = html.unescape(bare)
        bare = _without_tags(unescaped) if unescaped != bare else bare
    if bare == text:
        return text
    lines = (_SPACES.sub(" ", line).strip() for line in bare.split("\n"))
    return "\n".join(line for line in lines if line)


def _without_tags(text: str) -> str:
    return _TAG.sub(lambda tag: "\n" if _LINE_TAG.match(tag[0]) else "", text)
