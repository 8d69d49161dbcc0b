"""The page as somebody meets it: a served model and a Chromium of this system's own."""

import importlib.util
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from moviegenre.artifacts.folder import CARD_FILE
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.data.sources.table import MovieTable, TableColumns
from tests.page_browser import NEEDS_BROWSER, PHONE, chromium, opened, payload, violations
from tests.served_command import served_command
from tests.tiny_checkpoints import POINT, tiny_checkpoint
from tests.tiny_models import write_bert_folder
from tests.tiny_movies import png_bytes, tiny_movies

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = NEEDS_BROWSER

_POSTER = payload("poster.png", png_bytes(tiny_movies(1).posters[0]), "image/png")
_TABLE = payload("films.csv", b"id,plot,poster\na,the ghost,/etc/passwd\nb,,\n", "text/csv")
_CARD = """---
license: apache-2.0
---
# A tiny model

It reads **plots**.

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a tiny model that reads both, and stop it in the end."""
    folder = tmp_path_factory.mktemp("page")
    checkpoint = tiny_checkpoint("early_fusion", write_bert_folder(folder / "bert"))
    write_exported(folder / "exported", checkpoint, {})
    POINT.write(folder / "exported" / THRESHOLDS_FILE)
    (folder / "exported" / CARD_FILE).write_text(_CARD, encoding="utf-8")
    options = ("--model", str(folder / "exported"), "--set", "max_plot_chars=4000")
    with served_command(*options) as service:
        assert "open it in a browser" in service.line, service.line
        yield service.address


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator["Browser"]:
    del address  # served for longer than the browser lives
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    """Open the page in a window of a phone's size, in the dark."""
    with opened(browser, address) as page:
        yield page


def predict(page: "Page", plot: str = "one old friend meets the ghost then finds a scream") -> None:
    page.get_by_label("Plot", exact=True).fill(plot)
    page.get_by_label("Plot", exact=True).press("Control+Enter")
    page.locator(".bar").first.wait_for()


def test_a_film_is_predicted_and_explained(page: "Page") -> None:
    page.locator("#poster").set_input_files(_POSTER)
    page.get_by_role("img", name="The chosen poster").wait_for()
    predict(page)
    top = page.locator("#answer").evaluate("place => place.getBoundingClientRect().top")
    assert 0 <= top < 740 / 2, "the answer is brought into view"
    page.locator(".region-part").wait_for()
    assert page.locator(".bar").count() == 3
    assert "Plot alone:" in page.locator(".alone").inner_text()
    assert "Poster alone:" in page.locator(".alone").inner_text()
    assert "Share in the answer" in page.locator("#answer").inner_text()
    shown = page.locator(".why h3").inner_text()
    other = page.locator(".bar[aria-pressed=false]").first
    genre = str(other.get_attribute("data-genre"))
    assert shown != f"Why {genre}?"
    other.press("Enter")
    page.get_by_role("heading", name=f"Why {genre}?").wait_for()
    page.locator(".word-part").wait_for()
    assert page.locator(".bar[aria-pressed=true]").get_attribute("data-genre") == genre


def test_a_part_without_an_effect_is_no_reason(page: "Page") -> None:
    words = [
        {"text": "of", "share": 0},
        {"text": "a", "share": 0.004},
        {"text": "x", "share": None},
    ]
    named = "async (words) => (await import('/static/why.js')).namedParts(words)"
    assert page.evaluate(named, words) == []
    regions = "async (grid) => (await import('/static/why.js')).strongRegions(grid)"
    assert page.evaluate(regions, [[0, 0.004]]) == []


