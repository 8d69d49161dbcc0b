"""``POST /predict/table``: what was understood, rows in order, limits, and clients that leave."""

import asyncio
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.table_answers import FAILED
from moviegenre.apps.service.tables import MAX_CLIENT_TABLES, MAX_TABLES
from moviegenre.data.tables.columns import OTHER_PLOT_COLUMNS, PLOT_COLUMN
from moviegenre.inference.prediction import Prediction
from tests.tiny_movies import png_bytes, tiny_movies
from tests.unit.apps.service.asgi_client import AsgiClient
from tests.unit.apps.service.fake_predictor import PATIENCE, FakePredictor

SETTINGS = ServiceSettings(max_wait_ms=0, max_plot_chars=40, page_rows=5, max_body_bytes=4000)
PLOT = "A killer in the rain"
TABLE = f"key,story,poster\na,{PLOT},/etc/passwd\nb,,x.png\nc,{'x' * 41},\nd,crash,\n"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(FakePredictor().as_predictor, SETTINGS)) as client:
        yield client


def send(
    client: TestClient, content: str | bytes, name: str = "films.csv", **fields: Any
) -> httpx2.Response:
    answer: httpx2.Response = client.post(
        "/predict/table", files={"file": (name, content)}, data=fields
    )
    return answer


def lines(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_unread_parts_have_a_warning_beside_a_film_alone() -> None:
    predictor = FakePredictor()
    with TestClient(create_app(predictor.as_predictor, SETTINGS)) as client:
        assert client.post("/predict", json={"plot": PLOT, "title": "Rain"}).is_success
        assert lines(send(client, f"plot,title\n{PLOT},Rain\n"))
    assert predictor.warned == [True, False], "a table would repeat it for every row"


def test_a_preview_says_what_was_understood(client: TestClient) -> None:
    table = "id,plot\n" + "".join(f"{n},{'long ' * 60}\n" for n in range(7))
    shown = send(client, table, preview="true").json()
    assert (shown["name"], shown["columns"]) == ("films.csv", ["id", "plot"])
    assert (shown["id_column"], shown["plot_columns"]) == ("id", ["plot"])
    assert len(shown["rows"]) == 5
    assert shown["rows"][0][1] == "long " * 40 + "..."
    other = send(client, TABLE, preview="true").json()
    assert (other["id_column"], other["plot_columns"]) == (None, [])
    assert other["rows"][0] == ["a", PLOT, "/etc/passwd"], "shown, and not looked at"


def test_a_note_names_no_option_that_the_form_lacks(client: TestClient) -> None:
    table = "plot\nThe café owner\n".encode("mac_roman")
    assert send(client, table, preview="true").json()["note"] == (
        "the text is read as cp1252, which is a guess: if letters are wrong, save it as UTF-8"
    )


def test_the_document_lists_every_usual_name_of_a_plot(client: TestClient) -> None:
    body = client.get("/openapi.json").json()["paths"]["/predict/table"]["post"]["requestBody"]
    fields = body["content"]["multipart/form-data"]["schema"]["properties"]
    listed = set(re.findall(r"`(\w+)`", fields["plot_columns"]["description"]))
    assert listed == {PLOT_COLUMN, *OTHER_PLOT_COLUMNS}


def test_every_row_is_answered_in_order(client: TestClient) -> None:
    first, *rows, last = lines(send(client, TABLE, id_column="key", plot_columns=["story"]))
    assert (first["type"], first["rows"], last) == ("start", 4, {"type": "end"})
    assert [(row["type"], row["row"], row["id"]) for row in rows] == [
        ("row", number, id_) for number, id_ in enumerate("abcd", start=1)
    ]
    assert rows[0]["genres"] == ["Crime"]
    assert rows[0]["probabilities"] == {"Crime": 0.2, "Horror": 0.25}
    assert [row["error"] for row in rows] == [
        None,
        "a film needs a plot or a poster; found neither",
        "the plot has 41 characters; expected at most 40",
        FAILED,
    ]


def test_rows_with_the_same_id_have_the_warning_of_the_command(client: TestClient) -> None:
    _, *rows, _ = lines(send(client, f"id,plot\na,{PLOT}\nb,{PLOT}\na,\n"))
    same = ["Several rows have the id a."]
    assert [row["warnings"] for row in rows] == [same, [], same]


def test_a_series_has_the_warning_of_the_command(client: TestClient) -> None:
    _, *rows, _ = lines(send(client, f"id,type,plot\na,TV Show,{PLOT}\nb,Movie,{PLOT}\n"))
    warning = "This is a series (TV Show), and the model is made for films."
    assert [row["warnings"] for row in rows] == [[warning], []]


def test_a_field_that_is_not_plot_columns_is_not_repeated(client: TestClient) -> None:
    refused = send(client, f"id,plot\na,{PLOT}\n", id_column=["id", "plot"])
    assert refused.status_code == 422
    assert refused.json()["error"] == (
        "the form has the field id_column 2 times; expected it once; only plot_columns may be "
        "repeated"
    )


def test_its_csv_lines_are_those_of_the_command(client: TestClient) -> None:
    table = json.dumps({"id": 'a,"b"', "plot": PLOT}) + '\n{"id": "n\\n2", "plot": null}\n'
    answer = lines(send(client, table, "films.jsonl"))
    text = "".join(line.get("csv", "") for line in answer)
    assert text.splitlines()[:2] == [
        "id,genres,Crime,Horror,error,warnings,modalities",
        '"a,""b""",Crime,0.2,0.25,,,plot',
    ]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == ['a,"b"', "n\n2"]


def test_several_columns_are_joined_in_the_order_asked_for(client: TestClient) -> None:
    predictor = FakePredictor()
    with TestClient(create_app(predictor.as_predictor, SETTINGS)) as own:
        lines(send(own, "plot,end\nbegins,ends\n", plot_columns=["end", "plot"]))
    assert predictor.batches == [["ends\nbegins"]]


class WaryPredictor(FakePredictor):
    """Ignores a plot that says nothing, and warns of a short one."""

    def predict_films(self, films: Sequence[Any], batch_size: int) -> list[Prediction]:
        answers = super().predict_films(films, batch_size)
        readings = {"TBA": ([], "It says nothing."), "Short": (["plot"], "It is short.")}
        pairs = zip(films, answers, strict=True)
        return [
            replace(answer, modalities=readings[film.plot][0], warnings=[readings[film.plot][1]])
            for film, answer in pairs
        ]


def test_rows_have_warnings_and_none_is_answered_from_nothing() -> None:
    with TestClient(create_app(WaryPredictor().as_predictor, SETTINGS)) as client:
        _, ignored, short, _ = lines(send(client, "plot\nTBA\nShort\n"))
    assert (ignored["genres"], ignored["error"], ignored["warnings"]) == (
        [],
        "no plot: It says nothing.",
        [],
    )
    assert (short["genres"], short["error"]) == (["Crime"], None)
    assert short["csv"] == "2,Crime,0.05,0.25,,It is short.,plot\n"


WRONG: dict[str, tuple[tuple[str | bytes, str, dict[str, Any]], tuple[int, str]]] = {
    "a kind that is not taken": (
        ("x", "films.parquet", {}),
        (415, "films.parquet is not a table; expected .csv, .tsv, .tab, .txt, .jsonl, .ndjson"),
    ),
    "many rows": (
        ("plot\n" + "x\n" * 6, "a.csv", {}),
        (422, "the table has more than 5 rows, which is the limit here"),
    ),
    "no plots": (
        ("poster\n/etc/passwd\n", "a.csv", {}),
        (422, "a.csv has no column 'plot' (found poster); choose the columns of plots"),
    ),
    "no such column": (
        ("plot\nx\n", "a.csv", {"plot_columns": "plots"}),
        (422, "a.csv: no column 'plots', did you mean \"plot\"?"),
    ),
    "empty": (("", "a.csv", {}), (422, "a.csv has no rows")),
    "not UTF-8": ((b"pl\x81ot\nx\n", "a.csv", {}), (422, "a.csv is not UTF-8; save it as UTF-8")),
    "many columns": (
        (",".join(map(str, range(1001))) + "\n1\n", "a.csv", {}),
        (422, "a.csv has 1,001 columns; expected at most 1,000"),
    ),
    "large": (("plot\n" + "x" * 4000, "a.csv", {}), (413, "the body is too large")),
    "odd preview": (("plot\nx\n", "a.csv", {"preview": "maybe"}), (422, "preview is neither")),
    "unknown field": (
        ("plot\nx\n", "a.csv", {"poster": "/etc/passwd"}),
        (
            422,
            "the form has an unknown field 'poster'; expected file, id_column, plot_co",
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_table_that_is_not_taken(case: str) -> None:
    (content, name, fields), (status, message) = WRONG[case]
    roomy = SETTINGS.model_copy(update={"max_body_bytes": 10_000})
    settings = roomy if case == "many columns" else SETTINGS
    with TestClient(create_app(FakePredictor().as_predictor, settings)) as client:
        answer = send(client, content, name, **fields)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(message)


def test_a_body_that_is_no_form(client: TestClient) -> None:
    answer = client.post("/predict/table", json={"file": "/etc/passwd"})
    assert (answer.status_code, answer.json()["error"]) == (
        415,
        "the body is application/json; expected multipart/form-data",
    )
    answer = client.post("/predict/table", files={"file": (None, "/etc/passwd")})
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "the form has no table; expected a file in the field 'file'",
    )


ODD_ROWS = {
    "nested": '{"plot": ' + "[" * 20_000 + "}\n",
    "half a character": '{"plot": "a \\ud800 b", "id": "\\udfff"}\n',
    "another kind": '{"plot": {"a": 1}}\n',
    "no object": "3\n",
}


@pytest.mark.parametrize("case", ODD_ROWS)
def test_an_odd_row_spoils_no_other(case: str) -> None:
    settings = SETTINGS.model_copy(update={"max_body_bytes": 100_000})
    with TestClient(create_app(FakePredictor().as_predictor, settings)) as client:
        answer = lines(send(client, ODD_ROWS[case] + '{"plot": "good"}\n', "a.jsonl"))
    assert [line["type"] for line in answer] == ["start", "row", "row", "end"]
    assert answer[2]["genres"] == ["Crime"]
    assert (answer[1]["error"] is None) == (case == "half a character")


def test_a_line_that_no_film_has_is_refused_before_it_is_parsed() -> None:
    settings = ServiceSettings(max_body_bytes=3_000_000)
    line = '{"plot": [' + "[]," * 400_000 + "[]]}\n"
    with TestClient(create_app(FakePredictor().as_predictor, settings)) as client:
        answer = send(client, line, "a.jsonl")
    assert answer.status_code == 422
    assert answer.json()["error"] == (
        "a.jsonl has a line of 1,200,014 bytes; expected at most 1,000,000"
    )


def test_a_full_queue_only_makes_a_table_wait() -> None:
    small = SETTINGS.model_copy(update={"max_queue": 1, "max_films": 1})
    predictor = FakePredictor()
    with TestClient(create_app(predictor.as_predictor, small)) as client:
        answer = lines(send(client, "plot\na\nb\nc\n"))
    assert [line["type"] for line in answer] == ["start", "row", "row", "row", "end"]
    assert predictor.batches == [["a"], ["b"], ["c"]]


def table_client(table: str, address: str = "127.0.0.1") -> AsgiClient:
    files = {"file": ("a.csv", table.encode())}
    return AsgiClient("/predict/table", address=address, files=files)


def test_a_table_stops_when_its_client_leaves() -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, ServiceSettings(max_wait_ms=0))

    async def scenario() -> None:
        client = table_client("plot\n" + "x\n" * 400)
        async with app.router.lifespan_context(app):
            predictor.gate.clear()
            running = asyncio.ensure_future(client.call(app))
            assert await asyncio.to_thread(predictor.entered.wait, PATIENCE)
            client.left.set()
            await asyncio.wait_for(running, PATIENCE)
            predictor.gate.set()

    asyncio.run(scenario())
    assert sum(len(batch) for batch in predictor.batches) <= 8, "the rest is not computed"


def test_a_client_that_reads_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, ServiceSettings(max_wait_ms=0, deadline_seconds=0.3))

    async def scenario() -> None:
        client = table_client("plot\nx\n")

        async def never(_message: Message) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(client, "send", never)
        async with app.router.lifespan_context(app):
            await asyncio.wait_for(client.call(app), PATIENCE)

    asyncio.run(scenario())
    assert predictor.batches == []


def test_a_stop_ends_a_table_with_an_error() -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, ServiceSettings(max_wait_ms=0))

    async def scenario() -> list[dict[str, Any]]:
        client = table_client("plot\n" + "x\n" * 40)
        async with app.router.lifespan_context(app):
            predictor.gate.clear()
            running = asyncio.ensure_future(client.call(app))
            assert await asyncio.to_thread(predictor.entered.wait, PATIENCE)
            app.state.stopping()
            predictor.gate.set()
            await asyncio.wait_for(running, PATIENCE)
        return client.lines

    *rows, last = asyncio.run(scenario())
    assert last == {"type": "error", "error": "the service is stopping; try again later"}
    assert len(rows) == 1 + 8, "what was taken is answered"


