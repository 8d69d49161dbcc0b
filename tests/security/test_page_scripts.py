"""Scripts in titles, names of files, headers, cells and addresses: shown as texts, none runs."""

import json
import zipfile
from collections.abc import Iterator
from html import escape
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.records import parse_title
from tests.page_browser import NEEDS_BROWSER, chromium, opened, payload, served
from tests.tiny_movies import png_bytes, tiny_movies
from tests.unit.apps.service.fake_predictor import FakePredictor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = NEEDS_BROWSER

SCRIPTS = (
    "<script>ran(1)</script>",
    "<img src=x onerror=ran(2)>",
    '"><svg onload=ran(3)>',
    "'-ran(4)-'",
    "</textarea></title></style><script>ran(5)</script>",
    '<iframe srcdoc="<script>parent.ran(6)</script>"></iframe>',
    "<a href=javascript:ran(7)>x</a>",
    "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=ran(8)&gt;">',
    "{{constructor.constructor('ran(9)')()}}${ran(9)}#{ran(9)}",
    "%3Cscript%3Eran(10)%3C/script%3E",
    "&lt;script&gt;ran(11)&lt;/script&gt;",
    "\\u003cscript\\u003eran(12)\\u003c/script\\u003e",
    "<!--><img src=x onerror=ran(13)>-->",
    "javascript:ran(14)",
    "data:text/html,<script>ran(15)</script>",
    "<base href=//example.org/><style>@import'//example.org/a.css'</style>",
    "<meta http-equiv=refresh content=0;url=//example.org/>",
    "<x contenteditable autofocus onfocus=ran(16) onanimationstart=ran(16)>",
    "<form action=javascript:ran(17)><button autofocus>x</button></form>",
    "<link rel=stylesheet href=//example.org/a.css><object data=//example.org/></object>",
    "\u202e>tpircs/<)81(nar>tpircs<",
    "x\u2028ran(19)\u2029",
    "__proto__",
    "constructor",
)
LONG = "W" * 290  # nothing in it where a line may end