def test_an_example_and_what_is_wrong(page: "Page") -> None:
    problem = page.locator("#film-problem")
    page.get_by_role("button", name="Predict genres").click()
    assert problem.inner_text() == "Enter a plot or choose a poster first."
    page.get_by_role("button", name="Dust on the Ledger").click()
    page.locator(".region-part").wait_for()
    assert problem.is_hidden()
    assert page.get_by_label("Plot", exact=True).input_value().startswith("A retired sheriff")
    page.get_by_role("button", name="Remove").click()
    page.get_by_label("Plot", exact=True).fill("TBA")
    page.get_by_label("Plot", exact=True).press("Control+Enter")
    page.get_by_role("heading", name="No answer").wait_for()
    assert "The plot is a placeholder" in page.locator(".warnings").inner_text()
    page.get_by_label("Plot", exact=True).fill("x" * 4001)
    with page.expect_response("**/predict"):
        page.get_by_role("button", name="Predict genres").click()
    problem.wait_for()
    assert problem.inner_text() == "The plot has 4,001 characters; expected at most 4,000."
    assert page.locator(".bar").count() == 0 or page.locator("#answer").is_hidden()


def test_a_table_goes_up_and_comes_back(page: "Page") -> None:
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#table").set_input_files(_TABLE)
    page.get_by_label("Column of ids").wait_for()
    assert page.get_by_label("Column of ids").input_value() == "id"
    assert page.get_by_role("checkbox", name="plot").is_checked()
    assert page.get_by_role("cell", name="/etc/passwd").is_visible(), "shown, and not looked at"
    page.get_by_role("button", name="Predict genres").click()
    link = page.get_by_role("button", name="Download the CSV")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "films-genres.csv"
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert lines[0] == "id,genres,Drama,Horror,Comedy,error,warnings,modalities"
    assert lines[1].startswith("a,")
    assert lines[2].startswith("b,,,,,")
    assert "a film needs a plot or a poster; found neither" in lines[2]
    assert "2 films, 1 without an answer." in page.locator("#table-result").inner_text()
    remarks = page.locator(".result .remark").all_inner_texts()
    assert remarks[1].startswith("A film needs a plot or a poster; found neither.")
    wide = "frame => frame.scrollWidth - frame.clientWidth"
    assert page.locator("#table-result .scrolling").evaluate(wide) == 0, "films fit a phone"
    page.set_viewport_size({"width": 1280, "height": 800})
    wide = "frames => frames.filter(frame => frame.scrollWidth > frame.clientWidth).length"
    assert page.locator(".scrolling:visible").evaluate_all(wide) == 0, "both tables fit"
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})


def test_a_long_plot_is_folded_until_it_is_opened(page: "Page") -> None:
    predict(page, "one old friend meets the ghost then finds a scream " * 40)
    plot = page.locator(".marked-plot")
    plot.wait_for()
    hidden = "place => place.scrollHeight - place.clientHeight"
    assert plot.evaluate(hidden) > 0
    page.get_by_role("button", name="Show the whole plot").click()
    assert plot.evaluate(hidden) == 0
    page.get_by_role("button", name="Show less of the plot").click()
    assert plot.evaluate(hidden) > 0


def test_a_result_is_sorted_corrected_and_saved_for_adapt(page: "Page", tmp_path: Path) -> None:
    page.get_by_role("tab", name="Catalogue").click()
    films = [{"id": name, "plot": f'the ghost {name}, "again"'} for name in "ba"]
    page.locator("#table").set_input_files(payload("films.json", json.dumps(films).encode()))
    assert "the plot from “plot”" in page.locator(".understood").inner_text()
    page.get_by_role("button", name="Predict genres").click()
    page.get_by_role("button", name="Download the JSON").wait_for()
    page.get_by_role("button", name="Id", exact=True).click()
    assert page.locator(".result tbody th").all_inner_texts() == ["a", "b"]
    surest = page.locator(".result thead th").nth(3)
    surest.get_by_role("button").click()
    assert surest.get_attribute("aria-sort") == "descending", "the surest first"
    page.get_by_role("button", name="Id", exact=True).click()
    before = page.locator(".result tbody tr").first.locator(".remove").count()
    page.get_by_role("button", name="Add a genre to a").click()
    page.keyboard.type("Heist")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "add", "the focus stays"
    page.locator(".result tbody tr").first.locator(".remove").first.click()
    row = page.locator(".result tr.corrected")
    assert row.locator(".remove").count() == before
    assert "corrected; predicted:" in row.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the JSON").click()
    assert download.value.suggested_filename == "films-genres.json"
    saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert [film["id"] for film in saved] == ["b", "a"], "in the table's own order"
    assert saved[1]["genres"][-1:] == (["Heist"] if before else [])
    assert isinstance(saved[0]["Drama"], float)
    page.get_by_label("The genres of b are right").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the 2 checked films").click()
    download.value.save_as(tmp_path / "checked.csv")
    movies = list(MovieTable(tmp_path / "checked.csv", TableColumns(id="id")))
    assert [movie.id for movie in movies] == ["b", "a"]
    assert movies[1].plots == ('the ghost a, "again"',)
    assert list(movies[0].genres) == saved[0]["genres"]


