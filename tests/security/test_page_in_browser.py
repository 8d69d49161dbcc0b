"""Hostile texts in a browser: names, files, cards and answers are shown as texts and never run."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.genres import GenreVocabulary
from moviegenre.inference.prediction import Prediction
from tests.page_browser import NEEDS_BROWSER, chromium, opened, payload, served
from tests.unit.apps.service.fake_predictor import FakePredictor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = NEEDS_BROWSER

ATTACK = "<img src=x onerror=alert(1)>"
GENRES = (ATTACK, '"><script>alert(2)</script>', "javascript:alert(3)", "{{7*7}}${7*7}")
CARD = f"""# {ATTACK}

{ATTACK} and [a link](javascript:alert(4)) and [another](https://example.org/) and ![x](http://a.org/x.png)

- `{ATTACK}` **{ATTACK}**

| {ATTACK} | b |
|---|---|
| <iframe src="javascript:alert(5)"></iframe> | <b>bold</b> |

```
{ATTACK}
```
<script>alert(6)</script>
"""


class HostilePredictor(FakePredictor):
    """A model whose genres, films and card are made to be run."""

    def __init__(self, folder: Path) -> None:
        for name in ("model.safetensors", "config.json"):
            (folder / name).write_bytes(b"")
        (folder / "README.md").write_text(CARD, encoding="utf-8")
        scores = {name: {"f1": 0.5, "support": 3} for name in GENRES}
        (folder / "metrics.json").write_text(json.dumps({"test": {"per_genre": scores}}))
        super().__init__([folder / "model.onnx"])
        self.model.genres = GenreVocabulary(GENRES)
        self.model.model_name = ATTACK
        self.point.thresholds = [0.5] * len(GENRES)

    def predict_films(self, films: Sequence[Any], batch_size: int) -> list[Prediction]:
        plain = super().predict_films(films, batch_size)
        probabilities = dict(zip(GENRES, (0.9, 0.6, 0.4, 0.1), strict=True))
        return [
            Prediction(
                genres=list(GENRES[:2]),
                probabilities=probabilities,
                thresholds=dict.fromkeys(GENRES, 0.5),
                modalities=one.modalities,
                _explain=one._explain,
                _similar=one._similar,
            )
            for one in plain
        ]


class KeyRequired:
    """Answers requests that change something only with a key, as a service with keys does.

    Args:
        app: The service.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        is_open = scope["type"] != "http" or scope["method"] == "GET"
        if is_open or headers.get(b"authorization") == b"Bearer right-key":
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"error": "this API key is unknown"}, 401)(scope, receive, send)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, browser: "Browser") -> Iterator[str]:
    del browser  # the address is served while it lives
    predictor = HostilePredictor(tmp_path_factory.mktemp("hostile"))
    settings = ServiceSettings(max_wait_ms=0)
    with served(create_app(predictor.as_predictor, settings, page=True)) as address:
        yield address


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    with opened(browser, address, (1280, 800)) as page:
        scripts = page.locator("script").count()
        yield page
        assert page.locator("script").count() == scripts
        assert page.locator("iframe, object, embed, img[src='x'], [onerror]").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0


def test_genres_are_texts(page: "Page") -> None:
    page.get_by_label("Plot", exact=True).fill(f"{ATTACK} meets <b>a ghost</b>")
    page.get_by_role("button", name="Predict genres").click()
    page.locator(".word-part").wait_for()
    names = page.locator(".chip.chosen .chip-name").all_inner_texts()
    assert names == list(GENRES[:2])
    assert page.locator(".bar-name").all_inner_texts() == list(GENRES)
    assert page.locator(".why h3").inner_text() == f"Why {ATTACK}?"
    assert page.locator(".marked-plot").inner_text() == f"{ATTACK} meets <b>a ghost</b>"
    page.locator(".bar").nth(2).click()
    page.get_by_role("heading", name=f"Why {GENRES[2]}?").wait_for()


def test_tables_are_texts(page: "Page") -> None:
    page.get_by_role("tab", name="Catalogue").click()
    table = f'"{ATTACK}",plot\n"{ATTACK}","{ATTACK} ghost"\n=cmd(),\n'
    page.locator("#table").set_input_files(payload(f"{ATTACK}.csv", table.encode(), "text/csv"))
    page.get_by_label("Column of ids").select_option(ATTACK)
    assert page.locator("caption").inner_text() == f"The first rows of {ATTACK}.csv"
    assert page.locator(".first-rows th").first.inner_text() == ATTACK
    page.get_by_role("button", name="Predict genres").click()
    page.get_by_role("button", name="Download the CSV").wait_for()
    assert page.locator(".result th[scope=row]").all_inner_texts() == [ATTACK, "=cmd()"]
    assert page.locator(".small-chip").first.inner_text() == f"{ATTACK} 90\u00a0%"


