"""The page on the service's app: what it serves, and what it refuses."""

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from moviegenre.apps.page.mounting import is_page_path, names_an_address
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from tests.unit.apps.service.fake_predictor import FakePredictor


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    pytest.importorskip("gradio", reason="the page needs the extra 'page'")
    settings = ServiceSettings(max_body_bytes=2000)
    with TestClient(create_app(FakePredictor().as_predictor, settings, page=True)) as client:
        yield client


def test_the_page_may_load_from_itself_alone(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert "The Lamp Below the Stairs" in page.text
    loaded = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert [address for address in loaded if "//" in address] == []
    assert '"analytics_enabled":false' in page.text.replace(" ", "")


def test_the_service_keeps_its_addresses_and_its_sentences(client: TestClient) -> None:
    assert client.post("/predict", json={"plot": "A ghost"}).json()["genres"] == ["Crime"]
    nowhere = {"error": "there is nothing at this address; /docs lists what there is"}
    for address in ("/nowhere", "/gradio_api/proxy=http://a.org", "/monitoring", "/docs/x"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()) == (404, nowhere)
    assert client.get("/predict").status_code == 405
    assert client.post("/gradio_api/run/predict", json={}).status_code == 404


def test_files_of_the_machine_are_not_given_away(client: TestClient) -> None:
    assert client.get("/gradio_api/file=/etc/passwd").status_code in (403, 404)


def join(client: TestClient, body: bytes) -> tuple[int, str]:
    answer = client.post("/gradio_api/queue/join", content=body)
    return answer.status_code, answer.json()["error"]


def test_events_have_limits(client: TestClient) -> None:
    poster = {"path": "http://a.org/p.png", "meta": {"_type": "gradio.FileData"}}
    event = json.dumps({"data": ["a plot", poster], "fn_index": 0, "session_hash": "a"})
    assert join(client, event.encode()) == (422, "a file is an address; expected an upload")
    assert join(client, b"{") == (400, "the body is not valid JSON")
    assert join(client, b'"' + b"x" * 2000 + b'"') == (413, "expected at most 2,000 bytes")


def test_an_address_within_a_plot_is_text() -> None:
    assert not names_an_address({"data": ["see http://a.org", {"path": "/tmp/gradio/a.png"}]})
    assert names_an_address([[{"path": "https://a.org"}]])
    assert not is_page_path("/gradio_api/file=http://a.org/p.png")