def test_an_excel_file_goes_up_and_comes_back(page: "Page", tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for cells in (
        ["id", "plot", "year"],
        ["a", 'the ghost & <co>\n"again"', 1994],
        [],
        ["b", None, None],
    ):
        book.active.append(cells)
    book.save(tmp_path / "films.xlsx")
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#table").set_input_files(tmp_path / "films.xlsx")
    page.get_by_role("cell", name='the ghost & <co> "again"').wait_for()
    page.get_by_role("button", name="Predict genres").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the Excel file").click()
    download.value.save_as(tmp_path / "films-genres.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "films-genres.xlsx").active.values)
    genres = ("Drama", "Horror", "Comedy")
    assert rows[0] == ("id", "genres", *genres, "error", "warnings", "modalities")
    assert [row[0] for row in rows[1:]] == ["a", "b"]
    assert isinstance(rows[1][2], float)
    assert rows[2][5] == "a film needs a plot or a poster; found neither"
    page.locator("#table").set_input_files(payload("other.xlsx", b"PK is no Excel file"))
    page.get_by_text("other.xlsx cannot be read as an Excel file").wait_for()


@pytest.mark.parametrize(
    ("others", "note"),
    [
        ([], ""),
        (["empty"], ""),
        (["Old & new"], "Sheet “Films <1>” is read; 1 other sheet is not. "),
        (["a", "empty", "b"], "Sheet “Films <1>” is read; 2 other sheets are not. "),
    ],
    ids=["one", "empty", "two", "several"],
)
def test_sheets_that_are_not_read_are_counted(
    page: "Page", tmp_path: Path, others: list[str], note: str
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Films <1>"
    book.active.append(["plot"])
    book.active.append(["the ghost"])
    for title in others:
        sheet = book.create_sheet(title)
        sheet.append([] if title == "empty" else ["x"])
    book.save(tmp_path / "films.xlsx")
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#table").set_input_files(tmp_path / "films.xlsx")
    page.get_by_role("cell", name="the ghost").wait_for()
    shown = " ".join(page.locator("#sheet-note").all_text_contents())
    advice = "Move the sheet with your films to the front to read it."
    assert shown == (f"{note}{advice}" if note else "")


def test_a_zip_of_a_table_and_its_posters(page: "Page") -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("films.tsv", "id\tplot\tposter\na\tthe ghost\tone.png\nb\t\tone.png\n")
        archive.writestr("posters/one.png", png_bytes(tiny_movies(1).posters[0]))
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#table").set_input_files(payload("films.zip", stream.getvalue()))
    page.get_by_label("Column of posters").wait_for()
    assert page.get_by_label("Column of posters").input_value() == "poster"
    assert "and the poster from “poster”" in page.locator(".understood").inner_text()
    page.get_by_role("checkbox", name="plot").uncheck()
    page.get_by_role("checkbox", name="plot").check()
    page.get_by_role("button", name="Predict genres").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the TSV").click()
    assert download.value.suggested_filename == "films-genres.tsv"
    rows = Path(download.value.path()).read_text("utf-8").splitlines()
    assert [row.split("\t")[-1] for row in rows] == ["modalities", "plot|poster", "poster"]
    page.locator("#table").set_input_files(payload("broken.zip", stream.getvalue()[:-9]))
    page.locator("#table-problem").get_by_text("broken.zip cannot be unpacked").wait_for()
    for name in ("empty.csv", "no films.csv"):
        page.locator("#table").set_input_files(payload(name, b"id,plot\n"))
        page.locator("#table-problem").get_by_text(f"{name} has no rows").wait_for()
        assert page.locator("#table-problem").inner_text().startswith(name), "as it is written"


def test_an_answer_is_saved_as_a_picture(page: "Page") -> None:
    page.get_by_role("button", name="Flour and Fury").click()
    page.get_by_role("heading", name="Flour and Fury").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as picture").click()
    assert download.value.suggested_filename == "flour-and-fury.png"
    with Image.open(download.value.path()) as picture:
        assert picture.size == (1000, 516)
        assert len(picture.convert("RGB").getcolors(maxcolors=2**20) or []) > 100, "it has a poster"


def test_the_model_is_shown(page: "Page") -> None:
    page.get_by_role("tab", name="Model").click()
    page.get_by_role("heading", name="A tiny model").wait_for()
    chart = page.locator(".chart")
    assert "Drama" in chart.inner_text(), "thresholds, as nobody measured it by genre"
    assert page.locator(".model-card strong").inner_text() == "plots"
    assert "license" not in page.locator(".model-card").inner_text()


def test_tabs_by_keyboard_and_by_address(page: "Page", address: str) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "catalogue-tab"
    assert page.locator("#catalogue").is_visible()
    page.keyboard.press("End")
    page.get_by_role("heading", name="A tiny model").wait_for()
    assert page.locator("#catalogue").is_hidden()
    page.goto(f"{address}/#catalogue")
    page.locator("#catalogue").wait_for()
    page.goto(f"{address}/?__theme=light")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_focus_goes_through_the_form_in_its_order(page: "Page") -> None:
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert reached[:5] == ["Skip to the content", "film-tab", "plot", "Title and year", "poster"]
    assert reached[5:7] == ["Predict genres", "film-clear"]
    assert reached[7].startswith("The Lamp Below the Stairs"), "then the examples"


SIZES = {360: 740, 768: 1024, 1280: 800, 1920: 1080}


_QUICK = {(360, "light"), (1280, "dark")}  # the others change the layout, not what axe looks at


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        pytest.param(width, theme, marks=() if (width, theme) in _QUICK else pytest.mark.torture)
        for width in SIZES
        for theme in ("light", "dark")
    ],
)
def test_axe_finds_nothing_at_any_width(
    browser: "Browser", address: str, width: int, theme: str
) -> None:
    if importlib.util.find_spec("axe_playwright_python") is None:
        pytest.skip("axe is missing; pip install axe-playwright-python checks accessibility")
    with opened(browser, address, (width, SIZES[width]), dark=theme == "dark") as page:
        page.evaluate("document.body.append(document.createElement('img'))")
        assert "image-alt" in {fault.partition(":")[0] for fault in violations(page)}, "it looks"
        page.evaluate("document.body.lastElementChild.remove()")
        found = violations(page)
        page.locator("#poster").set_input_files(_POSTER)
        predict(page)
        page.get_by_text("Title and year").click()
        page.locator(".region-part").wait_for()
        found += violations(page)
        page.get_by_role("tab", name="Catalogue").click()
        page.locator("#table").set_input_files(_TABLE)
        page.locator("#columns button").click()
        page.get_by_role("button", name="Download the CSV").wait_for()
        page.get_by_role("button", name="Add a genre to a").click()
        found += violations(page)
        page.get_by_role("tab", name="Model").click()
        page.locator(".model-card").wait_for()
        found += violations(page)
    assert found == []


_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


def test_nothing_jumps_and_nothing_moves_for_those_who_want_no_motion(
    browser: "Browser", address: str
) -> None:
    with opened(browser, address, (1280, 800)) as page:
        page.evaluate(_SHIFTS)
        page.get_by_role("button", name="The Ninth Informant").click()
        assert page.evaluate("document.getAnimations().length") == 0
        page.locator(".region-part img").wait_for()
        assert page.evaluate("window.shifts") < 0.1, "what Web Vitals call good"
