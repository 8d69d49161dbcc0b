"""``moviegenre serve --library`` with the included model: over HTTP, and in a browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from moviegenre.library.nfo import parse_nfo
from tests.page_browser import NEEDS_BROWSER, chromium, opened, violations
from tests.served_command import served_command
from tests.unit.library.films import contents, nfo, put

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CRIME = "A detective hunts a killer through the rainy streets of a corrupt city."
ROMANCE = "Two lonely bakers open a shop together, quarrel, and fall in love at last."


def fill(root: Path) -> Path:
    """Make a library up: two films to write, one with genres, one of a poster, one of a series."""
    put(root, "Rain Street (1997)/movie.nfo", nfo(CRIME, title="Rain Street"))
    put(root, "Two Bakers (2003)/movie.nfo", nfo(ROMANCE, title="Two Bakers"))
    put(root, "Cold Harbour/movie.nfo", nfo(CRIME, "Drama", title="Cold Harbour"))
    put(root, "Dust (1999)/dust.mkv")
    poster = files("moviegenre.examples").joinpath("dust.webp").read_bytes()
    put(root, "Dust (1999)/poster.webp", poster)
    put(root, "TBA/movie.nfo", nfo("TBA", title="TBA"))
    put(root, "show/tvshow.nfo", b"<tvshow/>")
    return root


@contextmanager
def serving(library: Path) -> Iterator[str]:
    """Serve a library with the included model, and yield the address."""
    with served_command("--library", str(library)) as service:
        yield service.address


def ask(client: httpx2.Client, what: str, **body: Any) -> list[dict[str, Any]]:
    """Return the lines of an answer."""
    answer = client.post(f"/library/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_one_film_is_accepted_written_and_restored_byte_for_byte(tmp_path: Path) -> None:
    library = fill(tmp_path / "Movies")
    before = contents(library)
    with serving(library) as address, httpx2.Client(base_url=address, timeout=60) as client:
        lines = ask(client, "preview")
        end = lines[-1]
        assert end["counts"]["change"] == 2
        shown = [film for line in lines if line["type"] == "films" for film in line["films"]]
        by_title = {film["title"]: film for film in shown}
        rain = by_title["Rain Street"]
        assert rain["genres"][0][0] == "Crime"
        assert by_title["Dust"]["outcome"] == "poster only"
        assert contents(library) == before
        written = ask(client, "write", preview=end["preview"], films=[rain["id"]])[-1]
        assert (written["written"], written["can_undo"]) == (1, True)
        after = contents(library)
        changed = {name for name in before if after[name] != before[name]}
        assert changed == {"Rain Street (1997)/movie.nfo"}
        genres = parse_nfo(after["Rain Street (1997)/movie.nfo"]).genres
        assert list(genres) == [name for name, _ in rain["genres"]]
        restored = ask(client, "undo")[-1]
        assert (restored["restored"], restored["can_undo"]) == (1, False)
        assert contents(library) == before


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return fill(tmp_path / "Movies")


def looked_at(page: "Page") -> None:
    """Open the tab and have the library previewed."""
    page.get_by_role("tab", name="Library").click()
    page.get_by_role("button", name="Preview").click()
    page.locator("#library").get_by_text("5 films: 2 would change").wait_for()


class TestInABrowser:
    pytestmark = NEEDS_BROWSER

    def test_one_film_is_accepted_written_and_restored(
        self, browser: "Browser", library: Path
    ) -> None:
        before = contents(library)
        with serving(library) as address, opened(browser, address, (1280, 800)) as page:
            page.get_by_role("tab", name="Library").click()
            page.get_by_role("heading", name="Genres for the film library Movies").wait_for()
            assert page.get_by_role("button", name="Undo all changes").is_hidden()
            looked_at(page)
            write = page.locator("#library-result .primary")
            assert write.is_disabled(), "nothing is accepted yet"
            rows = page.locator(".library-rows tbody tr")
            assert rows.count() == 3
            assert "poster only" in rows.filter(has_text="Dust").inner_text()
            assert "Left alone: 1 series." in page.locator("#library-result").inner_text()
            assert "TBA/movie.nfo: not sure" in page.locator("#library-result").inner_text()
            page.get_by_label("Accept Rain Street (1997)").check()
            assert write.inner_text() == "Write 1 film"
            write.click()
            page.locator("#library-done").get_by_text("1 film written.").wait_for()
            assert "written" in rows.filter(has_text="Rain Street").inner_text()
            genres = parse_nfo(contents(library)["Rain Street (1997)/movie.nfo"]).genres
            assert genres[0] == "Crime"
            now = rows.filter(has_text="Rain Street").locator("td").nth(1)
            assert now.locator("li").all_inner_texts() == list(genres)
            assert contents(library)["Two Bakers (2003)/movie.nfo"] == nfo(
                ROMANCE, title="Two Bakers"
            )
            page.get_by_role("button", name="Undo all changes").click()
            page.get_by_role("button", name="Keep the changes").click()
            page.get_by_role("button", name="Undo all changes").click()
            page.get_by_role("dialog").get_by_role("button", name="Undo", exact=True).click()
            page.locator("#library-done").get_by_text("1 file restored, 0 were").wait_for()
            assert contents(library) == before
            assert page.get_by_role("button", name="Undo all changes").is_hidden()

    def test_all_films_with_other_options_and_one_that_changed(
        self, browser: "Browser", library: Path
    ) -> None:
        with serving(library) as address, opened(browser, address) as page:
            page.goto(f"{address}/#library")
            page.get_by_text("What may change", exact=True).click()
            page.get_by_label("Films", exact=True).select_option("add")
            page.get_by_label("Maximum genres per film").fill("0")
            page.get_by_role("button", name="Preview").click()
            page.get_by_text("Enter the maximum number of genres per film").wait_for()
            page.get_by_label("Maximum genres per film").fill("1")
            page.get_by_label("Also write genres predicted from the poster alone").check()
            page.get_by_role("button", name="Preview").click()
            page.locator("#library").get_by_text("would change").wait_for()
            mine = put(library, "Two Bakers (2003)/movie.nfo", nfo("mine"))
            page.get_by_label("Accept all").check()
            write = page.locator("#library-result .primary")
            number = int(write.inner_text().split()[1])
            assert number >= 3
            write.click()
            page.locator("#library-done").get_by_text(
                f"{number - 1} films written. 1 skipped"
            ).wait_for()
            skipped = page.locator(".library-rows tr").filter(has_text="Two Bakers")
            assert "the file was changed since the preview" in skipped.inner_text()
            wide = "frame => frame.scrollWidth - frame.clientWidth"
            assert page.locator("#library-result .scrolling").evaluate(wide) == 0, "on a phone"
            assert mine.read_bytes() == nfo("mine")
            assert (library / "Dust (1999)" / "dust.nfo").is_file()

    def test_axe_finds_nothing(self, browser: "Browser", library: Path) -> None:
        pytest.importorskip("axe_playwright_python", reason="axe checks accessibility")
        with (
            serving(library) as address,
            opened(browser, address) as phone,
            opened(browser, address, (1280, 800), dark=False) as page,
        ):
            found = []
            for one in (phone, page):
                looked_at(one)
                one.get_by_text("What may change", exact=True).click()
                found += violations(one)
                one.get_by_label("Accept all").check()
                one.locator("#library-result .primary").click()
                one.locator("#library-done").wait_for()
                found += violations(one)
                one.get_by_role("button", name="Undo all changes").click()
                found += violations(one)
                one.get_by_role("dialog").get_by_role("button", name="Undo", exact=True).click()
                one.locator("#library-done").get_by_text("2 files restored").wait_for()
        assert found == []