def test_a_card_is_shown_without_what_it_would_run(page: "Page") -> None:
    page.get_by_role("tab", name="Model").click()
    page.locator(".model-card").wait_for()
    assert page.locator("#model-name").inner_text() == ATTACK
    assert page.locator(".chart .bar-name").all_inner_texts() == list(GENRES)
    page.get_by_text("All numbers by genre").click()
    assert page.locator(".scores th[scope=row]").all_inner_texts() == list(GENRES)
    text = page.locator(".model-card").inner_text()
    assert '<iframe src="javascript:alert(5)"></iframe>' in text
    assert "<script>alert(6)</script>" in text
    links = page.locator(".model-card a")
    assert [links.nth(n).get_attribute("href") for n in range(links.count())] == [
        "https://example.org/"
    ]
    assert page.locator(".model-card img").count() == 0


def test_the_policy_stops_what_would_get_past_the_scripts(browser: "Browser", address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    tried = page.evaluate(
        """() => {
          const errors = [];
          for (const act of [
            () => { document.body.innerHTML = "<p>x</p>"; },
            () => { document.createElement("script").text = "1"; },
            () => { document.createElement("iframe").srcdoc = "1"; },
            () => { document.body.setAttribute("onclick", "1"); },
          ]) { try { act(); errors.push("ran"); } catch (error) { errors.push(error.name); } }
          return errors;
        }"""
    )
    page.close()
    assert tried == ["TypeError"] * 4


def test_an_error_with_markup_and_an_answer_with_warnings(page: "Page") -> None:
    answers: list[tuple[int, Any]] = [
        (422, {"error": f"{ATTACK} is wrong"}),
        (502, None),
        (
            200,
            {
                "genres": [],
                "probabilities": {"Western": 0.48, "War": 0.2},
                "thresholds": {"Western": 0.5, "War": 0.5},
                "modalities": ["plot"],
                "explanation": {"modality_share": {"plot": 1.0}},
                "warnings": [f"the plot is short {ATTACK}", {"message": "it is not English"}],
            },
        ),
        (200, {"explanation": {"modality_share": {"plot": 1.0}}}),
        (200, {"explanation": {"words": {}, "regions": {}}}),
    ]

    def answer(route: "Route") -> None:
        status, body = answers.pop(0)
        route.fulfill(status=status, body="<h1>x" if body is None else json.dumps(body))

    page.route("**/predict", answer)
    page.get_by_label("Plot", exact=True).fill("a cowboy")
    press = page.get_by_role("button", name="Predict genres")
    press.click()
    page.get_by_text(f"{ATTACK} is wrong.").wait_for()
    press.click()
    page.get_by_text("The service answered with the status 502 and no reason.").wait_for()
    press.click()
    page.locator(".lead").get_by_text("Not sure: Western 48 %.").wait_for()
    assert page.locator(".chip.near .chip-value").inner_text() == "48\u00a0%, not quite"
    assert page.locator(".warnings li").all_inner_texts() == [
        f"the plot is short {ATTACK}",
        "it is not English",
    ]


def test_a_key_is_asked_for_and_kept_for_the_tab(browser: "Browser") -> None:
    app = create_app(FakePredictor().as_predictor, ServiceSettings(max_wait_ms=0), page=True)
    with (
        served(KeyRequired(app)) as address,
        opened(browser, address, (1280, 800)) as page,
    ):
        page.get_by_label("Plot", exact=True).fill("a ghost")
        press = page.get_by_role("button", name="Predict genres")
        press.click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        page.get_by_text("This API key is unknown.").wait_for()
        press.click()
        page.get_by_label("Key", exact=True).fill("wrong-key")
        page.get_by_label("Key", exact=True).press("Enter")
        page.get_by_role("dialog").get_by_text("This API key is unknown.").wait_for()
        page.get_by_label("Key", exact=True).fill("right-key")
        page.get_by_role("button", name="Use this key").click()
        page.locator(".bar").first.wait_for()
        assert page.evaluate("[sessionStorage.length, localStorage.length]") == [1, 0]
        assert page.get_by_role("dialog").is_hidden()


def test_a_busy_service_only_makes_a_table_wait(page: "Page") -> None:
    refusals = 1

    def answer(route: "Route") -> None:
        nonlocal refusals
        is_preview = b'"preview"\r\n\r\ntrue' in (route.request.post_data_buffer or b"")
        if is_preview or not refusals:
            route.continue_()
            return
        refusals -= 1
        body = json.dumps({"error": "busy"})
        route.fulfill(status=503, body=body, headers={"Retry-After": "1"})

    page.route("**/predict/table", answer)
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#table").set_input_files(payload("a.csv", b"plot\na ghost\n", "text/csv"))
    page.locator("#columns button").click()
    page.get_by_text("The service is busy with others").wait_for()
    page.locator("#table-result").get_by_text("1 film.").wait_for()