# Says what was made that could run or load something, whether a policy stopped it or not.
_WITNESS = """() => {
  window.made = [];
  window.ran = (number) => window.made.push(`ran ${number}`);
  const dangerous =
    "script, iframe, object, embed, base, meta, link, form[action], math, svg, [srcdoc]";
  const plain = ["value", "download"];
  const known = new Set(document.querySelectorAll(dangerous));
  const look = (node) => {
    if (node.nodeType !== 1) return;
    for (const one of [node, ...node.querySelectorAll("*")]) {
      if (known.has(one)) continue;
      if (one.matches(dangerous)) window.made.push(one.outerHTML);
      for (const { name, value } of one.attributes) {
        const runs = /^\\s*(javascript|data:text)/i.test(value) && !plain.includes(name);
        if (runs || name.startsWith("on")) window.made.push(`${name}=${value}`);
      }
    }
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) [target, ...addedNodes].forEach(look);
  }).observe(document, { subtree: true, childList: true, attributes: true });
  addEventListener("securitypolicyviolation", (event) => window.made.push(event.violatedDirective));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(browser: "Browser") -> Iterator[str]:
    del browser  # the address is served while it lives
    predictor = FakePredictor()
    predictor.model.genres = GenreVocabulary(("Crime", "Horror"))
    with served(
        create_app(predictor.as_predictor, ServiceSettings(max_wait_ms=0), page=True)
    ) as address:
        yield address


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    with opened(browser, address, (1280, 800)) as page:
        page.evaluate(_WITNESS)
        yield page
        page.wait_for_timeout(100)
        assert page.evaluate("window.made") == []
        assert page.evaluate("Object.keys(Object.prototype)") == []


def predict(page: "Page", title: str, plot: str) -> None:
    page.evaluate("document.getElementById('more').open = true")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Plot", exact=True).fill(plot)
    page.get_by_label("Plot", exact=True).press("Control+Enter")
    page.locator(".why .word-part").wait_for()


def test_the_witness_sees_what_is_made(browser: "Browser", address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.locator("html[data-ready]").wait_for()
    page.evaluate(_WITNESS)
    page.evaluate("document.body.append(document.createElement('iframe'))")
    page.evaluate("document.querySelector('a').href = 'javascript:ran(1)'")
    page.wait_for_timeout(100)
    made = page.evaluate("window.made")
    page.close()
    assert any(one.startswith("<iframe") for one in made)
    assert "href=javascript:ran(1)" in made


def test_titles_and_plots(page: "Page") -> None:
    for text in [*SCRIPTS, LONG]:
        predict(page, text, f"{text} meets a ghost")
        shown = page.locator("#answer-title").inner_text()
        assert shown.split() == text.split()
        assert page.locator(".marked-plot").inner_text().split() == f"{text} meets a ghost".split()


def test_names_and_contents_of_posters(page: "Page") -> None:
    picture = png_bytes(tiny_movies(1).posters[0])
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="ran(1)"><script>ran(2)</script></svg>'
    caption = page.locator("#poster-preview figcaption")
    for text in [*SCRIPTS, LONG[:200]]:
        name = text.replace("/", "_")
        page.locator("#poster").set_input_files(payload(f"{name}.png", picture, "image/png"))
        assert caption.inner_text().split() == f"{name}.png".split()
    for kind in ("image/svg+xml", "text/html", "image/png"):
        page.locator("#poster").set_input_files(payload("<img src=x>.png", svg, kind))
        page.get_by_role("button", name="Predict genres").click()
        page.locator("#film-problem").get_by_text("expected JPEG", exact=False).wait_for()


def table(kind: str) -> bytes:
    """Return a table whose header, ids, titles and plots are scripts."""
    header = ["id", "title", "plot", *SCRIPTS]
    rows = [[text, text, f"{text} ghost", *SCRIPTS] for text in (*SCRIPTS, LONG)]
    if kind == "jsonl":
        objects = [dict(zip(header, row, strict=True)) for row in rows]
        return b"".join(json.dumps(one).encode() + b"\n" for one in objects)
    if kind == "json":
        return json.dumps({"films": [dict(zip(header, row, strict=True)) for row in rows]}).encode()
    if kind == "xlsx":
        return _sheet([header, *rows])
    quoted = (",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows)
    head = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in header)
    return "\n".join([head, *quoted, ""]).encode()


def _sheet(rows: list[list[str]]) -> bytes:
    def cell(text: str) -> str:
        return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'

    cells = "".join(f"<row>{''.join(cell(text) for text in row)}</row>" for row in rows)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", f"<worksheet>{cells}</worksheet>")
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "xlsx"])
def test_tables(page: "Page", kind: str, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Catalogue").click()
    name = f"<img src=x onerror=ran(1)>{LONG[:150]}.{kind}"
    page.locator("#table").set_input_files(payload(name, table(kind)))
    page.locator("#columns button").wait_for()
    assert page.locator("#table-name").inner_text() == name
    shown = page.locator(".boxes label").all_inner_texts()
    assert [text.split() for text in shown[3:]] == [text.split() for text in SCRIPTS]
    page.locator("#columns button").click()
    page.get_by_role("button", name="Download the").wait_for()
    names = page.locator(".result th[scope=row]").all_inner_texts()  # id and title, without markup
    expected = [text.split() + (parse_title(text) or "").split() for text in (*SCRIPTS, LONG)]
    assert [text.split() for text in names] == expected
    assert (
        sum(len(words) > len(text.split()) for words, text in zip(expected, SCRIPTS, strict=False))
        > 10
    )
    for number, text in enumerate(SCRIPTS[:6]):
        row = page.locator(".result tbody tr").nth(number)
        row.locator(".add").click()
        row.locator(".add-field").fill(text)
        row.locator(".add-field").press("Enter")
        row.locator(".small-chip").nth(1).wait_for()
    for button in ("Download the", "Save the"):
        with page.expect_download() as saved:
            page.get_by_role("button", name=button).click()
        assert not {"/", "\\"} & set(saved.value.suggested_filename)
        saved.value.save_as(tmp_path / "saved")
        assert (tmp_path / "saved").stat().st_size > 500


def test_a_small_excel_file_does_not_keep_the_tab_busy(page: "Page") -> None:
    page.get_by_role("tab", name="Catalogue").click()
    for number, (part, text) in enumerate(
        [
            ("xl/sharedStrings.xml", "<si>"),
            ("xl/workbook.xml", "<sheet "),
            ("xl/worksheets/sheet1.xml", "<row>"),
            ("xl/worksheets/sheet1.xml", "<row><c><v>"),
            ("xl/worksheets/sheet1.xml", '<row><c t="inlineStr"><rPh>'),
        ]
    ):
        stream = BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr(part, text * 1_000_000)
        name = f"{number}.xlsx"
        page.locator("#table").set_input_files(payload(name, stream.getvalue()))
        page.locator("#table-problem").get_by_text(
            f"The first sheet of {name} is empty."
        ).wait_for()


def test_names_of_tables_in_refusals(page: "Page") -> None:
    page.get_by_role("tab", name="Catalogue").click()
    problem = page.locator("#table-problem")
    contents = (b"\x00\xff", b"", b"[]", b"{", b"plot\n", b"a,b\n1,2\n")
    suffixes = (".csv", ".json", ".xlsx", ".jsonl")
    for content, (text, suffix) in product(contents, zip(SCRIPTS, suffixes, strict=False)):
        name = f"{text.replace('/', '_')}{suffix}"
        page.locator("#table").set_input_files(payload(name, content))
        page.locator("#table-problem:not(:empty), #columns:not([hidden])").first.wait_for()
        assert problem.inner_text() or page.locator("#columns").is_visible()


def test_addresses(browser: "Browser", address: str) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []

    def note(dialog: "Dialog") -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("window.ran = (number) => alert(number)")
    for text in SCRIPTS:
        for path in (f"/?theme={text}#{text}", f"/{text}"):
            answer = page.goto(address + path)
            if answer is not None and not answer.ok:
                assert answer.headers["content-type"] == "application/json"
                assert answer.headers["x-content-type-options"] == "nosniff"
    # The page of the documentation takes a second to draw, so it gets several texts at once.
    for first in range(0, len(SCRIPTS), 6):
        texts = SCRIPTS[first : first + 6]
        query = "&".join(f"{number}={quote(text)}" for number, text in enumerate(texts))
        page.goto(f"{address}/docs?{query}#/{texts[0]}")
        page.locator(".opblock").first.wait_for()
    settings = ("url", "configUrl", "urls.primaryName", "spec", "oauth2RedirectUrl")
    for value in ("//example.org/a.json", "data:application/json,{}", "/openapi.json?evil"):
        page.goto(f"{address}/docs?{'&'.join(f'{name}={value}' for name in settings)}")
        page.locator(".opblock").first.wait_for()
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:image/"))] == []
    assert not [url for url in asked if "evil" in url and "/docs?" not in url]
