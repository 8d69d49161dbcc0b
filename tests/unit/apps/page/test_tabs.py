"""What the tabs answer, through the service's own queue and limits, without a browser."""

import asyncio
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moviegenre.apps.page import model_tab
from moviegenre.apps.page.catalogue_tab import CatalogueTab
from moviegenre.apps.page.film_tab import FAILED, GONE, FilmTab, Shown
from moviegenre.apps.service.about import about
from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import DataError
from tests.tiny_movies import png_bytes, tiny_movies
from tests.unit.apps.service.fake_predictor import GENRES, FakePredictor

SETTINGS = ServiceSettings(max_wait_ms=0, max_plot_chars=40, page_rows=5, max_poster_pixels=2000)
PLOT = "A killer in the rain"


@contextmanager
def asking(settings: ServiceSettings = SETTINGS) -> Iterator[tuple[Asking, FakePredictor]]:
    predictor = FakePredictor()
    way = Asking(predictor.as_predictor, settings)
    way.batcher.start()
    try:
        yield way, predictor
    finally:
        way.batcher.stop()


def shown(plot: str | None, poster: Path | None = None) -> list[Shown]:
    async def all_of(tab: FilmTab) -> list[Shown]:
        return [part async for part in tab.predict(plot, poster)]

    with asking() as (way, _):
        return asyncio.run(all_of(FilmTab(way)))


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    path = tmp_path / "poster.png"
    path.write_bytes(png_bytes(tiny_movies(1).posters[0]))
    return path


def test_the_answer_comes_first_and_the_reasons_follow(poster: Path) -> None:
    first, alone, why = shown(PLOT, poster)
    assert first.seen is not None
    assert (first.genre, first.words, first.regions) == ("Crime", "", "")
    assert "Genres: Crime" in (first.bars or "")
    assert "Plot 75 %" in (first.shares or "")
    assert "Rain</strong> (1950): Crime" in (first.similar or "")
    assert "Plot alone" in (alone.alone or "")
    assert "Poster alone" in (alone.alone or "")
    assert (why.status, why.bars) == ("", None)
    assert "Words that spoke for Crime" in (why.words or "")
    assert 'title="-0.50">rain</span>' in (why.words or "")
    assert f"gradio_api/file={poster}" in (why.regions or "")


def test_a_plot_without_a_poster_has_no_regions() -> None:
    _, why = shown(PLOT)
    assert why.words
    assert why.regions == ""


PROBLEMS = {
    "nothing": (" ", "a film needs a plot or a poster; found neither"),
    "long": ("x" * 41, "the plot has 41 characters; expected at most 40"),
    "bug": ("crash", FAILED),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_is_wrong_is_said_in_one_sentence(case: str) -> None:
    plot, sentence = PROBLEMS[case]
    (only,) = shown(plot)
    assert sentence in (only.status or "")
    assert (only.seen, only.bars) == (None, "")


def test_posters_have_the_limits_of_the_service(tmp_path: Path) -> None:
    path = tmp_path / "poster.txt"
    path.write_text("no image")
    (only,) = shown(None, path)
    assert "the poster is no image of a kind taken: JPEG, PNG, WEBP" in (only.status or "")
    (gone,) = shown(None, tmp_path / "gone.png")
    assert GONE in (gone.status or "")


def test_another_genre_is_explained_and_one_of_nothing_is_not() -> None:
    with asking() as (way, _):
        tab = FilmTab(way)

        async def scenario() -> tuple[Shown, Shown]:
            first = await anext(aiter(tab.predict(PLOT, None)))
            return await tab.why("Horror", first.seen), await tab.why("Crime", None)

        horror, nothing = asyncio.run(scenario())
    assert horror.genre == "Horror"
    assert "Words that spoke for Horror" in (horror.words or "")
    assert "predict first" in (nothing.status or "")


def filled(
    path: Path, id_column: str | None, plots: list[str], settings: ServiceSettings = SETTINGS
) -> tuple[list[tuple[int, int]], list[dict[str, str]]]:
    """Return the progress and the rows of the table that comes back."""

    async def scenario(tab: CatalogueTab) -> tuple[list[tuple[int, int]], list[dict[str, str]]]:
        steps: list[tuple[int, int]] = []
        rows: list[dict[str, str]] = []
        out = path
        async for found in tab.predict(path, id_column, plots):
            if isinstance(found, Path):
                out = found
                rows = list(csv.DictReader(found.read_text("utf-8").splitlines()))
            else:
                steps.append(found)
        assert not out.exists(), "it is gone when all is done"
        return steps, rows

    with asking(settings) as (way, _):
        return asyncio.run(scenario(CatalogueTab(way, GENRES.names)))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "movies.csv"
    long = "x" * 41
    path.write_text(f"key,story,poster\na,{PLOT},/etc/passwd\nb,,x.png\nc,{long},\nd,crash,\n")
    return path


def test_a_table_comes_back_with_every_row(table: Path) -> None:
    steps, rows = filled(table, "key", ["story"])
    assert steps == [(0, 4), (4, 4)]
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert (rows[0]["genres"], rows[0]["Crime"], rows[0]["error"]) == ("Crime", "0.2", "")
    assert [row["error"] for row in rows[1:]] == [
        "a film needs a plot or a poster; found neither",
        "the plot has 41 characters; expected at most 40",
        FAILED,
    ]


def test_a_full_queue_only_makes_a_table_wait(table: Path) -> None:
    small = SETTINGS.model_copy(update={"max_queue": 1, "max_films": 1})
    steps, rows = filled(table, None, ["story"], small)
    assert steps == [(number, 4) for number in range(5)]
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.parquet", "", "a.parquet is no table that is taken here: .csv, .jsonl, .ndjson"),
        ("a.csv", "plot\n" + "x\n" * 6, "the table has more than 5 rows"),
        ("a.csv", "poster\n/etc/passwd\n", "no column holds plots"),
        ("a.csv", "story\nx\n", "a.csv has neither a column 'plot' nor 'poster' (found story)"),
    ],
)
def test_a_table_that_is_not_taken(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError) as error:
        filled(path, None, [])
    assert str(error.value).startswith(sentence)
    assert str(tmp_path) not in str(error.value)


def test_columns_of_a_table(table: Path) -> None:
    with asking() as (way, _):
        assert CatalogueTab(way, GENRES.names).columns(table) == ["key", "story", "poster"]


def test_the_model_is_shown(tmp_path: Path) -> None:
    model = about(FakePredictor().as_predictor)
    carded = model.model_copy(update={"card": "---\na: b\n---\n\n# A card\n---\nmore"})
    assert model_tab.card(carded) == "# A card\n---\nmore"
    assert "bare checkpoint" in model_tab.card(model)
    assert "Scores by genre are not known" in model_tab.scores(model, [tmp_path / "a"])
    (tmp_path / "metrics.json").write_text('{"test": {"per_genre": {"Crime": {"f1": 0.5}}}}')
    drawn = model_tab.scores(model, [tmp_path / "a"])
    assert "on the test split" in drawn
    assert "<td>50 %</td>" in drawn
