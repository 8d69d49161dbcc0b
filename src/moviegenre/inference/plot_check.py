"""Check whether a plot is usable: text, in English, and long enough.

A model predicts high probabilities for every text, even "TBA" or Japanese. A refused plot counts as
no plot; the prediction's ``warnings`` give the reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from moviegenre.data.placeholders import MAX_CHECKED, is_placeholder, plain_text
from moviegenre.data.text import PlotTokenizer
from moviegenre.data.words import FUNCTION_WORDS
from moviegenre.inference.not_plot_words import SEQUELS
from moviegenre.inference.not_plots import kind_of_text, repeats_itself

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SHORT_WORDS = 8
"""A plot with fewer different words that carry meaning is read with a warning."""

_LONG = 3  # a plot with this many times more words is not short, but repeats itself
_MAX_QUOTED = 30  # characters of a placeholder that a warning repeats
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zA-Z\u00c0-\u024f]")
_MIN_LETTERS = 12  # a shorter text in Latin letters has no certain language
_MIN_PROBABILITY = 0.75  # from this probability on, a language is certain
_MAX_ENGLISH = 0.02  # above this probability of English, a text is not foreign
_ENGLISH = frozenset({"en", "sco", "pcm", "zxx"})  # with Scots, Pidgin and "no language"
_GARBLED = 0.42  # tokens per letter: none of 4,000 real overviews has more than 0.34
_COMMON_SHARE = 0.2  # from this share of English function words on, a text is English

# Words of any plot: a plot with only these and function words is no evidence for a genre.
_GENERIC = frozenset(
    """called certain character characters different event events everyone everything film films
    find finds girl guy happen happened happens human kind life lives man men movie movies named
    people person persons place places somebody someone something stories story take takes tale
    tell tells time times woman women world""".split()  # noqa: SIM905
)

# Words about a film's place among films: "This is the third film in the series."
_OF_A_SERIES = SEQUELS | frozenset(
    """remake remakes reboot series franchise trilogy instalment instalments installment
    installments part parts chapter follow-up follow version adaptation second third fourth fifth
    sixth seventh eighth ninth tenth two three four five feature features""".split()  # noqa: SIM905
)

_LANGUAGES = {
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "arz": "Arabic", "az": "Azerbaijani",
    "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "bs": "Bosnian", "ca": "Catalan",
    "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "eo": "Esperanto",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic",
    "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer",
    "kn": "Kannada", "ko": "Korean", "ku": "Kurdish", "la": "Latin", "lo": "Lao",
    "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi",
    "ms": "Malay", "my": "Burmese", "nb": "Norwegian", "ne": "Nepali", "nl": "Dutch",
    "nn": "Norwegian", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian",
    "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "uz": "Uzbek", "vi": "Vietnamese", "wuu": "Chinese", "yue": "Cantonese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class PlotCheck:
    """The result of checking a plot.

    Attributes:
        usable: Whether the model should read the plot.
        warning: A sentence for the reader; None if nothing is wrong.
    """

    usable: bool = True
    warning: str | None = None


def check_plot(
    plot: str, *, english: bool = True, tokenizer: PlotTokenizer | None = None
) -> PlotCheck:
    """Return whether a plot is usable, and a warning if it is unusable or very short.

    Args:
        plot: A text with at least one character that is not white space.
        english: Whether the model reads English only; other models get fewer checks.
        tokenizer: The model's tokenizer, for the check on unknown words; None skips this check.

    Example:
        >>> check_plot("TBA").warning
        'The plot is a placeholder ("TBA"), so it was ignored.'
        >>> check_plot("Eine junge Frau zieht mit ihrem Kind in ein altes Haus.").warning
        'The plot is not in English (German), so it was ignored; the model reads English only.'
    """
    if is_placeholder(plot):
        return _ignored(f'is a placeholder ("{plot.strip()[:_MAX_QUOTED]}")')
    text = plain_text(plot)
    words = _WORD.findall(text.lower())
    if not words:
        return _ignored("has no words")
    if (kind := kind_of_text(text)) is not None:
        return _ignored(f"is {kind}")
    if not english:
        return PlotCheck()
    if (language := other_language(text)) is not None:
        return _ignored(f"is not in English ({language})", "; the model reads English only")
    content_words = [word for word in words if word not in FUNCTION_WORDS and word not in _GENERIC]
    if _OF_A_SERIES.issuperset(content_words):
        return _ignored("says too little to tell a genre")
    if repeats_itself(content_words):
        return _ignored("repeats the same words")
    if tokenizer is not None and tokenizer.tokens_per_letter(content_words) > _GARBLED:
        return _ignored("is mostly unknown words or symbols")
    num_different = len(set(content_words))
    if num_different < SHORT_WORDS and len(content_words) >= _LONG * SHORT_WORDS:
        return PlotCheck(True, "The plot has few different words, so the answer is less certain.")
    if num_different < SHORT_WORDS:
        return PlotCheck(True, "The plot is very short, so the answer is less certain.")
    return PlotCheck()


def check_plots(
    plots: Sequence[str], *, english: bool = True, tokenizer: PlotTokenizer | None = None
) -> tuple[list[str], str | None]:
    """Return the usable texts of a film, and a warning if there is a reason.

    Args:
        plots: Texts that are not blank; may be empty.
        english: See ``check_plot``.
        tokenizer: See ``check_plot``.

    Returns:
        The texts, and the warning of the first one if no text is free of warnings.
    """
    checks = [check_plot(plot, english=english, tokenizer=tokenizer) for plot in plots]
    usable = [plot for plot, check in zip(plots, checks, strict=True) if check.usable]
    if not checks or any(check.warning is None for check in checks):
        return usable, None
    first = next((check for check in checks if check.usable), checks[0])
    return usable, first.warning


def other_language(text: str) -> str | None:
    """Return the name of a text's language if it is certainly not English; else None.

    Args:
        text: A text without markup; only its first 2,000 characters count.
    """
    words = _WORD.findall(text[:MAX_CHECKED].lower())
    letters = sum(map(len, words))
    latin = sum(1 for word in words for letter in word if _LATIN.match(letter))
    if not words or (2 * latin >= letters and letters < _MIN_LETTERS):
        return None
    common_share = sum(word in FUNCTION_WORDS for word in words) / len(words)
    if common_share >= _COMMON_SHARE:  # true for most plots, so the identifier is seldom loaded
        return None
    ranked = _identifier().rank(text[:MAX_CHECKED])
    code, probability = ranked[0]
    english = sum(value for name, value in ranked if name in _ENGLISH)
    if code in _ENGLISH or english > _MAX_ENGLISH or probability < _MIN_PROBABILITY:
        return "unknown language" if 2 * latin < letters else None
    return _LANGUAGES.get(code, f"language code {code}")


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _ignored(reason: str, addition: str = "") -> PlotCheck:
    return PlotCheck(False, f"The plot {reason}, so it was ignored{addition}.")
