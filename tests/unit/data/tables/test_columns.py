"""Finding a table's columns, and the note on columns that are left out."""

from pathlib import Path

import pytest

from moviegenre.apps.messages import with_options
from moviegenre.data.tables.columns import (
    GENRES_COLUMNS,
    ID_COLUMNS,
    OTHER_PLOT_COLUMNS,
    PLOT_COLUMN,
    POSTER_COLUMNS,
    TITLE_COLUMNS,
    YEAR_COLUMNS,
    find_columns,
)
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable

LEFT_OUT = "column 'plot_long' is left out (`plot_column` plot `plot_column` plot_long reads all)"


@pytest.mark.parametrize(
    ("columns", "note"),
    [
        (["id", "plot", "plot_long"], LEFT_OUT),
        (
            ["plot", "Summary", "Full Plot"],
            "columns 'Summary' and 'Full Plot' are left out (`plot_column` plot `plot_column` "
            "Summary `plot_column` 'Full Plot' reads all)",
        ),
        (["plot", "Plot"], "column 'Plot' is not read"),
        (["id", "plot", "title"], ""),
        (
            ["title", "sort_title", "overview", "outline", "genres"],
            "recognised as an export of MediaElch, plot from column 'overview', column 'outline' "
            "is left out (`plot_column` overview `plot_column` outline reads all)",
        ),
    ],
)
def test_a_second_column_of_plots_is_named(columns: list[str], note: str) -> None:
    assert find_columns(columns, table="films.csv", advice="").note() == note


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (
            ["Id", "Name", "Overview", "ProductionYear"],
            ("Id", "Overview", "Name", "ProductionYear"),
        ),
        (["Nr.", "Titel", "Jahr", "Handlung"], (None, "Handlung", "Titel", "Jahr")),
        (["Titel", "Inhalt", "Produktionsjahr"], (None, "Inhalt", "Titel", "Produktionsjahr")),
        (
            ["movie_title", "movie_info", "original_release_date"],
            (None, "movie_info", "movie_title", "original_release_date"),
        ),
        (
            ["Const", "Description", "Title", "Title Type", "IMDb Rating", "Year"],
            ("Const", None, "Title", "Year"),
        ),
        (
            ["Const", "Description", "Title", "Title Type", "IMDb Rating", "Release Date", "Plot"],
            ("Const", "Plot", "Title", "Release Date"),
        ),
    ],
)
def test_columns_of_other_programs_are_found(
    columns: list[str], found: tuple[str | None, ...]
) -> None:
    usual = find_columns(columns, table="films.csv", advice="")
    assert (usual.id, usual.plot, usual.title, usual.year) == found
    assert usual.other_plots == ()


def test_nothing_is_left_out_where_somebody_names_the_plots(tmp_path: Path) -> None:
    table = tmp_path / "films.csv"
    table.write_text("id,plot,plot_long\na,a ghost,a ghost in a house\n")
    assert TextTable(table, CatalogueColumns()).notes == [LEFT_OUT]
    for plots in (("plot_long",), ("plot", "plot_long")):
        assert TextTable(table, CatalogueColumns(plots=plots)).notes == []


def test_the_command_line_names_the_option() -> None:
    assert with_options(LEFT_OUT).endswith("(--plot-column plot --plot-column plot_long reads all)")


def test_the_documentation_lists_the_usual_names() -> None:
    page = (Path(__file__).parents[4] / "docs" / "predict.md").read_text("utf-8")
    plots = (PLOT_COLUMN, *OTHER_PLOT_COLUMNS)
    for names in (ID_COLUMNS, plots, POSTER_COLUMNS, TITLE_COLUMNS, YEAR_COLUMNS, GENRES_COLUMNS):
        assert f"| {', '.join(f'`{name}`' for name in names)} |" in page
