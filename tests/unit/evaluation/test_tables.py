"""Tables and the words in their cells."""

import io

import pytest
from rich.console import Console

from moviegenre.evaluation.bootstrap import Interval
from moviegenre.evaluation.documents import (
    Table,
    duration,
    interval_text,
    per_cent,
    rich_tables,
)
from moviegenre.evaluation.findings import findings
from moviegenre.evaluation.tables import (
    contrast_table,
    fact_tables,
    ranking_table,
    training_table,
)
from tests.unit.evaluation.fake_runs import make_comparison


def test_markdown_aligns_numbers_and_escapes_bars() -> None:
    table = Table(("model", "F1"), (("a|b", "1.00"),))
    assert table.to_markdown() == "| model | F1 |\n| --- | ---: |\n| a\\|b | 1.00 |"


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_numbers_on_the_console_are_whole_at_every_width(width: int) -> None:
    headings = ("", *(f"F1-macro of number {number}" for number in range(9)))
    rows = (("runs/a/long/path/to/checkpoints/wide_deep", *(f"{n}2.3456" for n in range(9))),)
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for part in rich_tables(Table(headings, rows), width, title="scores", caption="at 0.5"):
        console.print(part)
    text = stream.getvalue()
    assert "…" not in text
    assert [number for n in range(9) if (number := f"{n}2.3456") not in text] == []
    assert max(map(len, text.splitlines())) <= width
    assert text.count("at 0.5") == 1


def test_the_ranking_says_all_five_metrics() -> None:
    table = ranking_table(make_comparison({"bert": 0.58, "cnn": 0.3}, spread=0.01))
    assert table.rows[0] == (
        "1",
        "BERT text",
        "plot",
        "58.00",
        "57.05 to 58.95",
        "50.00",
        "50.00",
        "50.00",
        "0.5000",
    )
    assert [row[1] for row in table.rows] == ["BERT text", "CNN vision"]


def test_contrasts_state_points_per_cent_ratio_and_interval() -> None:
    comparison = make_comparison({"bert": 0.5, "early_fusion": 0.6}, spread=0.005)
    assert contrast_table(findings(comparison)[0]).rows == (
        (
            "early fusion (60.00)",
            "BERT text (50.00)",
            "+10.00",
            "+20.0 %",
            "1.200",
            "+9.05 to +10.95",
        ),
    )


def test_training_times_are_added_up() -> None:
    rows = training_table(make_comparison({"bert": 0.5, "cnn": 0.4})).rows
    assert rows[0] == (
        "BERT text",
        "moviegenre train bert --config configs/bert.yaml",
        "30 s",
        "1.5 min",
        "22,000,000",
        "4,000",
    )
    assert rows[-1][:4] == ("all together", "", "1.0 min", "3.0 min")


def test_facts_of_any_shape_are_listed() -> None:
    facts = {
        "synthetic": False,
        "command": "moviegenre reproduce",
        "num_movies": 17524,
        "mean_genres": 2.34,
        "splits": {"train": 13482, "test": 1800},
        "checksum": None,
        "dropped": ["News", "Adult"],
        "genres": {"Drama": {"train": 7000}, "War": {"train": 300, "test": 40}},
    }
    (title, single), (genre_title, genres) = fact_tables(facts)
    assert title == ""
    assert single.rows == (
        ("movies", "17,524"),
        ("mean genres", "2.34"),
        ("splits", "train: 13,482, test: 1,800"),
        ("dropped", "News, Adult"),
    )
    assert genre_title == "movies by genre"
    assert genres.headings == ("genre", "train", "test")
    assert genres.rows == (("Drama", "7,000", "-"), ("War", "300", "40"))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, "unknown"), (0.4, "0 s"), (61.0, "1.0 min"), (3600.0, "1 h 0 min")],
)
def test_duration(seconds: float | None, expected: str) -> None:
    assert duration(seconds) == expected


def test_undefined_is_said() -> None:
    assert per_cent(float("nan")) == "undefined"
    assert interval_text(Interval(float("nan"), float("nan"))) == "undefined"
    assert interval_text(Interval(-0.01, 0.02), signed=True) == "-1.00 to +2.00"
