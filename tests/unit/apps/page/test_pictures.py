"""What is drawn: nothing that somebody typed is taken for HTML, and colour is never alone."""

from typing import Any

from moviegenre.apps.page import pictures

ANSWER: dict[str, Any] = {
    "genres": ["Crime"],
    "probabilities": {"Crime": 0.71, "Horror": 0.25},
    "thresholds": {"Crime": 0.4, "Horror": 0.6},
    "modalities": ["plot", "poster"],
}


def test_bars_say_in_words_what_is_chosen() -> None:
    drawn = pictures.bars(ANSWER)
    assert "Genres: Crime" in drawn
    assert "71 % <small>from 40 %</small>" in drawn
    assert drawn.count("✓</span>") == 1
    assert drawn.index(", chosen") < drawn.index('data-genre="Horror"') < drawn.index("not chosen")
    nothing = pictures.bars({**ANSWER, "genres": []})
    assert "none reaches its threshold" in nothing


def test_shares_are_drawn_where_there_are_two() -> None:
    drawn = pictures.shares({"modality_share": {"plot": 0.75, "poster": 0.25}})
    assert "Plot 75 %" in drawn
    assert "Poster 25 %" in drawn
    assert "Only the plot was read." in pictures.shares({"modality_share": {"plot": 1.0}})


def test_the_answers_from_one_part_alone() -> None:
    drawn = pictures.alone(ANSWER, {"plot": {**ANSWER, "genres": []}, "poster": "it is <gone>"})
    assert "<td>✓ Crime 71 %</td>" in drawn
    assert "none; the nearest is Crime with 71 %" in drawn
    assert "it is &lt;gone&gt;" in drawn


def test_words_keep_the_plot_and_its_signs() -> None:
    plot = "<b>ghost</b> & a\n dog, unread"
    shares = [
        {"text": "ghost", "start": 3, "end": 8, "share": 2.0},
        {"text": "a", "start": 15, "end": 16, "share": 0.1},
        {"text": "dog", "start": 18, "end": 21, "share": -1.0},
        {"text": "unread", "start": 23, "end": 29, "share": None},
    ]
    drawn = pictures.words(plot, "Horror", shares)
    assert (
        '&lt;b&gt;<span class="mg-word mg-for" style="--strength:1.00" title="+2.00">ghost</span>'
        '&lt;/b&gt; &amp; a\n <span class="mg-word mg-against" style="--strength:0.50" '
        'title="-1.00">dog</span>, <span class="mg-unread">unread</span>'
    ) in drawn
    assert "Strongest: ghost (+2.00), a (+0.10)" in drawn
    assert "was not read" in drawn
    assert "none" in pictures.words(
        "a", "Horror", [{**shares[1], "start": 0, "end": 1, "share": 0}]
    )


def test_regions_that_spoke_for_a_genre_are_numbered() -> None:
    drawn = pictures.regions("gradio_api/file=a b", "Horror", [[0.5, 0.0], [0.3, -0.5]])
    assert drawn.count('class="mg-region') == 2
    assert 'left:0.00%;top:0.00%;width:50.00%;height:50.00%;--strength:1.00">1</span>' in drawn
    assert 'left:0.00%;top:50.00%;width:50.00%;height:50.00%;--strength:0.60">2</span>' in drawn
    assert "none did" in pictures.regions("a", "Horror", [[-0.5, 0.0]])


def test_scores_are_ranked() -> None:
    known = {"Crime": {"f1": 0.2, "support": 1200}, "Horror": {"f1": 0.9, "precision": 0.8}}
    drawn = pictures.genre_scores(known, {"Crime": 0.4, "Horror": 0.6})
    assert drawn.index("Horror") < drawn.index("Crime")
    assert "<td>90 %</td><td>80 %</td><td>-</td><td>60 %</td><td>0</td>" in drawn


def test_sentences_are_spoken() -> None:
    assert pictures.problem("<x>") == '<p class="mg-problem" role="alert">⚠ &lt;x&gt;</p>'
    assert "3 of 1,200 films" in pictures.progress(3, 1200)
