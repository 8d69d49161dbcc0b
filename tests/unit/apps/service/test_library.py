"""``/library``: a preview, films that are accepted, written and restored, one job at a time."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.library.nfo import parse_nfo
from moviegenre.library.write import writing
from tests.tiny_movies import png_bytes, tiny_movies
from tests.unit.apps.service.asgi_client import AsgiClient
from tests.unit.apps.service.fake_predictor import PATIENCE, FakePredictor
from tests.unit.library.films import contents, nfo, put

SETTINGS = ServiceSettings(max_wait_ms=0)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "Movies"
    put(root, "A/movie.nfo", nfo("A killer in the rain", title="Ash"))
    put(root, "B/movie.nfo", nfo("A killer in the rain", "War"))
    put(root, "C/movie.nfo", nfo("A ghost in the house", title="Cold"))
    put(root, "D/dust.mkv")
    put(root, "D/poster.png", png_bytes(tiny_movies(1).posters[0]))
    put(root, "show/tvshow.nfo", b"<tvshow/>")
    return root


@pytest.fixture
def client(library: Path) -> Iterator[TestClient]:
    app = create_app(FakePredictor().as_predictor, SETTINGS, page=True, library=library)
    with TestClient(app) as client:
        yield client


def ask(client: TestClient, what: str, **body: Any) -> list[dict[str, Any]]:
    answer: httpx2.Response = client.post(f"/library/{what}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def films_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [film for line in lines if line["type"] == "films" for film in line["films"]]


def test_a_preview_shows_what_the_command_prints(client: TestClient, library: Path) -> None:
    before = contents(library)
    lines = ask(client, "preview")
    start, end = next(one for one in lines if one["type"] == "start"), lines[-1]
    assert (start["films"], start["to_predict"]) == (4, 3)
    assert end["counts"] == {"change": 2, "nothing to do": 1, "poster only": 1}
    assert (end["left_alone"], end["can_undo"]) == ({"series": 1}, False)
    ash, cold, dust = films_of(lines)
    assert (ash["id"], ash["title"], ash["path"], ash["before"]) == (1, "Ash", "A/movie.nfo", [])
    assert ash["genres"] == [["Crime", 0.24]]
    assert (dust["id"], dust["outcome"]) == (None, "poster only")
    assert cold["id"] == 3
    assert contents(library) == before
    assert client.get("/library").json() == {"name": "Movies", "can_undo": False}
    assert client.get("/static/limits.json").json()["library"] is True


def test_one_film_is_written_and_restored(client: TestClient, library: Path) -> None:
    before = contents(library)
    token = ask(client, "preview")[-1]["preview"]
    start, films, end = ask(client, "write", preview=token, films=[3, 3])
    assert (start["type"], films["done"]) == ("start", 1)
    assert films["films"] == [{"id": 3, "written": True, "note": ""}]
    assert end == {"type": "end", "written": 1, "skipped": 0, "can_undo": True}
    after = contents(library)
    assert parse_nfo(after["C/movie.nfo"]).genres == ("Crime",)
    assert after["A/movie.nfo"] == before["A/movie.nfo"]
    assert client.get("/library").json()["can_undo"] is True
    again = client.post("/library/write", json={"preview": token, "films": [3]})
    assert (again.status_code, again.json()["error"].partition(";")[0]) == (
        422,
        "the preview has no film 3 that would change",
    )
    (end,) = [line for line in ask(client, "undo") if line["type"] == "end"]
    assert (end["files"], end["restored"], end["left_alone"]) == (1, 1, 0)
    assert end["can_undo"] is False
    assert contents(library) == before


def test_all_films_with_options(client: TestClient, library: Path) -> None:
    before = contents(library)
    options = {"mode": "add", "most": 1, "names": "tmdb", "lock": True, "from_poster": True}
    token = ask(client, "preview", **options)[-1]["preview"]
    end = ask(client, "write", preview=token, films="all")[-1]
    assert (end["written"], end["skipped"]) == (4, 0)
    after = contents(library)
    assert parse_nfo(after["B/movie.nfo"]).genres == ("War", "Crime")
    assert b"<lockedfields>Genres</lockedfields>" in after["D/dust.nfo"]
    ask(client, "undo")
    assert contents(library) == before


def test_another_preview_ends_the_one_before(client: TestClient) -> None:
    first = ask(client, "preview")[-1]["preview"]
    second = ask(client, "preview")[-1]["preview"]
    assert first != second
    for token in (first, "", "x", "\ud800"):
        body = json.dumps({"preview": token, "films": "all"})
        old = client.post(
            "/library/write", content=body, headers={"Content-Type": "application/json"}
        )
        assert old.status_code in (400, 409), old.text
    ask(client, "undo")
    old = client.post("/library/write", json={"preview": second, "films": "all"})
    assert (old.status_code, old.json()["error"]) == (
        409,
        "this preview is no longer valid; make a new one and accept films again",
    )


def test_a_file_that_changed_is_skipped_and_said(client: TestClient, library: Path) -> None:
    token = ask(client, "preview")[-1]["preview"]
    mine = put(library, "A/movie.nfo", nfo("A killer in the sun"))
    _, films, end = ask(client, "write", preview=token, films="all")
    assert films["films"][0] == {
        "id": 1,
        "written": False,
        "note": "the file was changed since the preview",
    }
    assert (end["written"], end["skipped"]) == (1, 1)
    assert mine.read_bytes() == nfo("A killer in the sun")


def test_another_run_that_writes_keeps_this_one_out(client: TestClient, library: Path) -> None:
    token = ask(client, "preview")[-1]["preview"]
    before = contents(library)
    with writing(library):
        (line,) = ask(client, "write", preview=token, films="all")
        (other,) = ask(client, "undo") if (library / ".moviegenre-journal").is_dir() else (line,)
    assert line["type"] == "error"
    assert "is being written by another run" in line["error"]
    assert other["type"] in ("error", "end")
    assert contents(library) == before


def test_a_library_that_is_gone_is_told(client: TestClient, library: Path) -> None:
    library.rename(library.with_name("elsewhere"))
    gone = client.get("/library")
    assert (gone.status_code, "does not exist" in gone.json()["error"]) == (422, True)
    (line,) = ask(client, "preview")
    assert (line["type"], "expected a folder of films" in line["error"]) == ("error", True)


def test_a_bug_is_told_without_its_words(
    client: TestClient, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(library, "E/movie.nfo", nfo("crash"))
    last = ask(client, "preview")[-1]
    assert last == {"type": "error", "error": "the service failed; its log has the reason"}
    assert ask(client, "preview", mode="missing")[-1]["type"] == "error"
    (library / "E" / "movie.nfo").unlink()
    assert ask(client, "preview")[-1]["type"] == "end", "and goes on"


def test_one_job_at_a_time_and_a_client_that_leaves_ends_its_own(library: Path) -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, SETTINGS, library=library)

    first, second, third = (AsgiClient("/library/preview", json={}) for _ in range(3))

    async def scenario() -> None:
        async with app.router.lifespan_context(app):
            predictor.gate.clear()
            running = asyncio.ensure_future(first.call(app))
            assert await asyncio.to_thread(predictor.entered.wait, PATIENCE)
            await second.call(app)
            first.left.set()
            await asyncio.wait_for(running, PATIENCE)
            predictor.gate.set()
            await asyncio.wait_for(third.call(app), PATIENCE)

    asyncio.run(scenario())
    assert first.lines[-1]["type"] == "start", "nothing came after it left"
    assert second.sent[0]["status"] == 409
    assert second.lines[0]["error"].startswith("the library is in use in another window")
    assert third.lines[-1]["type"] == "end"


def test_a_stop_ends_a_preview_with_an_error(library: Path) -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, SETTINGS, library=library)

    client = AsgiClient("/library/preview", json={})

    async def scenario() -> None:
        async with app.router.lifespan_context(app):
            predictor.gate.clear()
            running = asyncio.ensure_future(client.call(app))
            assert await asyncio.to_thread(predictor.entered.wait, PATIENCE)
            app.state.stopping()
            predictor.gate.set()
            await asyncio.wait_for(running, PATIENCE)

    asyncio.run(scenario())
    assert client.lines[-1] == {
        "type": "error",
        "error": "the service is stopping; try again later",
    }
