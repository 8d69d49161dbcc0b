"""A prediction as HTML, pickled and copied."""

import copy
import pickle
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from moviegenre.core.errors import InputError
from moviegenre.inference.prediction import Explanation, Prediction
from moviegenre.inference.similar import SimilarMovie

PREDICTION = Prediction(
    genres=["Crime"],
    probabilities={"Crime": 0.912, "Drama": 0.25, "<b>&": 0.1, "War": 0.0},
    thresholds={"Crime": 0.4, "Drama": 0.3, "<b>&": 1.0, "War": 0.5},
    modalities=["plot"],
    warnings=["The plot is <short>."],
    _explain=lambda genres: Explanation({}, plot=",".join(genres)),
    _similar=lambda count: [SimilarMovie("7", "Rain", 1950, ["Crime"], 0.9)][:count],
)


class Page(HTMLParser):
    """Reads HTML, and fails where an element is not closed in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_html_names_genres_with_bars_and_warnings() -> None:
    html = PREDICTION._repr_html_()
    page = Page(html)
    assert page.texts[:2] == ["Crime", "· read: plot · mark: threshold"]
    assert page.texts[2:5] == ["Crime", "91%", "chosen"]
    assert "⚠ The plot is <short>." in page.texts
    assert "<b>&" in page.texts
    assert set(page.tags) == {"div", "strong", "table", "tbody", "tr", "th", "td"}
    assert "width:91.2%" in html
    assert "left:40.0%" in html


def test_html_folds_away_all_but_six_genres() -> None:
    names = [f"Genre {number}" for number in range(9)]
    many = replace(
        PREDICTION,
        genres=[],
        probabilities=dict.fromkeys(names, 0.1),
        thresholds=dict.fromkeys(names, 0.5),
    )
    page = Page(many._repr_html_())
    assert (
        "Not sure. Likeliest: Genre 0, Genre 1, Genre 2 · read: plot · mark: threshold"
        in page.texts
    )
    fold = page.texts.index("3 more genres")
    assert [text for text in page.texts[fold:] if text.startswith("Genre")] == names[6:]
    all_chosen = replace(many, genres=names)
    assert "details" not in Page(all_chosen._repr_html_()).tags


def test_a_genre_that_would_be_printed_as_zero_is_not_likely() -> None:
    probabilities = {"Drama": 0.08, "Documentary": 0.0051, "Comedy": 0.004}
    unsure = replace(PREDICTION, genres=[], probabilities=probabilities)
    assert list(unsure.likeliest) == ["Drama", "Documentary"]


def test_html_of_a_film_that_cannot_be_read_says_why() -> None:
    page = Page(Prediction.unreadable("no <plot>")._repr_html_())
    assert page.texts == ["No answer", "⚠ no <plot>"]


def test_a_film_that_cannot_be_read_explains_nothing() -> None:
    prediction = Prediction.unreadable("no plot")
    assert prediction.likeliest == {}
    assert prediction.to_json_dict()["error"] == "no plot"
    for call in (prediction.explain, prediction.similar):
        with pytest.raises(InputError, match="there is no answer to explain: no plot"):
            call()


def test_a_pickled_prediction_leaves_its_model_behind() -> None:
    loaded = pickle.loads(pickle.dumps(PREDICTION))
    assert loaded == PREDICTION
    assert loaded.to_json_dict() == PREDICTION.to_json_dict()
    for call in (loaded.explain, loaded.similar):
        with pytest.raises(InputError, match=r"was pickled.*predictor.predict\(\.\.\.\).explain"):
            call()


def test_a_copy_keeps_its_model() -> None:
    for made in (copy.copy(PREDICTION), copy.deepcopy(PREDICTION)):
        assert made == PREDICTION
        assert made is not PREDICTION
        assert made.explain(attribute=["Crime"]).plot == "Crime"
        assert made.similar()[0].title == "Rain"
    made.genres.append("Drama")
    assert PREDICTION.genres == ["Crime"]
