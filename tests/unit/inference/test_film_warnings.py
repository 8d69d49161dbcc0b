"""Plots, posters, titles and years without content are ignored with a warning."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import moviegenre
from moviegenre.core.errors import DataError, InputError
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable
from moviegenre.inference.films import TITLE_ALONE
from moviegenre.inference.predictor import Predictor

PLOT = (
    "A private eye is hired by a blonde widow in Los Angeles, and corpses pile up in rainy alleys."
)
BLANK = Image.new("RGB", (136, 200))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load()  # the shipped model reads titles and years


def test_a_year_by_itself_says_nothing(predictor: Predictor) -> None:
    prediction = predictor.predict(plot="TBA", year=1947)
    assert prediction.genres == []
    assert prediction.modalities == []


@pytest.mark.parametrize("title", ["TBA", "Untitled", "N/A", "null", "-", "#REF!", "No title"])
def test_a_placeholder_is_no_title(title: str, predictor: Predictor) -> None:
    prediction = predictor.predict(plot="No overview found.", title=title, year=1999)
    assert prediction.genres == []


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("N/A", 'is a placeholder ("N/A")'),
        ("Untitled", 'is a placeholder ("Untitled")'),
        ("Untitled (1998)", 'is a placeholder ("Untitled")'),
        ("?", 'is a placeholder ("?")'),
        ("tt0114369", 'is an id ("tt0114369")'),
        ("603692", 'is an id ("603692")'),
        (
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            'is an id ("0f8fad5b-d9cb-469f-a165-70867728950e")',
        ),
        ("x" * 40, "is only random letters or symbols"),
        ("sdkfj wrtz", "is only random letters or symbols"),
        ("asdf qwer zxcv", "is only random letters or symbols"),
        ("x" * 3000, "has 3,000 characters, more than any title"),
    ],
    ids=lambda text: text[:20],
)
def test_a_text_that_is_no_title_is_ignored_with_a_warning(
    title: str, fault: str, predictor: Predictor
) -> None:
    prediction = predictor.predict(plot=PLOT, title=title, year=1998)
    assert prediction.warnings == [f"The title {fault}, so it was ignored."]
    assert prediction.probabilities == predictor.predict(plot=PLOT, year=1998).probabilities


@pytest.mark.parametrize(
    "title", ["1917", "AM1200", "RRRrrrr!!!", "Phffft", "THX 1138", "Face-a-Face"]
)
def test_odd_titles_are_read(title: str, predictor: Predictor) -> None:
    film = predictor.reader.read(PLOT, title=title)
    assert (film.heading, film.warnings) == (f"{title}.", ())


def test_the_year_at_the_end_of_a_title_is_read(predictor: Predictor, tmp_path: Path) -> None:
    expected = predictor.reader.read(PLOT, title="The Godfather", year=1972).heading
    for title, year in [("Godfather, The (1972)", None), ("Godfather, The (1972)", "1972")]:
        assert predictor.reader.read(PLOT, title=title, year=year).heading == expected
    other = predictor.reader.read(PLOT, title="Remembering (1972)", year=1999)
    assert other.heading == "Remembering (1972) (1999, 1990s)."
    path = tmp_path / "movies.csv"
    path.write_text(f'movieId,title,plot\n1,"Godfather, The (1972)","{PLOT}"\n2,Heat,"{PLOT}"\n')
    table = TextTable(path, CatalogueColumns())
    assert table.notes == ["id from column 'movieId'"]  # not most of the titles
    assert [(row.title, row.year) for row in table.texts()] == [
        ("The Godfather", 1972),
        ("Heat", None),
    ]
    path.write_text(f'movieId,title,plot\n1,"Godfather, The (1972)","{PLOT}"\n')
    assert TextTable(path, CatalogueColumns()).notes == [
        "id from column 'movieId'",
        "year from the end of the titles in column 'title'",
    ]


@pytest.mark.parametrize("title", ["Missing", "Unknown", "Empty", "Test", "Coming Soon", "Name"])
def test_a_word_that_is_also_a_title_is_read(title: str, predictor: Predictor) -> None:
    film = predictor.reader.read(plot="No overview found.", title=title)
    assert film.heading == f"{title}."


def test_a_title_alone_is_answered_with_a_warning(predictor: Predictor) -> None:
    prediction = predictor.predict(title="The Haunting of Blackwood House")
    assert prediction.warnings == ["Only the title was read, so the answer is less certain."]
    assert "Horror" in prediction.genres
    assert prediction.modalities == ["title"]
    beside_a_placeholder = predictor.predict(plot="N/A", title="The Haunting of Blackwood House")
    assert beside_a_placeholder.modalities == ["title"]
    assert beside_a_placeholder.probabilities == prediction.probabilities


def test_a_year_that_no_film_has_is_ignored_with_a_warning(predictor: Predictor) -> None:
    odd = predictor.predict(plot=PLOT, year=99999)
    assert odd.warnings == ["No film was released in 99999, so the year was ignored."]
    assert odd.probabilities == predictor.predict(plot=PLOT).probabilities


@pytest.mark.parametrize(
    "year",
    [
        "1947",
        1947.0,
        np.int64(1947),
        np.float32(1947),
        date(1947, 5, 1),
        np.datetime64("1947-05-01"),
        pd.Timestamp("1947-05-01"),
        "1947\u20131950",
        "1 May 1947",
    ],
)
def test_a_year_is_read_as_tables_read_it(year: Any, predictor: Predictor) -> None:
    prediction = predictor.predict(plot=PLOT, year=year)
    assert prediction.warnings == []
    assert prediction.probabilities == predictor.predict(plot=PLOT, year=1947).probabilities


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT, "", " "])
def test_a_missing_title_or_year_is_none(missing: Any, predictor: Predictor) -> None:
    prediction = predictor.predict(plot=PLOT, title=missing, year=missing)
    assert prediction.warnings == []
    assert prediction.probabilities == predictor.predict(plot=PLOT).probabilities


def test_a_film_with_an_unusable_year_is_answered_with_a_warning(predictor: Predictor) -> None:
    answers = predictor.predict(plot=[PLOT, PLOT, PLOT], year=["1947", "soon", 12.5])
    assert [answer.warnings for answer in answers] == [
        [],
        ["No film was released in 'soon', so the year was ignored."],
        ["No film was released in 12.5, so the year was ignored."],
    ]
    assert all(answer.error is None and answer.genres for answer in answers)


BAD_YEARS = ["soon", "0", "-1988", "MCMLXXXVIII", "88", "3000", "1979.5"]


def test_an_unusable_year_has_a_warning_in_tables_and_in_python(
    predictor: Predictor, tmp_path: Path
) -> None:
    warnings = [
        f"No film was released in {year if year[-1].isdigit() else repr(year)}, so the year was "
        "ignored."
        for year in BAD_YEARS
    ]
    rows = [{"plot": PLOT, "year": year} for year in [*BAD_YEARS, "N/A", "1988"]]
    pd.DataFrame(rows).to_csv(tmp_path / "films.csv", index=False)
    entries = Catalogue(tmp_path / "films.csv", CatalogueColumns(), None).entries(predictor.reader)
    assert [entry.warning for entry in entries] == [*warnings, None, None]
    answers = predictor.predict(plot=[PLOT] * 7, year=BAD_YEARS)
    assert [answer.warnings for answer in answers] == [[warning] for warning in warnings]
    assert predictor.predict(plot=PLOT, year=0).warnings == [warnings[1]]


def test_a_year_of_another_kind_is_one_line(predictor: Predictor) -> None:
    with pytest.raises(InputError, match=r"^a year is \[1947\]; expected a whole number, such as"):
        predictor.predict(plot=PLOT, year=[1947])  # type: ignore[call-overload]


def test_a_title_may_be_a_number(predictor: Predictor) -> None:
    titles = [1917, 1917.0, np.int64(1917), "1917"]
    answers = predictor.predict(plot=[PLOT] * 4, title=titles)
    assert [answer.error for answer in answers] == [None] * 4
    assert all(answer.probabilities == answers[-1].probabilities for answer in answers)


@pytest.mark.parametrize("title", ["The King&#39;s Speech", "<i>The King's Speech</i>"])
def test_a_title_is_read_without_markup(title: str, predictor: Predictor) -> None:
    assert predictor.reader.read(PLOT, title=title).heading == "The King's Speech."


def test_a_set_of_plots_has_no_order_and_is_refused(predictor: Predictor) -> None:
    with pytest.raises(InputError, match=r"or a list of the plots of several films$"):
        predictor.predict(plot={PLOT})  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", ["generator", "map", "values"])
def test_plots_of_several_films_may_be_an_iterator(kind: str, predictor: Predictor) -> None:
    plots: dict[str, Any] = {
        "generator": (text for text in [PLOT, "N/A"]),
        "map": map(str, [PLOT, "N/A"]),
        "values": {"a": PLOT, "b": "N/A"}.values(),
    }
    answers = predictor.predict(plot=plots[kind], title=iter(["A House", "Laura"]))
    assert [answer.modalities for answer in answers] == [["plot"], ["title"]]


def test_a_poster_at_a_web_address_is_not_fetched(predictor: Predictor) -> None:
    message = r"^https://x\.org/a\.jpg is a web address, which is not fetched; expected a poster's"
    with pytest.raises(InputError, match=message):
        predictor.predict(plot=PLOT, poster="https://x.org/a.jpg")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_tables_title_and_year_are_read_whatever_its_format(
    suffix: str, predictor: Predictor, tmp_path: Path
) -> None:
    row = {"id": "a", "title": "Out of the Past", "year": 1947, "plot": PLOT}
    path = tmp_path / f"films{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        path.write_text(json.dumps(row) + "\n")
    (entry,) = Catalogue(path, CatalogueColumns(), None).entries(predictor.reader)
    assert entry.film is not None
    assert entry.film.heading == "Out of the Past (1947, 1940s)."
    (text,) = TextTable(path, CatalogueColumns()).texts()
    assert (text.title, text.year) == ("Out of the Past", 1947)


@pytest.mark.parametrize(
    ("column", "series", "film"),
    [
        ("type", "TV Show", "Movie"),
        ("media_type", "tv", "movie"),
        ("titleType", "tvSeries", "movie"),
        ("Title Type", "TV Mini Series", "Movie"),
        ("Type", "Series", ""),
        ("Title Type", "Video Game", "Movie"),
    ],
)
def test_a_row_that_is_no_film_has_a_warning(
    column: str, series: str, film: str, predictor: Predictor, tmp_path: Path
) -> None:
    path = tmp_path / "films.jsonl"
    rows = [{"id": kind, column: kind, "plot": PLOT} for kind in (series, film)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    kind = "video game" if "Game" in series else "series"
    warning = f"This is a {kind} ({series}), and the model is made for films."
    entries = list(Catalogue(path, CatalogueColumns(), None).entries(predictor.reader))
    assert [entry.warning for entry in entries] == [warning, None]
    assert all(entry.film is not None for entry in entries)
    texts = TextTable(path, CatalogueColumns()).texts()
    assert [text.warnings for text in texts] == [(warning,), ()]


def test_a_table_says_that_the_title_was_used_where_the_plot_is_ignored(
    predictor: Predictor, tmp_path: Path
) -> None:
    german = "Eine junge Frau zieht mit ihrem Kind in ein altes Haus."
    (answer,) = predictor.predict(
        plot=[german], poster=[tmp_path / "none.jpg"], title=["The House"], errors="report"
    )
    assert answer.error is not None
    assert answer.error.endswith("; the title alone was used")
    assert answer.modalities == ["title"]


def test_nothing_is_chosen_where_there_is_nothing_to_read(predictor: Predictor) -> None:
    prediction = predictor.predict(plot="TBA", poster=BLANK)
    assert prediction.genres == []
    assert prediction.modalities == []
    assert prediction.likeliest == {}
    assert prediction.warnings == [
        'The plot is a placeholder ("TBA"), so it was ignored.',
        "The poster is blank, so it was ignored.",
    ]
    assert prediction.to_json_dict()["warnings"] == prediction.warnings
    assert predictor.predict([("TBA", None)]).sum() == 0  # scikit-learn's way


def test_the_rest_of_a_film_is_read(predictor: Predictor) -> None:
    plot = "A vampire hunts the children of a village until a priest drives a stake into his heart."
    alone = predictor.predict(plot=plot)
    with_blank = predictor.predict(plot=plot, poster=BLANK)
    assert with_blank.modalities == ["plot"]
    assert with_blank.warnings == ["The poster is blank, so it was ignored."]
    assert with_blank.probabilities == pytest.approx(alone.probabilities, abs=1e-4)
    among = predictor.predict(plot=("N/A", plot))
    assert among.warnings == []
    assert among.probabilities == pytest.approx(alone.probabilities, abs=1e-4)


def test_a_film_with_neither_is_still_an_error(predictor: Predictor) -> None:
    with pytest.raises(InputError, match=r"^a film needs a plot or a poster; found neither$"):
        predictor.predict(plot="  ")


@pytest.mark.parametrize("year", [10**5000, -(10**5000)], ids=["positive", "negative"])
def test_a_year_of_any_length_is_ignored_with_a_warning(year: int, predictor: Predictor) -> None:
    assert predictor.predict(plot=PLOT, year=year).warnings == [
        "No film was released in a year of more than 40 digits, so the year was ignored."
    ]


def test_a_title_of_too_many_digits_is_one_line(predictor: Predictor) -> None:
    with pytest.raises(InputError, match=r"^a title is int; expected a text$"):
        predictor.predict(plot=PLOT, title=10**5000)


def test_titles_alone_are_answered_if_the_column_is_named(
    predictor: Predictor, tmp_path: Path
) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("id,title\n1,The Haunting of Blackwood House\n")
    with pytest.raises(DataError, match=r"from titles alone, .* name `title_column`$"):
        Catalogue(path, CatalogueColumns(), None)
    (entry,) = Catalogue(path, CatalogueColumns(title="title"), None).entries(predictor.reader)
    assert entry.film is not None
    assert (entry.film.parts, entry.film.warnings) == (("title",), (TITLE_ALONE,))
