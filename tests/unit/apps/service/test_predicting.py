"""What the service answers: predictions, refusals, one shape of error."""

import base64
import gzip
import io
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.schemas import TINY_POSTER
from moviegenre.apps.service.settings import ServiceSettings
from tests.unit.apps.service.fake_predictor import FakePredictor

SETTINGS = ServiceSettings(
    max_wait_ms=0,
    max_body_bytes=4000,
    max_plot_chars=40,
    max_poster_pixels=100,
    image_kinds=("PNG", "JPEG"),
    max_films=3,
)
PLOT = "A ghost in the house"


def image(kind: str = "PNG", size: tuple[int, int] = (6, 9)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(stream, kind)
    return stream.getvalue()


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def predictor() -> FakePredictor:
    return FakePredictor()


@pytest.fixture(scope="module")
def client(predictor: FakePredictor) -> Iterator[TestClient]:
    app = create_app(predictor.as_predictor, SETTINGS)
    with TestClient(app) as client:
        yield client


def expected(plot: str = PLOT, modalities: tuple[str, ...] = ("plot",)) -> dict[str, Any]:
    return {
        "genres": ["Crime"],
        "probabilities": {"Crime": len(plot) / 100, "Horror": 0.25},
        "thresholds": {"Crime": 0.4, "Horror": 0.6},
        "modalities": list(modalities),
        "warnings": [],
    }


def test_a_plot_as_json(client: TestClient) -> None:
    answer = client.post("/predict", json={"plot": PLOT})
    assert (answer.status_code, answer.json()) == (200, expected())


def test_title_and_year_as_json_and_in_a_form(client: TestClient) -> None:
    film = {"plot": PLOT, "title": "Laura", "year": 1944}
    whole = expected(f"Laura 1944 {PLOT}")
    assert client.post("/predict", json=film).json() == whole
    assert client.post("/predict", data=film, files={"poster": ("", b"")}).json() == whole
    refused = client.post("/predict", json={**film, "title": ["Laura"], "year": True})
    assert (refused.status_code, refused.json()) == (
        422,
        {"error": "the film is invalid: title: expected a text; year: expected a number or a text"},
    )


@pytest.mark.parametrize("year", [-1, 99999, 12.5, "1944", "soon"])
def test_a_year_that_no_film_has_is_left_to_the_reader(
    client: TestClient, year: int | float | str
) -> None:
    whole = expected(f"{year} {PLOT}")
    answer = client.post("/predict", json={"plot": PLOT, "year": year})
    assert (answer.status_code, answer.json()) == (200, whole)
    form = {"plot": (None, PLOT), "year": (None, str(year))}
    assert client.post("/predict", files=form).json() == whole


@pytest.mark.parametrize("title", [1917, 1917.0, "1917"])
def test_a_title_may_be_a_number(client: TestClient, title: float | str) -> None:
    answer = client.post("/predict", json={"plot": PLOT, "title": title})
    assert (answer.status_code, answer.json()) == (200, expected(f"1917 {PLOT}"))


def test_several_plots_as_json_are_read_as_those_of_a_form(client: TestClient) -> None:
    film = {"plot": ["A ghost", "A house"]}
    assert client.post("/predict", json=film).json() == expected("A ghost / A house")
    both = client.post("/predict/batch", json=[film, {"plot": []}]).json()
    assert both[0] == expected("A ghost / A house")
    assert both[1] == {"error": "a film needs a plot or a poster; found neither"}


@pytest.mark.parametrize(
    ("plot", "fault"),
    [
        ([1], "the film is invalid: plot: expected a text or a list of texts"),
        ({"a": 1}, "the film is invalid: plot: expected a text or a list of texts"),
        (["a"] * 33, "the film is invalid: plot: expected at most 32 texts (found 33)"),
        (["x" * 30, "y" * 30], "the plot has 60 characters; expected at most 40"),
    ],
    ids=["number", "object", "many", "long"],
)
def test_other_plots_are_refused(client: TestClient, plot: object, fault: str) -> None:
    refused = client.post("/predict", json={"plot": plot})
    assert (refused.status_code, refused.json()) == (422, {"error": fault})


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_a_poster_as_base64(client: TestClient, prefix: str) -> None:
    film = {"plot": PLOT, "poster": prefix + base64_of(image())}
    assert client.post("/predict", json=film).json() == expected(modalities=("plot", "poster"))


def test_a_form_with_a_file(client: TestClient) -> None:
    answer = client.post("/predict", data={"plot": PLOT}, files={"poster": ("p.png", image())})
    assert (answer.status_code, answer.json()) == (
        200,
        expected(modalities=("plot", "poster")),
    )


def test_a_form_whose_file_was_not_chosen(client: TestClient) -> None:
    answer = client.post("/predict", data={"plot": PLOT}, files={"poster": ("", b"")})
    assert answer.json() == expected()


def test_an_empty_file_is_no_poster(client: TestClient) -> None:
    refused = client.post("/predict", data={"plot": PLOT}, files={"poster": ("p.png", b"")})
    assert refused.status_code == 415
    assert refused.json()["error"].startswith("the poster is empty; expected")


def test_a_form_with_several_plots_is_read_as_the_command_reads_them(client: TestClient) -> None:
    form = [("plot", (None, "A ghost")), ("plot", (None, "A house"))]
    assert client.post("/predict", files=form).json() == expected("A ghost / A house")
    refused = client.post("/predict", files=[*form, ("plot", (None, "x" * 30))])
    assert refused.status_code == 422
    assert refused.json() == {"error": "the plot has 44 characters; expected at most 40"}


def test_another_field_of_a_form_is_not_repeated(client: TestClient) -> None:
    form = [("plot", (None, PLOT)), ("year", (None, "1944")), ("year", (None, "1945"))]
    refused = client.post("/predict", files=form)
    assert refused.status_code == 422
    assert refused.json()["error"] == (
        "the form has the field year 2 times; expected it once; only plot and attribute may be "
        "repeated"
    )


def test_an_empty_field_of_a_form_is_missing(client: TestClient) -> None:
    empty = ("year", "title", "explain", "attribute")
    form = {"plot": (None, PLOT), **dict.fromkeys(empty, (None, ""))}
    assert client.post("/predict", files=form).json() == expected()


@pytest.mark.parametrize("address", ["/predict", "/predict/batch", "/predict/table"])
def test_an_encoded_body_is_refused(client: TestClient, address: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    refused = client.post(address, content=gzip.compress(b'{"plot": "A"}'), headers=headers)
    assert refused.status_code == 415
    assert refused.json()["error"] == (
        "the body has the Content-Encoding gzip; expected none; send the body as it is"
    )


def test_an_explanation_where_asked_for(client: TestClient) -> None:
    reasons = client.post("/predict", json={"plot": PLOT, "explain": True}).json()["explanation"]
    assert reasons == {
        "modality_share": {"plot": 0.75, "poster": 0.25},
        "modality_effects": {"Crime": {"plot": 3.0, "poster": -1.0}},
        "modality_attention": None,
    }
    form = {"plot": (None, PLOT), "explain": (None, "true")}
    assert client.post("/predict", files=form).json()["explanation"] == reasons


def test_naming_genres_asks_for_an_explanation(client: TestClient) -> None:
    answer = client.post("/predict", json={"plot": PLOT, "attribute": ["Crime"]}).json()
    explained = {"plot": PLOT, "explain": True, "attribute": ["Crime"]}
    assert answer["explanation"] == client.post("/predict", json=explained).json()["explanation"]


def test_words_and_regions_of_the_genres_that_were_named(client: TestClient) -> None:
    film = {"plot": PLOT, "explain": True, "attribute": ["Horror", "Horror", "Crime"]}
    as_json = client.post("/predict", json=film).json()["explanation"]
    assert list(as_json["words"]) == ["Horror", "Crime"]
    first = {"text": "A", "start": 0, "end": 1, "share": 1.0, "without": None}
    assert as_json["words"]["Crime"][0] == first
    assert as_json["regions"] == {}
    form = {**film, "explain": "true"}
    answer = client.post("/predict", data=form, files={"poster": ("p.png", image())}).json()
    assert answer["explanation"]["regions"]["Horror"] == [[0.5, 0.0], [0.0, -0.5]]
    assert list(answer["explanation"]["words"]) == ["Horror", "Crime"]


def test_a_batch_keeps_its_order_and_names_what_is_wrong_in_its_place(client: TestClient) -> None:
    films = [{"plot": "first"}, {"plot": "x" * 41}, {"plott": "x"}]
    answer = client.post("/predict/batch", json=films)
    assert answer.status_code == 200
    assert answer.json() == [
        expected("first"),
        {"error": "the plot has 41 characters; expected at most 40"},
        {"error": "the film is invalid: plott: unknown field (/docs lists them)"},
    ]


CUT_OFF = image("JPEG", (9, 9))[:300]
JSON = {"content-type": "application/json"}
WRONG_FILMS = {
    "empty": ({}, 422, "a film needs a plot or a poster; found neither"),
    "long plot": ({"plot": "x" * 41}, 422, "the plot has 41 characters; expected at most 40"),
    "no base64": (
        {"poster": "no!"},
        422,
        "the poster is not base64; expected an encoded image",
    ),
    "no image": (
        {"poster": base64_of(b"hello")},
        415,
        "the poster is no image of a kind that is read; expected PNG or JPEG",
    ),
    "other kind": (
        {"poster": base64_of(image("BMP"))},
        415,
        "the poster is no image of a kind that is read; expected PNG or JPEG",
    ),
    "many pixels": (
        {"poster": base64_of(image(size=(10, 11)))},
        422,
        "the poster has 10 x 11 pixels; expected at most 100",
    ),
    "unknown field": (
        {"plott": "secret"},
        422,
        "the film is invalid: plott: unknown field (/docs lists them)",
    ),
    "many to attribute": (
        {"plot": PLOT, "explain": True, "attribute": ["Crime"] * 33},
        422,
        "the film is invalid: attribute: expected at most 32 of them (found 33)",
    ),
    "wrong type": (
        {"plot": ["secret", 1]},
        422,
        "the film is invalid: plot: expected a text or a list of texts",
    ),
}


@pytest.mark.parametrize("case", WRONG_FILMS)
def test_a_film_that_is_not_as_expected(client: TestClient, case: str) -> None:
    film, status, message = WRONG_FILMS[case]
    answer = client.post("/predict", json=film)
    assert (answer.status_code, answer.json()) == (status, {"error": message})


def test_a_cut_off_poster(client: TestClient) -> None:
    answer = client.post("/predict", json={"poster": base64_of(CUT_OFF)})
    assert answer.status_code == 422
    assert "decoded" in answer.json()["error"]


WRONG_BODIES: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "repeated": (
        *("", {"content": b'{"plot": "a", "plot": "b"}', "headers": JSON}, 422),
        "the film has several values for the key 'plot'; expected one",
    ),
    "no kind": (
        "",
        {"content": b"x"},
        415,
        "the body is of no stated kind; expected application/json or multipart/form-data",
    ),
    "other kind": (
        "",
        {"content": b"x", "headers": {"content-type": "text/plain"}},
        415,
        "the body is text/plain; expected application/json or multipart/form-data",
    ),
    "form without boundary": (
        "",
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        400,
        "the form cannot be parsed: Missing boundary in multipart.",
    ),
    "poster as text": (
        "",
        {"files": {"poster": (None, "p.png")}},
        422,
        "the form's poster is text; expected a file",
    ),
    "other file": (
        "",
        {"files": {"plot": ("p.txt", b"x")}},
        422,
        "the form has a file that is not its poster; expected poster",
    ),
    "too large": (
        "",
        {"json": {"plot": "x" * 4001}},
        413,
        "the body is too large; expected at most 4,000 bytes",
    ),
    "too large, in pieces": (
        "",
        {"content": iter([b"x" * 3000] * 2), "headers": JSON},
        413,
        "the body is too large; expected at most 4,000 bytes",
    ),
    "too many": (
        "/batch",
        {"json": [{"plot": "a"}] * 4},
        422,
        "the request has 4 films; expected 1 to 3",
    ),
    "none": ("/batch", {"json": []}, 422, "the request has 0 films; expected 1 to 3"),
    "no list": (
        "/batch",
        {"json": {"plot": "a"}},
        422,
        "the request is not a list; expected a list of films",
    ),
    "form": (
        "/batch",
        {"files": {"plot": (None, "a")}},
        415,
        "the body is multipart/form-data; expected application/json",
    ),
}


@pytest.mark.parametrize("case", WRONG_BODIES)
def test_a_body_that_is_not_as_expected(client: TestClient, case: str) -> None:
    address, body, status, message = WRONG_BODIES[case]
    answer = client.post(f"/predict{address}", **body)
    assert (answer.status_code, answer.json()) == (status, {"error": message})


def test_addresses_that_are_not_there(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "there is nothing at this address; /docs lists all addresses"},
    )
    answer = client.get("/predict")
    assert (answer.status_code, answer.json()) == (
        405,
        {"error": "this address does not accept GET; /docs lists what it accepts"},
    )
    assert answer.headers["allow"] == "POST"


