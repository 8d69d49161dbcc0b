"""The page's files: complete, without anything from elsewhere, and with nothing that reads HTML."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from moviegenre.apps.page.assets import FOLDER, page_assets
from moviegenre.apps.page.mounting import HEADERS, POLICY
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.data.years import FIRST_YEAR, LAST_YEAR
from tests.unit.apps.service.fake_predictor import FakePredictor

SETTINGS = ServiceSettings(max_body_bytes=2000, page_rows=7)
SCRIPTS = sorted(FOLDER.glob("*.js"))


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(FakePredictor().as_predictor, SETTINGS, page=True))


class _Elements(HTMLParser):
    """Collects the attributes of every element, and the text of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.inline: list[str] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self._tag in ("script", "style") and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""


def elements() -> _Elements:
    parser = _Elements()
    parser.feed((FOLDER / "index.html").read_text("utf-8"))
    return parser


def test_the_years_of_the_form_are_those_that_the_reader_uses() -> None:
    page = (FOLDER / "index.html").read_text("utf-8")
    assert f'id="year" type="number" min="{FIRST_YEAR}" max="{LAST_YEAR}"' in page


def test_the_page_has_headers_that_let_it_load_from_itself_alone(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    assert POLICY.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    assert "unsafe" not in POLICY


def test_every_file_is_served_with_its_type_and_the_same_headers(client: TestClient) -> None:
    assets = page_assets(SETTINGS)
    assert len(assets) >= len(list(FOLDER.iterdir())) + 8, "and examples, posters and limits"
    for address, asset in assets.items():
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, asset.content), address
        assert answer.headers["content-type"] == asset.media_type
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


def test_what_the_page_refers_to_is_there(client: TestClient) -> None:
    kinds = {("link", "href"), ("script", "src"), ("img", "src")}
    referred = {value for tag, name, value in elements().attributes if (tag, name) in kinds}
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        referred |= {f"static/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert {f"static/{script.name}" for script in SCRIPTS} <= referred, "and nothing is forgotten"
    assert {client.get(f"/{address}").status_code for address in referred} == {200}


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = elements()
    assert page.inline == []
    handlers = [part for part in page.attributes if part[1].startswith("on") or part[1] == "style"]
    assert handlers == []
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8")
        for namespace in ("http://www.w3.org/2000/svg", "http://schemas.openxmlformats.org"):
            text = text.replace(namespace, "")  # a name that nobody asks for
        assert re.findall(r"https?://[a-z]", text) == [], path.name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_read_a_text_as_html_or_code(path: Path) -> None:
    text = path.read_text("utf-8")
    for name in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "createContextualFragment",
        "srcdoc",
        "eval(",
        "new Function",
        "localStorage",
        "document.cookie",
    ):
        assert name not in text
    assert len(text.splitlines()) <= 400


def test_examples_and_limits_are_what_the_service_has(client: TestClient) -> None:
    films = client.get("/examples").json()
    assert [film["title"] for film in films][:2] == [
        "The Lamp Below the Stairs",
        "Nine Minutes to Callisto",
    ]
    posters = [film["poster"] for film in films]
    assert posters[0] == "examples/lamp.webp"
    assert posters.count(None) == 1
    assert client.get(f"/{posters[0]}").content[8:12] == b"WEBP"
    limits = client.get("/static/limits.json").json()
    assert (limits["max_body_bytes"], limits["table_rows"]) == (2000, 7)
    assert limits["table_suffixes"] == [
        ".csv",
        ".tsv",
        ".tab",
        ".txt",
        ".jsonl",
        ".ndjson",
        ".json",
    ]


def test_without_the_page_the_service_answers_all_the_same() -> None:
    client = TestClient(create_app(FakePredictor().as_predictor, SETTINGS))
    for address in page_assets(SETTINGS):
        assert client.get(address).status_code == 404
    assert client.get("/healthz").status_code == 200
