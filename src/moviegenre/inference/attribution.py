"""Which words of a plot and which regions of a poster spoke for a genre, whatever the backend."""

from collections.abc import Sequence
from dataclasses import dataclass

from moviegenre.core.types import Modality
from moviegenre.data.words import plot_words
from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import Ask, Floats, Places, occlude_regions, occlude_words
from moviegenre.inference.prediction import WordShare


@dataclass(frozen=True)
class Attribution:
    """What each part of a film did to some labels.

    Attributes:
        values: Of words (G, W), in the order of ``plot_words``, W being how many were read; or of
            regions (G, rows, columns). In logits, before calibration; positive spoke for the label.
        method: How they were found.
    """

    values: Floats
    method: str


def attribute(
    ask: Ask, film: Film, places: Places, labels: Sequence[int]
) -> dict[Modality, Attribution]:
    """Return what the words and the regions of a film did, for the modalities that it has.

    Args:
        ask: The model's logits of films.
        film: The film.
        places: The word that each of its tokens belongs to (T,).
        labels: Which labels, G of them.
    """
    found = {}
    if Modality.PLOT in film.modalities:
        values = occlude_words(ask, film, places, labels)
        found[Modality.PLOT] = Attribution(values, "leaving words out")
    if Modality.POSTER in film.modalities:
        values = occlude_regions(ask, film, labels)
        found[Modality.POSTER] = Attribution(values, "greying out regions")
    return found


def word_shares(plot: str, values: Floats) -> tuple[WordShare, ...]:
    """Return every word of a plot with its share.

    Args:
        plot: The text.
        values: Shares of the first W words (W,); the model read no further.
    """
    words = plot_words(plot)
    shares = [*(float(value) for value in values), *[None] * (len(words) - len(values))]
    return tuple(
        WordShare(word.text, word.start, word.end, share)
        for word, share in zip(words, shares, strict=True)
    )
