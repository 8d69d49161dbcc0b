"""``data prepare`` of tables as people have them: the right genres, or one clear line."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.prepare import PreparedSummary, prepare
from moviegenre.data.sources.table import TableColumns
from tests.cases.films import GENRES, NAMES, PLOTS, TMDB_IDS, training_table, write_csv
from tests.unit.data.test_data_commands import run


def prepared(path: Path, **options: Any) -> PreparedSummary:
    settings = {"keep_incomplete": True, "min_movies": 5, "progress": False} | options
    return prepare(str(path), path.parent / "prepared", **settings)


def objects(genres: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"id": TMDB_IDS[name], "name": name} for name in genres]


CELLS: dict[str, Callable[[tuple[str, ...]], str]] = {
    "json of objects": lambda genres: json.dumps(objects(genres)),
    "a Python list of mappings": lambda genres: str(objects(genres)),
    "Freebase's mapping": lambda genres: json.dumps({f"/m/{TMDB_IDS[g]}": g for g in genres}),
    "numpy's print": lambda genres: str(np.array(genres, dtype=object)),
    "Kodi's slash": " / ".join,
    "bars": "|".join,
    "a Python list": lambda genres: str(list(genres)),
    "commas": ", ".join,
}


@pytest.mark.parametrize("kind", CELLS)
def test_genres_are_read_however_a_cell_spells_them(kind: str, tmp_path: Path) -> None:
    summary = prepared(training_table(tmp_path, [CELLS[kind](genres) for genres in GENRES]))
    assert summary.data.genres.names == NAMES
    assert sum(summary.data.num_movies(split) for split in Split) == len(PLOTS)
    assert summary.excluded == {}


def test_lists_of_objects_in_parquet_and_json_lines(tmp_path: Path) -> None:
    films = [
        {"id": number, "plot": plot, "genres": objects(genres)}
        for number, (plot, genres) in enumerate(zip(PLOTS, GENRES, strict=True))
    ]
    pq.write_table(pa.Table.from_pylist(films), tmp_path / "films.parquet")
    (tmp_path / "films.jsonl").write_text("".join(json.dumps(film) + "\n" for film in films))
    for name in ("films.parquet", "films.jsonl"):
        summary = prepared(tmp_path / name, overwrite=True)
        assert summary.data.genres.names == NAMES


def test_ids_of_tmdb_get_their_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = training_table(tmp_path, [str([TMDB_IDS[name] for name in row]) for row in GENRES])
    assert prepared(path).data.genres.names == NAMES
    assert "holds TMDb's ids: 18 is Drama, 27 is Horror" in caplog.text


def test_ids_of_others_are_refused(tmp_path: Path) -> None:
    path = training_table(tmp_path, ["[18, 999]"] * len(PLOTS))
    with pytest.raises(DataError, match=r"holds numbers, of which 999 are no ids of TMDb's genres"):
        prepared(path)


def test_a_column_for_each_genre(tmp_path: Path) -> None:
    header = ["id", "plot", *(f"is_{name}" for name in NAMES)]
    films = enumerate(zip(PLOTS, GENRES, strict=True))
    rows = [[number, plot, *(int(n in own) for n in NAMES)] for number, (plot, own) in films]
    path = write_csv(tmp_path / "flags.csv", header, rows)
    with pytest.raises(DataError, match=r"name them with `genres_columns` 'is_\*'$"):
        prepared(path)
    assert prepared(path, columns=TableColumns(flags=("is_*",))).data.genres.names == NAMES


def test_a_mixture_of_separators_is_read_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cells = [("|" if number % 3 else ", ").join(row) for number, row in enumerate(GENRES)]
    assert prepared(training_table(tmp_path, cells)).data.genres.names == NAMES
    assert "10 cells of column 'genres' join genres in another way than '|'" in caplog.text


def test_a_comma_in_a_name_of_a_list_stays(tmp_path: Path) -> None:
    cells = [
        json.dumps(["Action, Adventure" if g == "Horror" else g for g in row]) for row in GENRES
    ]
    names = prepared(training_table(tmp_path, cells)).data.genres.names
    assert names == ("Action, Adventure", "Comedy", "Crime", "Drama", "Romance")


def test_escapes_of_json_are_letters(tmp_path: Path) -> None:
    cells = [json.dumps(["Comédie" if g == "Comedy" else g for g in row]) for row in GENRES]
    assert "Comédie" in prepared(training_table(tmp_path, cells)).data.genres.names


@pytest.mark.parametrize("word", ["(no genres listed)", "N/A", "\\N", "unknown", "None", "[]"])
def test_a_placeholder_is_no_genre(word: str, tmp_path: Path) -> None:
    cells = [word if number % 5 == 0 else "|".join(row) for number, row in enumerate(GENRES)]
    summary = prepared(training_table(tmp_path, cells))
    assert summary.excluded == {"no genre left": 12}
    assert summary.data.genres.names == NAMES


def test_spellings_of_one_genre_are_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    change: list[Callable[[str], str]] = [str, str.lower, str.upper, lambda name: f"{name} "]
    cells = ["|".join(change[n // 4 % 4](g) for g in row) for n, row in enumerate(GENRES)]
    assert prepared(training_table(tmp_path, cells)).data.genres.names == NAMES
    lines = [line for line in caplog.messages if line.startswith("spellings of one genre")]
    assert len(lines) == 1
    assert "DRAMA as Drama" in lines[0]


def test_science_fiction_is_sci_fi(tmp_path: Path) -> None:
    cells = ["Science Fiction" if "Horror" in row else "|".join(row) for row in GENRES]
    path = training_table(tmp_path, cells)
    assert "Sci-Fi" in prepared(path).data.genres.names
    named = prepared(path, overwrite=True, genres=["Science Fiction", "Drama"])
    assert named.data.genres.names == ("Sci-Fi", "Drama")


def test_one_genre_is_prepared(tmp_path: Path) -> None:
    assert prepared(training_table(tmp_path, ["Comedy"] * len(PLOTS))).data.genres.names == (
        "Comedy",
    )


def test_placeholders_are_no_plots_and_tie_no_rows_together(tmp_path: Path) -> None:
    plots = ["Plot unknown." if number % 4 == 0 else plot for number, plot in enumerate(PLOTS)]
    summary = prepared(training_table(tmp_path, ["|".join(row) for row in GENRES], plots))
    assert summary.excluded == {"no plot": 15}
    counts = [summary.data.num_movies(split) for split in Split]
    assert sum(counts) == 45
    assert all(abs(n - 45 * share) < 3 for n, share in zip(counts, (0.7, 0.15, 0.15), strict=True))


def test_names_of_answer_columns_are_refused(tmp_path: Path) -> None:
    cells = ["|".join({"Drama": "id", "Horror": "error"}.get(g, g) for g in row) for row in GENRES]
    with pytest.raises(DataError, match=r"genres error, id have the names of columns of the answ"):
        prepared(training_table(tmp_path, cells))


def test_posters_that_are_not_there_are_counted_with_a_hint(tmp_path: Path) -> None:
    rows = [
        [number, plot, "|".join(row), f"art\\{number}.jpg"]
        for number, (plot, row) in enumerate(zip(PLOTS, GENRES, strict=True))
    ]
    path = write_csv(tmp_path / "films.csv", ["id", "plot", "genres", "poster"], rows)
    (note, count), *_ = prepared(path).notes.items()
    assert note.startswith("poster not found (for example 'art\\\\0.jpg'")
    assert r"with \ read as /" in note
    assert count == len(PLOTS)


def test_semicolons_are_found(tmp_path: Path) -> None:
    pairs = enumerate(zip(PLOTS, GENRES, strict=True))
    lines = [f'{number};"{plot}";{"|".join(row)}\r\n' for number, (plot, row) in pairs]
    path = tmp_path / "films.csv"
    path.write_text("id;plot;genres\r\n" + "".join(lines), newline="")
    assert prepared(path).data.genres.names == NAMES


def test_what_is_dropped_is_named(tmp_path: Path) -> None:
    cells = ["|".join(row) for row in GENRES]
    cells[0] = "Drama|Western"
    summary = prepared(training_table(tmp_path, cells))
    assert summary.genres_left_out == ("Western: 1 movie; a genre needs 5",)
    listed = (summary.data.root / "excluded.csv").read_text().splitlines()
    assert listed[1:] == [",genre left out,Western: 1 movie; a genre needs 5"]


def test_show_prints_what_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = training_table(tmp_path, [json.dumps(objects(row)) for row in GENRES])
    assert run("data", "prepare", path, "--show") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("columns: id: id; plot: plot; genres: genres; poster: (none)")
    assert len(lines) == 6
    assert "genres: Comedy | Romance" in lines[2]
    assert not (tmp_path / "prepared").exists()


def test_show_prints_splits_and_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "films.csv"
    path.write_text("plot,genres,part,type\nA ghost.,Horror,dev,series\n", encoding="utf-8")
    assert run("data", "prepare", path, "--split-column", "part", "--show") == 0
    columns, row = capsys.readouterr().out.splitlines()
    assert columns.endswith("split: part")
    assert row.endswith("split: val  note: column 'type' says that it is a series")


def test_a_table_of_posters_needs_no_plots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "films.csv"
    path.write_text("id,poster,genres\n1,N/A,Drama\n", encoding="utf-8")
    assert run("data", "prepare", path, "--out", tmp_path / "out") == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "a table of posters with no column of plots (--plot-column names one)" in line
    assert "--keep-incomplete" in line
    assert run("data", "prepare", path, "--show") == 0
    assert "plot: (none)" in capsys.readouterr().out


@pytest.mark.slow
def test_a_poster_model_refuses_to_train_on_no_posters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "films.csv", tmp_path / "prepared"
    rows = [f"{n},A plot of film number {n}.,{'Drama' if n % 2 else 'Comedy'}" for n in range(40)]
    table.write_text("id,plot,genres\n" + "\n".join(rows) + "\n", encoding="utf-8")
    arguments = ("--out", out, "--keep-incomplete", "--min-movies", "5", "--quiet")
    assert run("data", "prepare", table, *arguments) == 0
    trained = tmp_path / "checkpoints"
    assert run("train", "cnn", "--data", out, "--out", trained, "--quiet") == 2
    lines = capsys.readouterr().err.splitlines()
    assert "no training movie in" in lines[-1]
    assert "cnn reads posters only" in lines[-1]
    assert not (trained / "cnn" / "best.pth").exists()


@pytest.mark.parametrize("command", ["stats", "train"])
def test_a_genre_without_training_movies_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    table, out = tmp_path / "films.csv", tmp_path / "prepared"
    parts = ("train,Drama|War", "val,Drama|Noir", "test,Drama|Noir|War")
    rows = [f"Film {number}.,{parts[number % 3]}" for number in range(30)]
    table.write_text("\n".join(["plot,split,genres", *rows]), encoding="utf-8")
    arguments = ("--out", out, "--keep-incomplete", "--min-movies", "5", "--quiet")
    assert run("data", "prepare", table, *arguments) == 0
    caplog.clear()
    if command == "stats":
        assert run("data", "stats", out) == 0
    else:
        checkpoints = tmp_path / "checkpoints"
        assert run("train", "prior", "--data", out, "--out", checkpoints, "--quiet") == 0
    assert caplog.messages[0] == (
        "warning: no training movie has Noir, so no model can learn it; add such movies, or name "
        "the other genres with `genres` of moviegenre data prepare"
    )
