"""The words, phrases and notes of an explanation, from the effects of leaving parts out."""

from collections.abc import Mapping, Sequence

import numpy as np

from moviegenre.data.words import plot_words
from moviegenre.inference.occlusion import Floats, Run, WordEffects, acts_together
from moviegenre.inference.prediction import Phrase, WordShare

LEAST_CHANGE = 0.01
"""The smallest change of a probability for which a word or a region is named."""


def word_shares(
    plot: str, values: Floats, without: Mapping[Run, float] | None = None
) -> tuple[WordShare, ...]:
    """Return every word of a plot with its share.

    Args:
        plot: The text.
        values: Shares of the first W words (W,), which are the words that the model read.
        without: The probability without each word that was left out alone.
    """
    probability_without = without or {}
    words = plot_words(plot)
    shares = [*(float(value) for value in values), *[None] * (len(words) - len(values))]
    return tuple(
        WordShare(word.text, word.start, word.end, share, probability_without.get((index,)))
        for index, (word, share) in enumerate(zip(words, shares, strict=True))
    )


def phrases(
    plot: str,
    effects: WordEffects,
    label: int,
    whole: float,
    without: Mapping[Run, float],
    scale: float,
) -> tuple[Phrase, ...]:
    """Return the words and phrases that change a label's probability, strongest first.

    Neighbouring words that act together are one phrase, not several words.

    Args:
        plot: The text.
        effects: The effects of leaving its words out.
        label: The label.
        whole: The label's probability for the whole plot.
        without: The label's probability without each run of words in ``effects``.
        scale: The calibration's factor for the label's logit.
    """
    joint = [run for run in effects.without if len(run) > 1]
    joint = [run for run in joint if acts_together(effects.whole, effects.without, run, label)]
    chosen: list[Run] = []
    in_phrases: set[int] = set()
    for run in sorted(joint, key=lambda run: (-len(run), -abs(whole - without[run]))):
        if in_phrases.isdisjoint(run) and abs(whole - without[run]) >= LEAST_CHANGE:
            chosen.append(run)
            in_phrases.update(run)
    single = [run for run in effects.without if len(run) == 1 and run[0] not in in_phrases]
    chosen += [run for run in single if abs(whole - without[run]) >= LEAST_CHANGE]
    words = plot_words(plot)
    rows = []
    for run in sorted(chosen, key=lambda run: without[run]):
        start, end = words[run[0]].start, words[run[-1]].end
        share = scale * float(effects.whole[label] - effects.without[run][label])
        rows.append(Phrase(" ".join(plot[start:end].split()), start, end, share, without[run]))
    return tuple(rows)


def note_of_words(genre: str, named: Sequence[Phrase]) -> tuple[str, ...]:
    """Return a note if no word or phrase is named."""
    if named:
        return ()
    return (f"No single word of the plot changes {genre} by a point or more.",)


def note_of_regions(genre: str, regions: Floats) -> tuple[str, ...]:
    """Return a note if no region speaks for a genre."""
    if np.any(regions > 0):
        return ()
    if np.any(regions):
        return (f"Regions of the poster speak only against {genre}.",)
    return (f"No region of the poster changes {genre} more than chance would.",)
