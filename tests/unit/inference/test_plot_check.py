"""Plots that say nothing are named and ignored; real ones are left alone."""

import pytest

from moviegenre.data.placeholders import is_placeholder
from moviegenre.data.text import PlotTokenizer
from moviegenre.inference.plot_check import check_plot, check_plots, other_language

PLOT = "A postman steals a letter from the duchess, and a town near Dover talks of nothing else."


@pytest.mark.parametrize(
    "text",
    [
        "N/A", "n.a.", "-", "TBA", "...", "???", "Unknown", "nan", "NULL", "None", "[]", "0",
        "<p></p>", "&nbsp;", "\ufeff", "Add a plot", "No overview found.", "Plot unknown.",
        "Plot under wraps.", "No description available", "Plot details are currently unknown.",
        "We don't have an overview translated in English.", "Coming soon", "to be announced",
    ],
)  # fmt: skip
def test_placeholders_are_ignored(text: str) -> None:
    check = check_plot(text)
    assert is_placeholder(text)
    assert not check.usable
    assert check.warning is not None
    assert "placeholder" in check.warning


@pytest.mark.parametrize(
    "text",
    [
        "Unknown men rob a bank.",
        "None of the survivors trusts the others.",
        "Missing persons are hunted by a detective.",
        "Plot to kill the king is discovered by a spy.",
        "Test pilots race to space.",
        "No plot of land is worth this feud, thinks the farmer.",
    ],
)
def test_plots_that_begin_like_placeholders_are_read(text: str) -> None:
    assert check_plot(text).usable


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Eine junge Frau zieht mit ihrem Kind in ein altes Haus.", "German"),
        ("Une jeune femme emménage avec son enfant dans une vieille maison.", "French"),
        ("若い女性が子供と古い家に引っ越す。", "Japanese"),
        ("Молодая женщина переезжает в старый дом.", "Russian"),
        ("Una mujer joven se muda con su hijo a una casa vieja.", "Spanish"),
    ],
)
def test_other_languages_are_named(text: str, language: str) -> None:
    assert other_language(text) == language
    check = check_plot(text)
    assert not check.usable
    assert check.warning is not None
    assert f"not in English ({language})" in check.warning


@pytest.mark.parametrize("text", [PLOT, "Dinosaurs attack New York", "Lagaan", "Amélie meets Nino"])
def test_english_and_names_are_no_other_language(text: str) -> None:
    assert other_language(text) is None


@pytest.mark.parametrize(
    "text", ["A man.", "A film about life.", "They do what they do.", "12 345"]
)
def test_texts_without_a_telling_word_are_ignored(text: str) -> None:
    assert not check_plot(text).usable


def test_a_very_short_plot_is_read_with_a_warning() -> None:
    check = check_plot("Zombies attack Dover.")
    assert check.usable
    assert check.warning == "The plot is very short, so the answer is less certain."
    assert check_plot(PLOT).warning is None


def test_random_letters_are_ignored_where_the_tokenizer_is_known() -> None:
    tokenizer = PlotTokenizer.from_words([PLOT], max_words=100)
    check = check_plot("qwrtz asdfg yxcvb", tokenizer=tokenizer)
    assert not check.usable
    assert check.warning == "The plot is mostly unknown words or symbols, so it was ignored."
    assert check_plot(PLOT, tokenizer=tokenizer) == check_plot(PLOT)


def test_a_model_of_another_language_still_refuses_placeholders() -> None:
    german = "Eine junge Frau zieht mit ihrem Kind in ein altes Haus."
    assert check_plot(german, english=False).usable
    assert not check_plot("TBA", english=False).usable


def test_of_several_texts_the_usable_ones_are_kept() -> None:
    assert check_plots(["N/A", PLOT]) == ([PLOT], None)
    texts, warning = check_plots(["N/A", "TBA"])
    assert texts == []
    assert warning == 'The plot is a placeholder ("N/A"), so it was ignored.'
    assert check_plots([]) == ([], None)