@pytest.mark.parametrize(
    ("addresses", "error"),
    [
        (["10.0.0.1"] * MAX_CLIENT_TABLES, "4 of your tables are waiting; try again later"),
        (
            [f"10.0.0.{number}" for number in range(MAX_TABLES)],
            "16 tables are waiting; try again later",
        ),
    ],
    ids=["one client", "all clients"],
)
def test_tables_wait_for_their_turn_and_too_many_are_refused(
    addresses: list[str], error: str
) -> None:
    predictor = FakePredictor()
    app = create_app(predictor.as_predictor, ServiceSettings(max_wait_ms=0))

    async def scenario() -> AsgiClient:
        clients = [table_client("plot\nx\n", address) for address in addresses]
        refused = table_client("plot\nx\n", "10.0.0.1")
        async with app.router.lifespan_context(app):
            predictor.gate.clear()
            running = [asyncio.ensure_future(client.call(app)) for client in clients]
            while not all(len(client.sent) >= 2 for client in clients):
                await asyncio.sleep(0.01)
            await refused.call(app)
            assert sum(len(batch) for batch in predictor.batches) <= 2, "two at a time"
            predictor.gate.set()
            await asyncio.gather(*running)
        assert all(client.lines[-1] == {"type": "end"} for client in clients)
        return refused

    refused = asyncio.run(scenario())
    assert (refused.sent[0]["status"], refused.lines) == (503, [{"error": error}])


