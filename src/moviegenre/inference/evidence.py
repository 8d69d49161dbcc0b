"""From what a model answers without parts of a film to what a reader is shown of it."""

from collections.abc import Mapping, Sequence

import numpy as np

from moviegenre.data.words import plot_words
from moviegenre.inference.occlusion import Floats, Run, WordEffects, acts_together
from moviegenre.inference.prediction import Phrase, WordShare

LEAST_CHANGE = 0.01
"""How far a genre's probability must change without a word or a region that is named."""


def word_shares(
    plot: str, values: Floats, without: Mapping[Run, float] | None = None
) -> tuple[WordShare, ...]:
    """Return every word of a plot with its share.

    Args:
        plot: The text.
        values: Shares of the first W words (W,); the model read no further.
        without: The probability without words that were left out alone.
    """
    known = without or {}
    words = plot_words(plot)
    shares = [*(float(value) for value in values), *[None] * (len(words) - len(values))]
    return tuple(
        WordShare(word.text, word.start, word.end, share, known.get((place,)))
        for place, (word, share) in enumerate(zip(words, shares, strict=True))
    )


def phrases(
    plot: str,
    found: WordEffects,
    label: int,
    whole: float,
    without: Mapping[Run, float],
    scale: float,
) -> tuple[Phrase, ...]:
    """Return the words and phrases that change a label's probability, strongest first.

    Neighbours that act together are one phrase; its words are not named alone.

    Args:
        plot: The text.
        found: What the model answers without its words.
        label: The label.
        whole: Its probability.
        without: Its probability without each run of words in ``found``.
        scale: What the calibration multiplies its logit by.
    """
    joint = [run for run in found.without if len(run) > 1]
    joint = [run for run in joint if acts_together(found.whole, found.without, run, label)]
    chosen: list[Run] = []
    taken: set[int] = set()
    for run in sorted(joint, key=lambda run: (-len(run), -abs(whole - without[run]))):
        if taken.isdisjoint(run) and abs(whole - without[run]) >= LEAST_CHANGE:
            chosen.append(run)
            taken.update(run)
    single = [run for run in found.without if len(run) == 1 and run[0] not in taken]
    chosen += [run for run in single if abs(whole - without[run]) >= LEAST_CHANGE]
    words = plot_words(plot)
    rows = []
    for run in sorted(chosen, key=lambda run: without[run]):
        start, end = words[run[0]].start, words[run[-1]].end
        share = scale * float(found.whole[label] - found.without[run][label])
        rows.append(Phrase(" ".join(plot[start:end].split()), start, end, share, without[run]))
    return tuple(rows)


def note_of_words(genre: str, named: Sequence[Phrase]) -> tuple[str, ...]:
    """Return what a reader should know where no word or phrase is named."""
    if named:
        return ()
    return (f"No single word of the plot changes {genre} by a point or more.",)


def note_of_regions(genre: str, regions: Floats) -> tuple[str, ...]:
    """Return what a reader should know where no region speaks for a genre."""
    if np.any(regions > 0):
        return ()
    if np.any(regions):
        return (f"Regions of the poster speak only against {genre}.",)
    return (f"No region of the poster changes {genre} more than chance would.",)
