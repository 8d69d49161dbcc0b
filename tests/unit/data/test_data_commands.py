"""``moviegenre data``: what is printed, what is written, and how errors end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from tests.unit.data.raw_movies import complete_files, drawn_poster, record, write_folder


def run(*arguments: str | Path) -> int:
    """Run the command line in this process and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return twelve movies, of which the first has no plot."""
    files = complete_files()
    files["mmimdb/dataset/0000000.json"] = record(0, plot=[])
    return write_folder(tmp_path / "movies", files)


def test_prepare_prints_what_came_of_it(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "prepared"
    status = run("data", "prepare", source, "--out", out, "--min-movies", "2", "--quiet")
    assert status == 0
    assert capsys.readouterr().out == (
        f"{out}: train 5, val 3, test 3; 3 genres\n"
        f"left out, no plot: 1 (listed in {out / 'excluded.csv'}), for example 0000000\n"
        "--keep-incomplete keeps movies without a poster or without a plot\n"
    )


def test_genres_are_named_with_commas(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    assert run("data", "prepare", source, "--out", out, "--genres", "Horror, Drama", "--quiet") == 0
    assert PreparedData(out).genres.names == ("Horror", "Drama")


def test_a_table_takes_its_columns(tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(drawn_poster())
    rows = [
        {
            "key": f"m{n}",
            "a": f"A{n}.",
            "b": f"B{n}.",
            "cover": "0.jpg",
            "tags": "X/Y",
            "part": part,
        }
        for n, part in enumerate(["train", "val", "test"])
    ]
    table = tmp_path / "movies.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "prepared"
    options = [
        *("--id-column", "key", "--plot-column", "a", "--plot-column", "b"),
        *("--poster-column", "cover", "--genres-column", "tags", "--genres-separator", "/"),
        *("--split-column", "part", "--min-movies", "1", "--quiet"),
    ]
    assert run("data", "prepare", table, "--out", out, *options) == 0
    data = PreparedData(out)
    assert data.genres.names == ("X", "Y")
    assert data.ids(Split.VAL) == ("m1",)
    assert data.plots(Split.TEST, "joined") == ["A2.\nB2."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--split", "oficial"],
            "error: invalid value for '--split': 'oficial' is not one of 'official', "
            "'stratified'; see: moviegenre data prepare --help\n",
        ),
        (
            ["--genres", "Dramma"],
            "error: --genres: no movie has 'Dramma', did you mean \"Drama\"? "
            "(known: Comedy, Drama, Horror)\n",
        ),
    ],
)
def test_a_user_error_is_one_line_and_status_2(
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    out = tmp_path / "prepared"
    assert run("data", "prepare", source, "--out", out, "--quiet", *arguments) == 2
    assert capsys.readouterr().err == message
    assert not out.exists()


def test_stats_are_printed_and_written(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, facts = tmp_path / "prepared", tmp_path / "facts.json"
    run("data", "prepare", source, "--out", out, "--min-movies", "2", "--quiet")
    assert run("data", "stats", out, "--json", facts) == 0
    assert "movies: 11 (train 5 (45.5 %), val 3 (27.3 %)" in capsys.readouterr().out
    assert json.loads(facts.read_text())["genres"]["Horror"] == {"train": 2, "val": 1, "test": 1}


def test_synthetic_movies_are_prepared_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movies, out = tmp_path / "movies", tmp_path / "prepared"
    assert run("data", "synthesize", movies, "--movies", "40", "--seed", "1") == 0
    assert capsys.readouterr().out == (
        f"40 made-up movies in {movies}; next: moviegenre data prepare {movies} "
        "--out data/prepared\n"
    )
    assert run("data", "prepare", movies, "--out", out, "--min-movies", "2", "--quiet") == 0
    data = PreparedData(out)
    assert data.is_synthetic is True
    assert "made up; nothing measured on them is a result" in (out / "DATASHEET.md").read_text()
    assert sum(data.num_movies(split) for split in Split) == 40


def test_help_needs_no_heavy_imports() -> None:
    code = (
        "import sys; from moviegenre.apps import cli; "
        "print(sorted({'torch', 'pyarrow', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
