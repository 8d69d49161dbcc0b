"""Every script in ``examples/`` is run as its first lines say, and gives the right genres."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from moviegenre.library.nfo import parse_nfo
from moviegenre.library.undo import undo

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
CRIME = (
    "A detective hunts a killer through the rainy streets of a corrupt city, while gangsters and "
    "the police both want him dead."
)
ROMANCE = (
    "Two lonely bakers open a shop together, quarrel about bread and the wedding of a friend, and "
    "fall in love at last."
)


def run(name: str, *arguments: str | Path) -> str:
    """Return what an example prints."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_rows(rows: pd.DataFrame, error: str) -> None:
    """Check the genres of a crime film, of a film without a plot and of a romance."""
    crime, none, romance = rows["genres"].fillna("")
    assert crime.startswith("Crime")
    assert none == ""
    assert "Romance" in romance
    assert "Crime" not in romance
    errors = rows[error].fillna("").tolist()
    assert errors[::2] == ["", ""]
    assert errors[1] == "a film needs a plot or a poster; found neither"


def test_a_pandas_column(tmp_path: Path) -> None:
    films, out = tmp_path / "films.csv", tmp_path / "out.csv"
    pd.DataFrame({"id": [7, 8, 9, 10], "plot": [CRIME, None, ROMANCE, "TBA"]}).to_csv(
        films, index=False
    )
    run("pandas_column.py", films, out)
    rows = pd.read_csv(out)
    assert rows.columns.tolist() == ["id", "plot", "genres", "error", "warnings"]
    assert rows["id"].tolist() == [7, 8, 9, 10]
    check_rows(rows[:3], "error")
    assert rows["warnings"][3] == 'The plot is a placeholder ("TBA"), so it was ignored.'


def test_a_scikit_learn_pipeline(tmp_path: Path) -> None:
    films = tmp_path / "films.csv"
    pd.DataFrame({"storyline": [CRIME, ROMANCE], "released": [1947, None]}).to_csv(films)
    heads, first, second = run("sklearn_pipeline.py", films).splitlines()
    names = heads.split()
    crime, romance = (dict(zip(names, row.split()[1:], strict=True)) for row in (first, second))
    assert len(names) == 20
    assert float(crime["Crime"]) > 0.5 > float(romance["Crime"])
    assert float(romance["Romance"]) > 0.5 > float(crime["Romance"])


def test_a_fastapi_route() -> None:
    place = ROOT / "examples" / "fastapi_route.py"
    spec = importlib.util.spec_from_file_location("fastapi_route", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fastapi_route"] = module  # where pydantic looks for the types of a model
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["fastapi_route"]
    client = TestClient(module.app)
    answer = client.post("/genres", json={"plot": CRIME, "title": "Rain", "year": 1950})
    assert answer.status_code == 200
    assert "Crime" in answer.json()["genres"]
    assert set(answer.json()["modalities"]) == {"plot"}
    empty = client.post("/genres", json={"plot": " "})
    assert empty.status_code == 422
    assert empty.json() == {"detail": "a film needs a plot or a poster; found neither"}


def test_a_jellyfin_library(tmp_path: Path) -> None:
    before = {}
    for name, plot, genre in (("Rain", CRIME, ""), ("Flour", ROMANCE, "<genre>Drama</genre>")):
        nfo = tmp_path / "films" / name / "movie.nfo"
        nfo.parent.mkdir(parents=True)
        nfo.write_text(f"<movie><title>{name}</title><plot>{plot}</plot>{genre}</movie>\n")
        before[nfo] = nfo.read_bytes()
    rain, flour = before
    (line,) = run("jellyfin_library.py", tmp_path / "films").splitlines()
    genres = parse_nfo(rain.read_bytes()).genres
    assert line == f"Rain: {', '.join(genres)}"
    assert genres[0] == "Crime"
    assert len(genres) == 2
    assert b"<lockedfields>Genres</lockedfields>" in rain.read_bytes()
    assert flour.read_bytes() == before[flour]
    undo(tmp_path / "films")
    assert rain.read_bytes() == before[rain]


@pytest.mark.slow
def test_many_files_on_several_cores(tmp_path: Path) -> None:
    folder, out = tmp_path / "plots", tmp_path / "out.csv"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02d}.txt").write_text(ROMANCE if number % 2 else CRIME)
    (folder / "00a.txt").write_text("")
    run("many_files.py", folder, out)
    rows = pd.read_csv(out)
    assert rows["file"].tolist() == sorted(path.name for path in folder.glob("*.txt"))
    assert len(rows) == 41
    check_rows(rows.iloc[:3], "note")
    genres = rows["genres"].drop(index=1)
    assert genres.nunique() == 2, "a film has the same answer in every process"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_says_how_it_is_run_and_is_tested(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 40
    assert f"examples/{path.name}" in text or f"--app-dir examples {path.stem}:app" in text
    assert json.dumps(path.name) in Path(__file__).read_text("utf-8"), "a test runs it"
