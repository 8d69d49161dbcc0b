"""What a reader is shown of words: those that change a probability, phrases before words."""

import numpy as np

from moviegenre.inference.evidence import note_of_regions, note_of_words, phrases, word_shares
from moviegenre.inference.occlusion import Run, WordEffects

PLOT = "A serial killer haunts\n Dover, and sings."
WITHOUT: dict[Run, float] = {
    (1,): 0.80,
    (2,): 0.79,
    (3,): 0.795,
    (4,): 0.60,
    (6,): 0.9,
    (1, 2): 0.4,
    (2, 3): 0.79,
}


def effects() -> WordEffects:
    """Return logits that fall by 1 without Dover, by 2 without both words of the phrase."""
    falls = {(1,): 0.0, (2,): 0.1, (3,): 0.05, (4,): 1.0, (6,): -0.8, (1, 2): 2.0, (2, 3): 0.1}
    without = {run: np.array([-fall], dtype=np.float32) for run, fall in falls.items()}
    return WordEffects(np.zeros(1, dtype=np.float32), np.zeros((1, 7), dtype=np.float32), without)


def test_phrases_stand_in_place_of_their_words_strongest_first() -> None:
    found = phrases(PLOT, effects(), 0, whole=0.8, without=WITHOUT, scale=2.0)
    assert [(one.text, one.without) for one in found] == [
        ("serial killer", 0.4),
        ("Dover", 0.6),
        ("sings", 0.9),
    ]
    assert [one.share for one in found] == [4.0, 2.0, np.float32(-1.6)]
    assert [PLOT[one.start : one.end] for one in found] == ["serial killer", "Dover", "sings"]


def test_words_know_the_probability_without_them() -> None:
    words = word_shares(PLOT, np.array([0.0, 0.5], dtype=np.float32), WITHOUT)
    assert [(word.text, word.share, word.without) for word in words[:3]] == [
        ("A", 0.0, None),
        ("serial", 0.5, 0.8),
        ("killer", None, 0.79),
    ]


def test_a_note_says_where_nothing_is_named() -> None:
    assert note_of_words("Horror", []) == (
        "No single word of the plot changes Horror by a point or more.",
    )
    assert note_of_regions("Horror", np.zeros((2, 2), dtype=np.float32)) == (
        "No region of the poster changes Horror more than chance would.",
    )
    assert note_of_regions("Horror", np.eye(2, dtype=np.float32)) == ()
    assert note_of_regions("Horror", -np.eye(2, dtype=np.float32)) == (
        "Regions of the poster speak only against Horror.",
    )