def test_rows_come_with_their_texts_where_these_are_asked_for(client: TestClient) -> None:
    table = json.dumps({"id": "a", "plot": PLOT, "title": "Rain \ud800", "year": 1994})
    _, row, _ = lines(send(client, table, "films.jsonl", with_text="true"))
    assert (row["plot"], row["title"], row["year"]) == (PLOT, "Rain \ufffd", 1994)
    _, row, _ = lines(send(client, table, "films.jsonl"))
    assert "plot" not in row
    refused = send(client, table, "films.jsonl", with_text="perhaps")
    assert refused.json() == {"error": "with_text is neither true nor false"}


def zip_of(table: str, **pictures: bytes) -> bytes:
    """Return a ZIP of a table and its posters."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("films.csv", table)
        for name, content in pictures.items():
            archive.writestr(f"posters/{name}.png", content)
    return stream.getvalue()


ROOMY = ServiceSettings(max_wait_ms=0, max_poster_pixels=10_000, image_kinds=("PNG",))
PICTURE = png_bytes(tiny_movies(1).posters[0])


@pytest.fixture(scope="module")
def roomy() -> Iterator[TestClient]:
    with TestClient(create_app(FakePredictor().as_predictor, ROOMY)) as client:
        yield client


def test_a_zip_brings_a_table_and_its_posters(roomy: TestClient) -> None:
    wide = png_bytes(np.zeros((200, 200, 3), dtype=np.uint8))
    rows = {
        "both.png": ["plot", "poster"],
        "posters/both.png": ["plot", "poster"],
        "gone.png": ["plot"],
        "broken.png": ["plot"],
        "wide.png": ["plot"],
        "/etc/passwd": ["plot"],
        "N/A": ["plot"],
    }
    table = "id,plot,poster\n" + "".join(f"{n},{PLOT},{name}\n" for n, name in enumerate(rows))
    table += "last,,both.png\nnone,,gone.png\n"
    content = zip_of(table, both=PICTURE, broken=PICTURE[:-30], wide=wide)
    shown = send(roomy, content, "films.zip", preview="true").json()
    assert (shown["poster_column"], shown["has_posters"], shown["name"]) == (
        *("poster", True),
        "films.csv",
    )
    _, *answers, last = lines(send(roomy, content, "films.zip"))
    assert last == {"type": "end"}
    assert [row["modalities"] for row in answers] == [*rows.values(), ["poster"], []]
    faults = [row["error"] for row in answers]
    assert (faults[:2], faults[6:8]) == ([None, None], [None, None])
    used = "; the plot alone was used"
    assert faults[2] == f"gone.png is not in the ZIP; expected the name of a picture in it{used}"
    assert faults[3].startswith("the image cannot be decoded: ")
    assert faults[3].endswith(used)
    assert faults[4] == f"the poster has 200 x 200 pixels; expected at most 10,000{used}"
    assert faults[5].startswith("/etc/passwd is not in the ZIP")
    assert faults[8].endswith("; a film needs a plot or a poster; found neither")


def test_another_column_may_name_the_posters(roomy: TestClient) -> None:
    content = zip_of("plot,file,x\na ghost,both.png,y\n", both=PICTURE)
    shown = send(roomy, content, "a.zip", preview="true").json()
    assert (shown["poster_column"], shown["has_posters"]) == (None, True)
    _, row, _ = lines(send(roomy, content, "a.zip", poster_column="file"))
    assert row["modalities"] == ["plot", "poster"]
    usual = zip_of("Image Path,Poster_Link\nboth.png,\n", both=PICTURE)
    assert send(roomy, usual, "a.zip", preview="true").json()["poster_column"] is None
    usual = zip_of("plot,Cover\na ghost,both.png\n", both=PICTURE)
    assert send(roomy, usual, "a.zip", preview="true").json()["poster_column"] == "Cover"
    no_pictures = send(roomy, "plot,poster\na,b\n", poster_column="poster")
    assert no_pictures.status_code == 422
    assert "the file is not a ZIP of a table and its posters" in no_pictures.json()["error"]
    wrong = send(roomy, content, "a.zip", poster_column="fil")
    assert (wrong.status_code, "did you mean" in wrong.json()["error"]) == (422, True)


def test_an_error_names_the_fields_of_the_form(roomy: TestClient) -> None:
    error = send(roomy, zip_of("key,x\n1,y\n", both=PICTURE), "a.zip").json()["error"]
    assert error.endswith("name yours with plot_columns and poster_column")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK", "a.zip cannot be unpacked: it is no whole zip"),
        (zip_of("plot\nx\n", a=PICTURE)[:-9], "a.zip cannot be unpacked: "),
        (zip_of("plot\nx\n", x=b"").replace(b"films.csv", b"films.txx"), "no table"),
    ],
)
def test_a_bad_zip_is_one_line(roomy: TestClient, content: bytes, message: str) -> None:
    for fields in ({}, {"preview": "true"}):
        answer = send(roomy, content, "a.zip", **fields)
        assert answer.status_code == 422
        assert message in answer.json()["error"]
        assert "\n" not in answer.json()["error"]


def test_a_zip_of_too_many_files_is_refused() -> None:
    few = ServiceSettings(max_wait_ms=0, page_rows=1)
    pictures = {f"n{number}": b"" for number in range(10)}
    with TestClient(create_app(FakePredictor().as_predictor, few)) as client:
        answer = send(client, zip_of("plot\nx\n", **pictures), "a.zip")
    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "a.zip holds 11 files; expected a table and its posters, 10 files at most",
    )
