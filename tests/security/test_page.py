"""The page can neither name a file of the server nor see what others sent."""

import asyncio
import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from moviegenre.apps.page.assets import page_assets
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from tests.security.opened_files import opened_files
from tests.tiny_movies import png_bytes, tiny_movies
from tests.unit.apps.service.fake_predictor import FakePredictor

PICTURE = png_bytes(tiny_movies(1).posters[0])
TABLE = b"id,plot,poster\na,A ghost in the house,/etc/passwd\n"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = create_app(FakePredictor().as_predictor, ServiceSettings(max_wait_ms=0), page=True)
    with TestClient(app) as client:
        assert client.post("/predict", json={"plot": "all is imported"}).status_code == 200
        assert client.post("/predict/table", files={"file": ("a.csv", TABLE)}).status_code == 200
        yield client


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "secret.csv"
    path.write_text("id,plot\n1,nobody may read this\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory, secret: Path) -> list[str]:
    """Return paths that tell, or stop, whoever opens them."""
    folder = tmp_path_factory.mktemp("traps")
    os.mkfifo(folder / "fifo.csv")
    (folder / "link.csv").symlink_to(secret)
    paths = [secret, folder / "fifo.csv", folder / "link.csv", Path("/dev/zero")]
    return [*map(str, paths), "/etc/passwd"]


def test_the_witness_sees_files(secret: Path) -> None:
    with opened_files() as opened:
        secret.read_text()
        os.close(os.open(secret, os.O_RDONLY))
    assert opened == [str(secret)] * 2


FORMER = (
    "/config",
    "/theme.css",
    "/manifest.json",
    "/monitoring",
    "/upload",
    "/queue/join",
    "/queue/data?session_hash=a",
    "/api/predict",
    "/run/predict",
    "/call/predict",
    "/component_server",
    "/file=/etc/passwd",
    "/file=http://127.0.0.1:1/",
    "/file/etc/passwd",
    "/proxy=http://127.0.0.1:1/",
    "/gradio_api/info",
    "/gradio_api/startup-events",
    "/gradio_api/heartbeat/a",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data?session_hash=a",
    "/gradio_api/upload",
    "/gradio_api/upload_progress?upload_id=a",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file=%2Fetc%2Fpasswd",
    "/gradio_api/file=/dev/zero",
    "/gradio_api/stream/a",
    "/gradio_api/call/predict",
    "/gradio_api/proxy=http://127.0.0.1:1/",
    "/gradio_api/deep_link",
    "/assets/index.js",
    "/static/img/api-logo.svg",
)


def file_data(path: str) -> dict[str, Any]:
    """Return a reference to a file as the former page took it from anybody."""
    return {"path": path, "orig_name": "a.csv", "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize("address", FORMER)
def test_the_former_addresses_are_gone(client: TestClient, address: str, secret: Path) -> None:
    event = {"data": [file_data(str(secret)), "id", ["plot"]], "fn_index": 4, "session_hash": "a"}
    with opened_files() as opened:
        answers = [
            client.get(address),
            client.post(address, json=event),
            client.post(address, files={"files": ("a.csv", TABLE)}),
            client.put(address, content=b"x"),
        ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.json()["error"] for answer in answers} == {
        "there is nothing at this address; /docs lists all addresses"
    }
    assert opened == []


@pytest.mark.parametrize("field", ["plot", "poster", "explain", "attribute", "table", "file"])
def test_a_file_reference_in_any_field_is_refused(
    client: TestClient, traps: list[str], field: str
) -> None:
    for path in traps:
        for value in (file_data(path), [file_data(path)], {"path": path}):
            film = {"plot": "a ghost", "explain": True, field: value}
            with opened_files() as opened:
                single = client.post("/predict", json=film)
                several = client.post("/predict/batch", json=[film])
                form = client.post("/predict", files={field: (None, json.dumps(value))})
                table = client.post("/predict/table", json={"file": value})
            assert (single.status_code, several.status_code) == (422, 200)
            assert [list(film) for film in several.json()] == [["error"]]
            assert table.status_code == 415
            assert opened == []
            # A form knows texts alone: as a plot, it is one like any other.
            assert form.status_code == (200 if field == "plot" else 422)


@pytest.mark.parametrize("prefix", ["", "file://", "file:", "data:,", "data:image/png;base64,"])
def test_a_path_as_poster_is_no_poster(client: TestClient, traps: list[str], prefix: str) -> None:
    for path in [*traps, "/etc/passwd1"]:  # the last one is base64, by chance
        text = prefix + path
        with opened_files() as opened:
            as_json = client.post("/predict", json={"plot": "a", "poster": text})
            as_field = client.post("/predict", files={"poster": (None, text)})
            as_content = client.post("/predict", files={"poster": ("p.png", text.encode())})
            encoded = base64.b64encode(text.encode()).decode()
            as_base64 = client.post("/predict", json={"poster": encoded})
        assert as_json.status_code in (415, 422)
        assert (as_field.status_code, as_field.json()["error"]) == (
            422,
            "the form's poster is text; expected a file",
        )
        assert (as_content.status_code, as_base64.status_code) == (415, 415)
        assert opened == []


NAMES = (
    b"../x.csv",
    b"../../../../etc/passwd",
    b"/etc/passwd",
    b"/dev/zero.csv",
    b"..\\..\\x.csv",
    b"C:\\secret.csv",
    b"a\x00.csv",
    b"/etc/passwd\x00.csv",
    b"%2e%2e%2f%2e%2e%2fetc%2fpasswd.csv",
    b"..%c0%af..%c0%afetc/passwd.csv",
    b"\xff\xfe.csv",
    b".csv",
    b"..",
    b"a\rb.csv",
    b"x" * 5000 + b".csv",
    b"file:///etc/passwd.csv",
)


def form(disposition: bytes, content: bytes) -> tuple[bytes, Mapping[str, str]]:
    """Return a form's body, byte by byte as given, and its headers."""
    head = b"--b\r\nContent-Disposition: form-data; " + disposition + b"\r\n"
    body = head + b"Content-Type: text/csv\r\n\r\n" + content + b"\r\n--b--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", [b"filename", b"filename*"])
def test_the_name_of_an_upload_opens_nothing(client: TestClient, name: bytes, key: bytes) -> None:
    given = b"UTF-8''" + name if key == b"filename*" else b'"' + name + b'"'
    table, headers = form(b'name="file"; ' + key + b"=" + given, TABLE)
    poster, _ = form(b'name="poster"; ' + key + b"=" + given, PICTURE)
    with opened_files() as opened:
        answer = client.post("/predict/table", content=table, headers=headers)
        picture = client.post("/predict", content=poster, headers=headers)
    assert opened == []
    assert answer.status_code in (200, 400, 415, 422)
    if answer.status_code == 200:
        row = json.loads(answer.text.splitlines()[1])
        assert (row["id"], row["genres"]) == ("a", ["Crime"]), "what was sent, and nothing else"
    assert picture.status_code in (200, 400, 422)
    assert "root:" not in answer.text + picture.text
    for text in (answer.text, picture.text):
        assert "\x00" not in text
        assert len(text) < 5000


def test_posters_that_a_table_names_are_not_looked_at(client: TestClient, traps: list[str]) -> None:
    rows = "".join(f"{number},a ghost,{path}\n" for number, path in enumerate(traps))
    table = {"file": ("a.csv", "id,plot,poster\n" + rows)}
    with opened_files() as opened:
        answer = client.post("/predict/table", files=table)
        preview = client.post("/predict/table", files=table, data={"preview": "true"})
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [line.get("error") for line in found[1:-1]] == [None] * len(traps)
    assert preview.json()["rows"][0][2] == traps[0]
    assert opened == []


def test_nobody_sees_what_somebody_else_sent(client: TestClient) -> None:
    secret = "xyzzy the secret plot"
    film = {"plot": secret, "explain": True, "attribute": ["Crime"]}
    table = {"file": ("xyzzy.csv", f"plot\n{secret}\n")}
    sent = [
        client.post("/predict", json=film),
        client.post("/predict", data={"plot": secret}, files={"poster": ("xyzzy", PICTURE)}),
        client.post("/predict/table", files=table),
        client.post("/predict/table", files=table, data={"preview": "true"}),
    ]
    assert {answer.status_code for answer in sent} == {200}
    assert all("set-cookie" not in answer.headers for answer in sent)
    addresses = [*page_assets(ServiceSettings()), "/model", "/metrics", "/docs", "/openapi.json"]
    for address in addresses:
        assert b"xyzzy" not in client.get(address).content, address
    other = client.post("/predict", json={"plot": "a ghost"})
    assert "xyzzy" not in other.text


def raw_get(client: TestClient, path: str) -> tuple[int, bytes]:
    """Ask for a path exactly as it is written, as a server hands it over."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "asgi": {"version": "3.0"},
    }

    async def ask() -> None:
        await client.app(scope, receive, send)

    asyncio.run(ask())
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


CLIMBING = ("..", "%2e%2e", ".%2e", "..%2f", "%2e%2e%2f", "..\\", "..%5c", "%252e%252e", "..;")
PREFIXES = ("/static/", "/examples/", "/docs/assets/", "/static/index.html/")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("step", CLIMBING)
def test_no_address_climbs_out_of_the_page(client: TestClient, prefix: str, step: str) -> None:
    targets = ("mounting.py", "assets.py", "examples.json", "etc/passwd", "page/mounting.py")
    for target in targets:
        for depth in (1, 2, 8):
            address = prefix + "/".join([step] * depth) + "/" + target
            status, body = raw_get(client, address)
            assert (status, b"root:" in body, b"import" in body) == (404, False, False), address
    with opened_files() as opened:
        for address in (f"/static/{step}/mounting.py", f"/examples/{step}/examples.json"):
            assert raw_get(client, address)[0] == 404
    assert opened == []


@pytest.mark.parametrize(
    "address",
    ["/static", "/static/", "/static//etc/passwd", "/static/main.js/", "/static/main.js\x00.css",
     "/static/.", "//etc/passwd", "/examples/", "/examples/examples.json", "/static/main.js%00"],
)  # fmt: skip
def test_only_whole_names_are_files_of_the_page(client: TestClient, address: str) -> None:
    with opened_files() as opened:
        status, body = raw_get(client, address)
    assert (status, b"root:" in body) in ((404, False), (307, False))
    assert opened == []
