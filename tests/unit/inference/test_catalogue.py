"""A catalogue: every row kept in order, faults named, a kill survived with the same output."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import moviegenre
from moviegenre.core.errors import ConfigError, DataError, DataNotFoundError
from moviegenre.core.genre_mapping import GenreNames
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.poster_formats import kinds_text
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_format import answer_schema
from moviegenre.inference.catalogue_output import CatalogueSummary
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.films import FilmReader
from moviegenre.inference.predictor import Predictor
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import GENRES, png_bytes, tiny_movies

MOVIES = tiny_movies(7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return the folder of a trained early fusion."""
    root = tmp_path_factory.mktemp("early_fusion")
    save_tiny(root, tiny_checkpoint("early_fusion", bert_folder))
    return root


@pytest.fixture(scope="module")
def predictor(folder: Path) -> Predictor:
    return moviegenre.load(folder)


def rows() -> list[dict[str, Any]]:
    """Return seven films: whole, without poster, without plot, broken, missing, nothing, whole."""
    posters = ["0.png", "", "2.png", "broken.png", "none.png", "", "6.png"]
    plots = list(MOVIES.plots)
    plots[2] = plots[5] = ""
    return [
        {"id": f"tt{i:03d}", "plot": plots[i], "more": "the end" if i == 0 else "", "poster": p}
        for i, p in enumerate(posters)
    ]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a CSV with its posters beside it."""
    for row in (0, 2, 6):
        (tmp_path / f"{row}.png").write_bytes(png_bytes(MOVIES.posters[row]))
    (tmp_path / "broken.png").write_bytes(b"not an image")
    path = tmp_path / "movies.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows()[0]))
        writer.writeheader()
        writer.writerows(rows())
    return path


def catalogue(path: Path, **columns: Any) -> Catalogue:
    return Catalogue(path, CatalogueColumns(**columns), None)


def test_every_row_is_kept_and_faults_are_named(
    predictor: Predictor, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    summary = predict_catalogue(predictor, catalogue(table), out, shard_rows=3)
    assert summary is not None
    answers = pq.read_table(out)
    assert answers.schema.names == ["id", "genres", *GENRES, "error", "warnings", "modalities"]
    assert (summary.rows, summary.with_errors, summary.empty) == (7, 3, 1)
    found = answers.to_pylist()
    assert [row["id"] for row in found] == [row["id"] for row in rows()]
    films: list[Any] = [
        {"plot": MOVIES.plots[0], "poster": MOVIES.posters[0]},
        {"plot": MOVIES.plots[1]},
        {"poster": MOVIES.posters[2]},
        {"plot": MOVIES.plots[3]},
        {"plot": MOVIES.plots[4]},
        None,
        {"plot": MOVIES.plots[6], "poster": MOVIES.posters[6]},
    ]
    for row, film in zip(found, films, strict=True):
        if film is None:
            continue
        expected = predictor.predict(**film)
        assert row["genres"] == expected.genres
        for genre in GENRES:
            assert row[genre] == pytest.approx(expected.probabilities[genre], abs=1e-6)
    nothing = found[5]
    assert nothing["genres"] == []
    assert {nothing[genre] for genre in GENRES} == {None}
    lack = "no plot and no poster"
    assert nothing["error"] == f"{lack}: a film needs a plot or a poster; found neither"
    errors = [row["error"] for row in found]
    assert [row for row, error in enumerate(errors) if error] == [3, 4, 5]
    broken = f"{tmp_path / 'broken.png'}: the file is no image of a kind that is read"
    assert errors[3] == f"{broken}; expected {kinds_text()}; the plot alone was used"
    assert errors[4].endswith("expected a poster's file; the plot alone was used")
    assert errors[4].startswith(f"{tmp_path / 'none.png'} does not exist; expected a poster's file")
    assert sorted(tmp_path.glob("out.*")) == [out]


def test_the_three_formats_say_the_same(predictor: Predictor, table: Path, tmp_path: Path) -> None:
    for suffix in ("parquet", "csv", "jsonl"):
        predict_catalogue(predictor, catalogue(table), tmp_path / f"out.{suffix}")
    binary = pq.read_table(tmp_path / "out.parquet").to_pylist()
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    objects = [json.loads(line) for line in lines]
    with (tmp_path / "out.csv").open(newline="") as stream:
        cells = list(csv.DictReader(stream))
    for row, plain, text in zip(binary, objects, cells, strict=True):
        assert list(plain) == list(text) == list(row)
        assert row["genres"] == plain["genres"] == [g for g in text["genres"].split("|") if g]
        assert (row["error"] or "") == (plain["error"] or "") == text["error"]
        for genre in GENRES:
            assert (text[genre] == "") == (plain[genre] is None) == (row[genre] is None)
            if row[genre] is not None:
                assert float(text[genre]) == plain[genre] == pytest.approx(row[genre], abs=1e-6)


def test_all_forms_of_input_give_the_same(
    predictor: Predictor, table: Path, tmp_path: Path
) -> None:
    outs = []
    content = [dict(row) for row in rows()]
    (tmp_path / "movies.jsonl").write_text("\n".join(json.dumps(row) for row in content))
    for row in content:  # images as bytes, as this package's own Parquet has them
        path = tmp_path / row["poster"]
        data = path.read_bytes() if row["poster"] and path.is_file() else b""
        row["poster"] = {"bytes": data, "path": row["poster"]}
        row["plot"] = [row["plot"]]
    pq.write_table(pa.Table.from_pylist(content), tmp_path / "movies.parquet")
    for name in ("movies.csv", "movies.jsonl", "movies.parquet"):
        out = tmp_path / f"{name}.out.parquet"
        predict_catalogue(predictor, catalogue(tmp_path / name), out)
        outs.append(pq.read_table(out).drop(["error"]))
    assert outs[0] == outs[1] == outs[2]


def test_several_plot_columns_are_joined(predictor: Predictor, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    columns = {"plots": ("more", "plot"), "id": "plot"}
    predict_catalogue(predictor, catalogue(table, **columns), out)
    first = pq.read_table(out).to_pylist()[0]
    film = predictor.predict(plot=f"the end\n{MOVIES.plots[0]}", poster=MOVIES.posters[0])
    assert first["id"] == MOVIES.plots[0]
    assert first["Drama"] == pytest.approx(film.probabilities["Drama"], abs=1e-6)


def test_rows_that_cannot_be_read_are_kept(predictor: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "movies.jsonl"
    path.write_text('{"plot": "the ghost"}\n{"plot": 3}\nnot JSON\n{"plot": "the prank"}\n')
    predict_catalogue(predictor, catalogue(path), tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["id"] for row in found] == ["1", "2", "3", "4"]
    expected = "column plot: found 3, expected a text or a list of texts; a film ne"
    assert found[1]["error"].startswith(expected)
    assert found[2]["error"].startswith("row 3: not JSON: ")
    assert [row["Drama"] is None for row in found] == [False, True, True, False]


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("after", [0, 2, 6])
def test_a_killed_job_goes_on_and_ends_the_same(
    predictor: Predictor, table: Path, tmp_path: Path, suffix: str, after: int
) -> None:
    whole, out = tmp_path / f"whole.{suffix}", tmp_path / f"killed.{suffix}"
    predict_catalogue(predictor, catalogue(table), whole, shard_rows=2)

    def kill(done: int, _total: int) -> None:
        if done >= after:
            raise Killed

    with pytest.raises(Killed):
        predict_catalogue(predictor, catalogue(table), out, shard_rows=2, on_progress=kill)
    assert not out.exists()
    seen: list[tuple[int, int]] = []
    predict_catalogue(
        predictor,
        catalogue(table),
        out,
        shard_rows=2,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert out.read_bytes() == whole.read_bytes()
    assert seen[0] == (after, 7)
    assert seen[-1] == (7, 7)
    assert not (tmp_path / f"killed.{suffix}.parts").exists()


def test_films_with_a_warning_are_counted(tmp_path: Path) -> None:
    table = tmp_path / "films.csv"
    plot = "A sheriff defends a frontier town from a gang of outlaws who robbed the bank."
    table.write_text(f"id,title,plot\n1,Frontier,{plot}\n2,The Wedding,TBA\n3,,\n")
    summary = predict_catalogue(moviegenre.load(), catalogue(table), tmp_path / "genres.jsonl")
    assert summary == CatalogueSummary(rows=3, with_errors=1, empty=1, with_warnings=1)


def test_posters_that_are_nowhere_are_noted_once(tmp_path: Path) -> None:
    table = tmp_path / "tmdb.json"
    films = [{"id": 1, "overview": "A killer.", "poster_path": "/kqjL17.jpg"}]
    table.write_text(json.dumps(films))
    read = catalogue(table)
    assert "column 'poster_path' is not read, since it names no files here" in read.notes
    assert not read.unread


@pytest.fixture
def begun(predictor: Predictor, table: Path, tmp_path: Path) -> Path:
    """Return the output of a job that was killed before its first part."""

    def kill(_done: int, _total: int) -> None:
        raise Killed

    out = tmp_path / "out.csv"
    with pytest.raises(Killed):
        predict_catalogue(predictor, catalogue(table), out, on_progress=kill)
    return out


def test_another_job_is_not_resumed(
    predictor: Predictor, table: Path, begun: Path, tmp_path: Path, bert_folder: Path
) -> None:
    def refused(used: Predictor, **options: Any) -> str:
        with pytest.raises(ConfigError) as error:
            predict_catalogue(used, catalogue(table), begun, **options)
        return str(error.value)

    assert refused(predictor, batch_size=3) == (
        f"{begun}.parts holds an unfinished job, started with another set of options; use "
        "the same ones, or delete that folder to start again"
    )
    other = save_tiny(tmp_path / "other", tiny_checkpoint("lstm", bert_folder))
    assert "started with another model;" in refused(moviegenre.load(other))
    table.write_text(table.read_text() + "tt9,the end,,\n")
    assert "started with another input;" in refused(predictor)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"plots": ("plott",)}, "no column 'plott', did you mean \"plot\"?"),
        ({"id": "x", "poster": "y"}, "no column 'x', known: id, more, plot, poster; no column 'y'"),
    ],
)
def test_columns_that_are_not_there_are_told(
    table: Path, columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as error:
        catalogue(table, **columns)
    assert message in str(error.value)


def test_catalogues_that_cannot_be_read(table: Path, tmp_path: Path, predictor: Predictor) -> None:
    (tmp_path / "titles.csv").write_text("title\nx\n")
    with pytest.raises(DataError, match="has neither a column 'plot' nor 'poster' \\(found title"):
        catalogue(tmp_path / "titles.csv")
    with pytest.raises(DataNotFoundError, match=r'did you mean ".*movies.csv"\?'):
        catalogue(tmp_path / "movie.csv")
    (tmp_path / "movies.doc").write_bytes(b"")
    with pytest.raises(DataError, match=r"movies.doc is not a table; expected .csv, .tsv"):
        catalogue(tmp_path / "movies.doc")
    (tmp_path / "plots.csv").write_text("plot\nthe ghost\n")
    with pytest.raises(ConfigError, match=r"`posters` has no effect: .* has no column 'poster'"):
        Catalogue(tmp_path / "plots.csv", CatalogueColumns(), tmp_path)
    with pytest.raises(DataNotFoundError, match="expected a folder of posters"):
        Catalogue(table, CatalogueColumns(), tmp_path / "nowhere")
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        (tmp_path / "other.csv").write_text(f"id{mark}plot\na{mark}the ghost\n")
        assert catalogue(tmp_path / "other.csv").notes == [f"cells stand between {name}"]
    with pytest.raises(ConfigError, match=r"out.txt ends in '.txt'; expected an ending of .parq"):
        predict_catalogue(predictor, catalogue(table), tmp_path / "out.txt")
    kept = table.read_text()
    with pytest.raises(ConfigError, match="is the table itself; name another file"):
        predict_catalogue(predictor, catalogue(table), tmp_path / "." / "movies.csv")
    assert table.read_text() == kept


def test_columns_of_probabilities_have_the_written_names(
    predictor: Predictor, table: Path, tmp_path: Path
) -> None:
    first, second, third, *others = GENRES
    names = GenreNames({first: "Joy", second: "Joy", third: ""})
    predict_catalogue(predictor, catalogue(table), tmp_path / "out.parquet", names=names)
    answers = pq.read_table(tmp_path / "out.parquet").to_pylist()
    columns = ["Joy", *others, "error", "warnings", "modalities"]
    assert list(answers[0]) == ["id", "genres", *columns]
    own = predictor.predict(plot=MOVIES.plots[1])
    shown = names.genre_of(own.genres, own.probabilities)["Joy"]
    assert answers[1]["Joy"] == pytest.approx(own.probabilities[shown], abs=1e-6)
    assert all(set(answer["genres"]) <= set(columns) for answer in answers)


def test_a_genre_with_the_name_of_a_column_is_refused() -> None:
    with pytest.raises(DataError, match="the genres error have the names of other columns"):
        answer_schema(GenreVocabulary(("Drama", "error")))


def test_title_and_year_of_a_table_are_read(bert_folder: Path, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint("early_fusion", bert_folder)
    checkpoint.info.config["data"]["reads"] = ["plot", "poster", "title", "year"]
    reader = FilmReader(checkpoint.info)
    path = tmp_path / "movies.jsonl"
    films = [
        {"plot": "the old friend", "title": "ghost town", "year": "1944"},
        {"plot": "the old friend", "title": None, "year": "unknown"},
        {"plot": "", "title": "ghost town"},
        {"plot": "the old friend", "name": "prank", "released": 1950},
    ]
    path.write_text("\n".join(json.dumps(film) for film in films), encoding="utf-8")
    headings = [entry.film.heading for entry in catalogue(path).entries(reader) if entry.film]
    assert headings == ["ghost town (1944, 1940s).", "", "ghost town.", ""]
    named = catalogue(path, title="name", year="released")
    assert [entry.film.heading for entry in named.entries(reader) if entry.film][-1] == (
        "prank (1950, 1950s)."
    )
    with pytest.raises(DataError, match="no column 'tilte', did you mean"):
        catalogue(path, title="tilte")


def test_rows_with_nothing_to_predict_from_say_so(predictor: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "movies.csv"
    path.write_text("id,plot\n1,N/A\n2,the ghost screams\n")
    summary = predict_catalogue(predictor, catalogue(path), tmp_path / "out.parquet")
    assert summary is not None
    first, second = pq.read_table(tmp_path / "out.parquet").to_pylist()
    warning = 'The plot is a placeholder ("N/A"), so it was ignored.'
    assert first["error"] == f"no plot: {warning}"
    assert (first["genres"], first["warnings"], second["error"]) == ([], None, None)
    assert (summary.with_errors, summary.empty) == (1, 1)
