"""The service under load and in operation: batches, refusals, metrics, logs, status."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from moviegenre import box
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.logs import LOGGER, JsonFormatter, ReadableFormatter, log_config
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import ConfigError
from moviegenre.inference.model_source import ModelSource
from tests.unit.apps.service.fake_predictor import PATIENCE, FakePredictor

Scenario = Callable[[httpx2.AsyncClient, FakePredictor], Awaitable[None]]


def run(settings: ServiceSettings, scenario: Scenario) -> FakePredictor:
    """Run a scenario against an app in one event loop, its start and stop included."""
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, settings)

    async def inside() -> None:
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://service") as client,
        ):
            try:
                await scenario(client, predictor)
            finally:
                predictor.gate.set()

    asyncio.run(inside())
    return predictor


def post(client: httpx2.AsyncClient, plot: str) -> "asyncio.Task[httpx2.Response]":
    return asyncio.create_task(client.post("/predict", json={"plot": plot}))


async def held(
    client: httpx2.AsyncClient, predictor: FakePredictor
) -> "asyncio.Task[httpx2.Response]":
    """Have the model at work until the gate is opened."""
    predictor.gate.clear()
    first = post(client, "first")
    assert await asyncio.to_thread(predictor.entered.wait, PATIENCE)
    return first


async def until(number: int, client: httpx2.AsyncClient) -> None:
    """Wait until so many films wait."""
    while f"moviegenre_queue_films {number}.0" not in (await client.get("/metrics")).text:
        await asyncio.sleep(0.002)


def test_requests_that_arrive_together_are_computed_together() -> None:
    async def scenario(client: httpx2.AsyncClient, predictor: FakePredictor) -> None:
        first = await held(client, predictor)
        others = [post(client, "x" * n) for n in range(1, 6)]
        await until(5, client)
        predictor.gate.set()
        answers = await asyncio.gather(first, *others)
        probabilities = [answer.json()["probabilities"]["Crime"] for answer in answers]
        assert probabilities == [0.05, 0.01, 0.02, 0.03, 0.04, 0.05]
        numbers = (await client.get("/metrics")).text
        assert "moviegenre_batch_films_count 2.0" in numbers
        assert "moviegenre_batch_films_sum 6.0" in numbers

    predictor = run(ServiceSettings(max_wait_ms=0), scenario)
    assert [len(batch) for batch in predictor.batches] == [1, 5]


def test_a_crash_hits_only_the_film_that_caused_it() -> None:
    async def scenario(client: httpx2.AsyncClient, predictor: FakePredictor) -> None:
        first = await held(client, predictor)
        good, bad = post(client, "good"), post(client, "crash")
        await until(2, client)
        predictor.gate.set()
        answers = await asyncio.gather(first, good, bad)
        assert [answer.status_code for answer in answers] == [200, 200, 500]
        assert "secret" not in answers[2].text

    run(ServiceSettings(max_wait_ms=0), scenario)


def test_a_full_queue_is_a_503() -> None:
    async def scenario(client: httpx2.AsyncClient, predictor: FakePredictor) -> None:
        first = await held(client, predictor)
        second = post(client, "second")
        await until(1, client)
        for refused in (
            await post(client, "third"),
            await client.post("/predict/batch", json=[{"plot": "fourth"}]),
        ):
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "7"
            assert refused.json() == {"error": "the queue of 1 films is full; try again later"}
        predictor.gate.set()
        assert [(await answer).status_code for answer in (first, second)] == [200, 200]
        numbers = (await client.get("/metrics")).text
        assert 'moviegenre_errors_total{reason="queue_full"} 2.0' in numbers

    run(ServiceSettings(max_wait_ms=0, max_queue=1, max_films=1, retry_after_seconds=7), scenario)


def test_a_late_answer_is_a_504_and_is_not_computed() -> None:
    async def scenario(client: httpx2.AsyncClient, predictor: FakePredictor) -> None:
        first = await held(client, predictor)
        for late in (await post(client, "second"), await first):
            assert late.status_code == 504
            assert late.json() == {"error": "the answer was not ready within 1.5 seconds"}
        predictor.gate.set()

    predictor = run(ServiceSettings(max_wait_ms=0, deadline_seconds=1.5), scenario)
    assert predictor.batches == [["first"]]


def test_a_stop_finishes_what_was_taken_and_refuses_the_rest() -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, ServiceSettings(max_wait_ms=0))

    async def inside() -> None:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
            lifespan = app.router.lifespan_context(app)
            await lifespan.__aenter__()
            assert (await client.get("/readyz")).json() == {"status": "ready"}
            first = await held(client, predictor)
            second = post(client, "second")
            await until(1, client)
            stopping = asyncio.create_task(lifespan.__aexit__(None, None, None))
            while (ready := await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.002)
            assert ready.json() == {"error": "the service is not accepting films; try again later"}
            refused = await post(client, "third")
            assert refused.status_code == 503
            assert refused.json() == {"error": "the service is stopping; try again later"}
            assert (await client.get("/healthz")).json() == {"status": "alive"}
            predictor.gate.set()
            assert [(await answer).status_code for answer in (first, second)] == [200, 200]
            await stopping

    asyncio.run(inside())
    assert predictor.batches == [["first"], ["second"]]


def lines_of(app: FastAPI, caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """Return what is logged of a good request and of one that meets a bug."""
    caplog.set_level(logging.INFO, LOGGER)
    with TestClient(app) as client:
        good = client.post(
            "/predict?q=secret", json={"plot": "secret"}, headers={"X-Request-ID": "id-7"}
        )
        assert good.headers["x-request-id"] == "id-7"
        bad = client.post(
            "/predict", json={"plot": "secret crash"}, headers={"X-Request-ID": 'a"b\\nc'}
        )
        assert len(bad.headers["x-request-id"]) == 32, "an odd id is replaced"
    formatter = JsonFormatter()
    records = [record for record in caplog.records if record.name == LOGGER]
    return [json.loads(formatter.format(record)) for record in records]


def test_the_log_has_a_request_id_and_no_plot(caplog: pytest.LogCaptureFixture) -> None:
    good, failed, bad = lines_of(create_app(FakePredictor().as_predictor), caplog)
    assert good.pop("time").startswith("20")  # type: ignore[attr-defined]
    assert good.pop("ms") >= 0  # type: ignore[operator]
    assert good == {
        "level": "info",
        "logger": LOGGER,
        "event": "request",
        "request_id": "id-7",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "films": 1,
        "plot_chars": 6,
        "poster_bytes": 0,
    }
    assert (failed["event"], failed["level"]) == ("prediction failed", "error")
    assert (bad["status"], bad["level"]) == (500, "error")
    assert "RuntimeError" in str(bad["traceback"])
    assert "secret" not in json.dumps(good) + str(bad["path"])


def test_the_log_has_plots_where_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    settings = ServiceSettings(log_plots=True)
    good, *_ = lines_of(create_app(FakePredictor().as_predictor, settings), caplog)
    assert good["plots"] == ["secret"]


def test_uvicorn_logs_as_json_too() -> None:
    config = log_config()
    assert config["root"] == {"level": "WARNING", "handlers": ["stderr"]}
    assert config["handlers"]["stderr"]["formatter"] == "json"
    assert log_config(for_people=True)["handlers"]["stderr"]["formatter"] == "readable"


def test_a_terminal_gets_lines_that_cannot_take_it_over() -> None:
    record = logging.makeLogRecord(
        {"msg": "request", "levelname": "INFO", "created": 0.0, "fields": {"path": "/\x1b[2J\nx"}}
    )
    line = ReadableFormatter().format(record)
    assert line.partition(" ")[2] == r"info    request path=/\x1b[2J\nx"


def test_metrics_count_by_route_and_status() -> None:
    with TestClient(create_app(FakePredictor().as_predictor)) as client:
        client.post("/predict", json={"plot": "a"})
        client.post("/predict", json={})
        client.get("/no/such/place")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    for line in (
        'moviegenre_requests_total{route="/predict",status="200"} 1.0',
        'moviegenre_requests_total{route="/predict",status="422"} 1.0',
        'moviegenre_requests_total{route="other",status="404"} 1.0',
        'moviegenre_request_seconds_count{route="/predict"} 2.0',
        "moviegenre_batch_seconds_count 1.0",
        "moviegenre_queue_films 0.0",
        'moviegenre_errors_total{reason="film"} 1.0',
        'moviegenre_errors_total{reason="failure"} 0.0',
    ):
        assert line in answer.text.splitlines()


def test_the_version_of_the_included_model_is_told() -> None:
    fake = FakePredictor()
    fake.source = ModelSource.of(box.FOLDER, box.FOLDER, "int8", True, False, None)
    app = create_app(fake.as_predictor)
    versions = TestClient(app).get("/model").json()["versions"]
    assert versions["included model"] == box.VERSION


def test_the_model_is_described(tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "README.md").write_text("# A card", encoding="utf-8")
    app = create_app(FakePredictor([tmp_path / "model.onnx"]).as_predictor)
    answer = TestClient(app).get("/model").json()
    versions = answer.pop("versions")
    assert versions["moviegenre"]
    assert "included model" not in versions
    assert answer == {
        "name": "early_fusion",
        "backend": "fake",
        "modalities": ["plot", "poster"],
        "genres": ["Crime", "Horror"],
        "thresholds": {"Crime": 0.4, "Horror": 0.6},
        "metrics": {"f1_macro": 0.5},
        "card": "# A card",
        "genre_scores": None,
        "input_scores": None,
        "trained_with": {"torch": "2.13.0"},
    }
    for text, expected in (
        ('{"validation": {"per_genre": {"Crime": {"f1": 0.4}}}}', ("validation", 0.4)),
        ('{"test": {"per_genre": {"Crime": {"f1": 0.5}}}, "validation": {}}', ("test", 0.5)),
        ('{"test": {"per_genre": 3}}', None),
        ("[]", None),
    ):
        (tmp_path / "metrics.json").write_text(text)
        app = create_app(FakePredictor([tmp_path / "model.onnx"]).as_predictor)
        scores = TestClient(app).get("/model").json()["genre_scores"]
        score = scores and (scores["split"], scores["genres"]["Crime"]["f1"])
        assert score == expected, text
    for text, by_input in (
        ('{"test by what is given": {"rows": {"poster": {"f1_macro": 0.36}}}}', 0.36),
        ('{"test by what is given": {"rows": {"poster": 3}}}', None),
        ('{"test by what is given": {"rows": {"poster": {"f1_macro": "x"}}}}', None),
        ("{", None),
    ):
        (tmp_path / "metrics.json").write_text(text)
        app = create_app(FakePredictor([tmp_path / "model.onnx"]).as_predictor)
        scores = TestClient(app).get("/model").json()["input_scores"]
        assert (scores and scores["poster"]["f1_macro"]) == by_input, text
    bare = create_app(FakePredictor([tmp_path / "elsewhere" / "best.pth"]).as_predictor)
    assert TestClient(bare).get("/model").json()["card"] is None


def test_the_documentation_page_takes_nothing_from_elsewhere() -> None:
    client = TestClient(create_app(FakePredictor().as_predictor))
    page = client.get("/docs")
    assert "http" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f'="docs/assets/{asset}"' in page.text
        assert client.get(f"/docs/assets/{asset}").status_code == 200
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.0.3"
    assert '"null"' not in json.dumps(document)
    assert set(document["paths"]) == {
        "/predict",
        "/predict/batch",
        "/predict/table",
        "/model",
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_the_document_names_its_films_and_every_error() -> None:
    document = TestClient(create_app(FakePredictor().as_predictor)).get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    named = {kind: value["schema"]["$ref"].rpartition("/")[2] for kind, value in content.items()}
    assert named == {"application/json": "Film", "multipart/form-data": "FilmForm"}
    assert schemas["Film"]["title"] == "Film"
    body = document["paths"]["/predict/batch"]["post"]["requestBody"]["content"]
    assert body["application/json"]["schema"]["items"]["$ref"].endswith("/FilmOfBatch")
    assert "FilmOfBatch" in schemas
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert "431" in operation["responses"], path
            assert ("501" in operation["responses"]) == ("requestBody" in operation), path


def test_a_library_in_use_is_in_the_document(tmp_path: Path) -> None:
    app = create_app(FakePredictor().as_predictor, library=tmp_path)
    paths = TestClient(app).get("/openapi.json").json()["paths"]
    assert "409" in paths["/library/write"]["post"]["responses"]


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/healthz",
        "/model",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/docs/assets/swagger-ui.css",
    ],
)
def test_head_is_get_without_a_body(address: str) -> None:
    with TestClient(create_app(FakePredictor().as_predictor, page=True)) as client:
        got, headed = client.get(address), client.head(address)
    assert (headed.status_code, headed.content) == (got.status_code, b"") == (200, b"")
    assert headed.headers["content-type"] == got.headers["content-type"]


def test_a_head_where_only_post_is_accepted_is_refused() -> None:
    assert TestClient(create_app(FakePredictor().as_predictor)).head("/predict").status_code == 405


def test_every_address_works_behind_the_prefix_of_a_proxy() -> None:
    """A proxy serves the service under /films and removes the prefix, as nginx does."""
    inner = create_app(FakePredictor().as_predictor, page=True)

    async def proxy(request: Request) -> Response:
        transport = httpx2.ASGITransport(inner)
        async with httpx2.AsyncClient(transport=transport, base_url="http://inner") as inside:
            address = "/" + request.path_params["rest"]
            answer = await inside.request(request.method, address, content=await request.body())
        return Response(answer.content, answer.status_code, {**answer.headers})

    client = TestClient(Starlette(routes=[Route("/films/{rest:path}", proxy)]))
    for page in ("/films/docs", "/films/"):
        text = client.get(page).text
        links = re.findall(r'(?:src|href)="([^"#]+)"', text)
        assert len(links) >= 3
        for link in links:
            address = urljoin(f"http://testserver{page}", link)
            assert address.startswith("http://testserver/films/"), link
            assert client.get(address).status_code == 200, link
    assert 'url: "openapi.json"' in client.get("/films/docs/start.js").text
    document = "http://testserver/films/openapi.json"
    (server,) = client.get(document).json()["servers"]
    assert urljoin(document, server["url"]) == "http://testserver/films/"


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ConfigError) as error:
        ServiceSettings.parse({"max_films": 9, "max_queue": 8}, "--set")
    assert str(error.value) == (
        "--set: max_films is 9 and max_queue 8: such a batch could never be taken; "
        "raise max_queue or lower max_films"
    )
    with pytest.raises(ConfigError, match='did you mean "max_queue"'):
        ServiceSettings.parse({"max_que": 8}, "--set")