def test_a_bug_shows_nothing_of_itself(client: TestClient) -> None:
    head = {"X-Request-ID": "abc-1"}
    for address, films in (("", {"plot": "crash"}), ("/batch", [{"plot": "crash"}])):
        answer = client.post(f"/predict{address}", json=films, headers=head)
        assert (answer.status_code, answer.json()) == (
            500,
            {"error": "the service failed on this request; its log has the reason under abc-1"},
        )
    assert client.post("/predict", json={"plot": PLOT}).status_code == 200, "it lives on"


def test_the_examples_of_the_documentation_work(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    tried = 0
    with TestClient(create_app(FakePredictor().as_predictor)) as roomy:  # the default limits
        for address in ("/predict", "/predict/batch"):
            content = paths[address]["post"]["requestBody"]["content"]["application/json"]
            for example in content["examples"].values():
                answer = roomy.post(address, json=example["value"])
                assert answer.status_code == 200, answer.json()
                assert "error" not in answer.text
                tried += 1
    assert tried == 5
    assert len(base64.b64decode(TINY_POSTER)) < 100


def test_a_byte_order_mark_is_ignored(client: TestClient) -> None:
    body = b'\xef\xbb\xbf{"plot": "a ghost"}'
    answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", 'it is empty; send a film, such as {"plot": "..."}'),
        ('{"plot": "x"}'.encode("utf-16"), "it is in UTF-16 or UTF-32; send it in UTF-8"),
        ('{"plot": "x"}'.encode("utf-16-be"), "it is in UTF-16 or UTF-32; send it in UTF-8"),
        ('{"plot": "Amélie"}'.encode("latin-1"), "it is not in UTF-8 (byte 12 is 0xe9); send it"),
        (b"{", "EOF while parsing an object at line 1 column 1; send what /docs shows"),
        (b'{"plot": "a", "year": Infinity}', "expected value at line 1 column"),
        (b'{"plot": secret}', "expected value at line 1 column 10; send what /docs shows"),
    ],
)
def test_the_reason_why_a_body_is_no_json(client: TestClient, body: bytes, reason: str) -> None:
    for address in ("/predict", "/predict/batch"):
        answer = client.post(address, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(f"the body is not valid JSON: {reason}")
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (2, "the form has the field poster 2 times; expected it once; only plot and attribute"),
        (9, "the form has more than 8 files; expected one"),
    ],
)
def test_several_posters_are_refused_by_name(client: TestClient, number: int, fault: str) -> None:
    poster = ("poster", ("a.png", base64.b64decode(TINY_POSTER), "image/png"))
    answer = client.post("/predict", data={"plot": PLOT}, files=[poster] * number)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(fault)
