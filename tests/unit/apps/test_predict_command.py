"""``moviegenre predict`` and ``push`` as they are typed."""

import csv
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from moviegenre import box
from moviegenre.apps.cli import main
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.export import export_model
from moviegenre.core.types import Modality
from moviegenre.examples import example_films
from tests.tiny_checkpoints import POINT, save_tiny, tiny_checkpoint
from tests.tiny_movies import GENRES, png_bytes, tiny_movies

MOVIES = tiny_movies(3)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> str:
    """Return the path of a trained attention fusion."""
    folder = tmp_path_factory.mktemp("attention_fusion")
    return str(save_tiny(folder, tiny_checkpoint("attention_fusion", bert_folder)))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command line and returns exit status, output and errors."""
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, shown.out, shown.err

    return call


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    path = tmp_path / "poster.png"
    path.write_bytes(png_bytes(MOVIES.posters[0]))
    return path


def test_one_film_is_a_table(run: Run, model: str, poster: Path) -> None:
    command = ["predict", "--checkpoint", model, "--plot", "the ghost", "--poster", poster]
    code, out, _ = run(*command)
    assert code == 0
    assert "read: plot and poster" in out
    assert all(genre in out for genre in GENRES)
    assert "█" in out
    assert "0.60" in out, "the threshold of Drama"
    _, first, _ = run(*command, "--top", "1")
    assert [genre in first for genre in GENRES].count(True) == 2, "one, and another that is chosen"


def test_the_reason_is_told_when_asked_for(run: Run, model: str, poster: Path) -> None:
    command = ["predict", "--checkpoint", model, "--plot", "the ghost", "--poster", poster]
    _, out, _ = run(*command, "--explain")
    assert "share in the answer: plot " in out
    assert "weights of the model's gate: plot " in out
    assert re.search(r"^words for \w+ \d+%: ", out, re.M)
    assert re.search(r"^regions .*for \w+ \d+%: ", out, re.M)
    code, out, _ = run(*command, "--explain", "--json")
    explanation = json.loads(out)["explanation"]
    assert code == 0
    assert set(explanation["modality_share"]) == {m.value for m in Modality}
    assert sum(explanation["modality_attention"].values()) == pytest.approx(1, abs=1e-5)


def test_parts_that_the_model_does_not_read_are_named(
    run: Run, poster: Path, tmp_path: Path, bert_folder: Path
) -> None:
    save_tiny(tmp_path / "lstm", tiny_checkpoint("lstm", bert_folder))
    command = ["predict", "--checkpoint", tmp_path / "lstm"]
    _, out, _ = run(*command, "--plot", "the ghost", "--poster", poster, "--json")
    warning = "The poster was not read, because this model reads only plots."
    assert warning in json.loads(out)["warnings"]
    table = tmp_path / "films.csv"
    table.write_text("plot,title\nthe ghost,Rain\nthe prank,Dust\n")
    answers = tmp_path / "answers.csv"
    _, _, err = run(*command, "--input", table, "--out", answers, "--quiet")
    assert f"{table}: titles are not read, because this model reads only plots" in err
    assert "not read" not in answers.read_text(), "every row would repeat it"


def test_the_box_answers_where_no_model_is_named(
    run: Run, model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Path(model).parent / "box"
    export_model(load_checkpoint(Path(model)), POINT, folder, scores={}, only="int8")
    monkeypatch.setattr(box, "FOLDER", folder)
    code, out, _ = run("predict", "--plot", "the ghost", "--json")
    assert code == 0
    assert set(json.loads(out)["probabilities"]) == set(GENRES)
    assert f"answered by the included model {box.VERSION} (attention_fusion)" in caplog.messages
    code, out, _ = run("predict", "--examples")
    assert code == 0
    shown = [film.title for film in example_films() if film.title in out]
    assert len(shown) == 7
    monkeypatch.setattr(box, "FOLDER", folder / "nothing")
    code, _, err = run("predict", "--plot", "the ghost")
    assert code == 2
    assert err.startswith("error: no model was named, and the included model lacks model.int8.onnx")


def test_example_films_without_what_a_model_reads_are_left_out(
    run: Run, tmp_path: Path, bert_folder: Path
) -> None:
    path = save_tiny(tmp_path, tiny_checkpoint("cnn", bert_folder))
    _, out, _ = run("predict", "--checkpoint", path, "--examples")
    assert "Hop, the Brave Kettle" in out
    assert "The Salt Road" not in out


def test_machines_get_the_keys_of_the_contract(run: Run, model: str) -> None:
    _, out, _ = run("predict", "--checkpoint", model, "--plot", "the ghost", "--json")
    answer = json.loads(out)
    assert list(answer) == ["genres", "probabilities", "thresholds", "modalities", "warnings"]
    assert set(answer["probabilities"]) == set(answer["thresholds"]) == set(GENRES)
    assert answer["modalities"] == ["plot"]
    command = ["predict", "--checkpoint", model, "--plot", "the ghost", "--json", "--top", "2"]
    shown = json.loads(run(*command)[1])
    assert list(shown["probabilities"]) == list(answer["probabilities"])[:2]
    assert shown["genres"] == answer["genres"]


def test_a_catalogue_goes_into_a_file(run: Run, model: str, tmp_path: Path, poster: Path) -> None:
    table, out = tmp_path / "movies.csv", tmp_path / "genres.csv"
    table.write_text("key,overview,image\na,the ghost,poster.png\nb,,\n")
    command = ["predict", "--checkpoint", model, "--input", table, "--posters", tmp_path]
    command += ["--out", out, "--id-column", "key", "--plot-column", "overview"]
    command += ["--poster-column", "image", "--batch-size", "2", "--quiet"]
    code, printed, _ = run(*command)
    assert code == 0
    counts = "1 film answered, 1 not answered; see the column error"
    assert printed == f"{out}: {counts} (2 ids in, the same out)\n"
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == ["a", "b"]
    assert rows[1]["error"].startswith("no plot and no poster: a film needs a plot or a poster")


def test_a_table_without_an_answer_is_named(run: Run, model: str, tmp_path: Path) -> None:
    table, out = tmp_path / "movies.csv", tmp_path / "genres.csv"
    table.write_text("id,plot\na,\nb,N/A\n")
    code, printed, _ = run(
        *("predict", "--checkpoint", model, "--input", table, "--out", out, "--quiet")
    )
    assert code == 0
    failed = "no film answered, because every row failed (2); see the column error"
    assert printed == f"{out}: {failed} (2 ids in, the same out)\n"


def test_a_modality_without_a_column_is_told(
    run: Run, model: str, tmp_path: Path, poster: Path
) -> None:
    table, out = tmp_path / "movies.csv", tmp_path / "genres.csv"
    table.write_text("id,blurb,poster\na,the ghost,poster.png\n")
    command = ["predict", "--checkpoint", model, "--input", table, "--out", out, "--quiet"]
    code, printed, err = run(*command, "--posters", tmp_path)
    assert code == 0
    assert printed == f"{out}: 1 film answered (1 id in, the same out)\n"
    assert f"no column 'plot' in {table} (found id, blurb, poster): no plot is read" in err
    code, _, err = run(*command, "--posters", tmp_path, "--plot-column", "blurb")
    assert code == 0
    assert "no column" not in err


def test_posters_that_are_nowhere_are_told_once(
    run: Run, model: str, tmp_path: Path, poster: Path
) -> None:
    table, pictures = tmp_path / "movies.csv", tmp_path / "pictures"
    pictures.mkdir()
    table.write_text("id,plot,poster\na,the ghost,a.png\nb,tears,b.png\nc,a prank,\n")
    given = ["predict", "--checkpoint", model, "--input", table, "--quiet"]
    given += ["--out", tmp_path / "genres.csv"]
    code, _, err = run(*given)
    told = f"{table}: 2 of 3 rows name a poster, and none of these was found in"
    assert code == 0
    assert err.count(f"{told} {tmp_path}; name their folder with --posters\n") == 1
    _, _, err = run(*given, "--posters", pictures)
    assert f"{told} {pictures}; name another folder with --posters\n" in err
    poster.rename(pictures / "b.png")
    _, _, err = run(*given, "--posters", pictures)
    assert "was found" not in err
    table.write_text("id,plot,poster\na,the ghost,https://example.org/a.png\n")
    _, _, err = run(*given)
    assert "was found" not in err, "no folder would help"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--checkpoint", "m"], "error: nothing to predict; give --plot, --poster or both, --inpu"),
        (
            ["--examples", "--plot", "x", "--input", "y.csv", "--quiet"],
            "error: --plot, --input, --quiet have no effect on the example films; leave them out",
        ),
        (["--plot", "x", "--resume"], "error: --resume has no effect on one film; leave it out"),
        (
            ["--input", "x.csv", "--json", "--plot", "x"],
            "error: --plot, --json have no effect on a table (--input); leave them out",
        ),
        (["--input", "x.csv"], "error: a table (--input) needs --out with a .parquet, .csv or .js"),
        (
            ["--input", "x.csv", "--out", "x.csv"],
            "error: x.csv is the table itself; name another f",
        ),
        (["--input", "x.csv", "--out", "y.xls"], "error: y.xls ends in '.xls'; expected an ending"),
        (["--plot", "x", "--checkpoint", "no.pth"], "error: no.pth does not exist; expected a che"),
    ],
)
def test_mistakes_are_answered_in_one_line(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run("predict", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_a_file_is_no_plot(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("movies.csv").write_text("id,plot\n1,A ghost.\n", encoding="utf-8")
    code, out, err = run("predict", "--plot", "movies.csv")
    assert (code, out) == (2, "")
    assert err == (
        "error: --plot takes the text of a plot, and movies.csv is a file; "
        "use --input for a table of films\n"
    )


def test_a_title_alone_is_explained_as_a_title(run: Run) -> None:
    code, out, _ = run("predict", "--explain", "--title", "The Killer")
    assert code == 0
    assert "share in the answer: title 100%" in out
    assert "words for" not in out
    assert "of the plot" not in out


def test_pushing_what_was_not_exported_is_answered(run: Run, tmp_path: Path) -> None:
    code, _, err = run("push", "--model", tmp_path, "someone/films")
    assert code == 2
    assert err.startswith(f"error: {tmp_path} holds no exported model; export a trained model ")


def test_one_film_is_answered_with_the_names_that_people_use(
    run: Run, model: str, tmp_path: Path
) -> None:
    names = tmp_path / "names.json"
    command = ["predict", "--checkpoint", model, "--plot", "the ghost", "--json"]
    own = json.loads(run(*command)[1])
    first, second, third = own["probabilities"]
    names.write_text(json.dumps({first: "Spooky", second: "Spooky", third: ""}))
    code, out, _ = run(*command, "--explain", "--names", names)
    named = json.loads(out)
    assert code == 0
    assert list(named["probabilities"]) == list(named["thresholds"]) == ["Spooky"]
    kept = next((genre for genre in own["genres"] if genre != third), first)
    assert named["probabilities"]["Spooky"] == own["probabilities"][kept]
    assert set(named["genres"]) <= {"Spooky"}
    assert list(named["explanation"]["modality_effects"]) == ["Spooky"]
    _, table, _ = run("predict", "--checkpoint", model, "--plot", "the ghost", "--names", names)
    assert "Spooky" in table
    assert first not in table
    names.write_text(json.dumps({"Hofror": "Spooky"}))
    code, _, err = run(*command, "--names", names)
    assert code == 2
    assert "unknown genre 'Hofror'" in err


def test_show_refuses_what_it_would_ignore(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "movies.csv"
    table.write_text("id,plot\na,the ghost\n")
    code, _, err = run("predict", "--input", table, "--show", "--out", tmp_path / "a.csv")
    assert (code, err) == (2, "error: --out has no effect on --show; leave it out\n")
    code, _, err = run("data", "prepare", table, "--show", "--out", tmp_path / "a", "--overwrite")
    assert (code, err) == (
        2,
        "error: --out, --overwrite have no effect on --show; leave them out\n",
    )
    code, _, err = run("data", "prepare", "mmimdb", "--show")
    assert (code, err) == (2, "error: --show reads files; mmimdb must be downloaded first\n")


@pytest.mark.parametrize(
    "options", [("--seed", "0"), ("--min-movies", "50"), ("--seed", "1", "--min-movies", "2")]
)
def test_showing_a_source_refuses_options_that_it_ignores(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    code, _, err = run("data", "prepare", tmp_path / "a.csv", "--show", *options)
    assert code == 2
    assert err.startswith(f"error: {', '.join(options[::2])} ha")


@pytest.mark.parametrize("option", ["--verify", "--backend=int8", "--shards=1/2", "--workers=2"])
def test_showing_a_table_refuses_options_that_it_ignores(
    run: Run, tmp_path: Path, option: str
) -> None:
    (tmp_path / "a.csv").write_text("plot\nx\n")
    _, _, err = run("predict", "--input", tmp_path / "a.csv", "--show", option)
    name = option.partition("=")[0]
    assert err == f"error: {name} has no effect on --show; leave it out\n"


def test_a_folder_of_films_is_no_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Movies").mkdir()
    code, _, err = run("predict", "--checkpoint", tmp_path / "Movies", "--plot", "the ghost")
    assert code == 2
    advice = "moviegenre train MODEL; predict, library and serve use the included model if none is"
    assert f"name a trained model, or train one with: {advice} named" in err


def test_a_zip_of_a_table_and_its_posters(run: Run, model: str, poster: Path) -> None:
    table, out = poster.with_name("films.zip"), poster.with_name("out.csv")
    with zipfile.ZipFile(table, "w") as archive:
        archive.writestr("films.csv", "id,plot,poster\na,the ghost,p.png\nb,,p.png\nc,a scream,x\n")
        archive.writestr("pictures/p.png", poster.read_bytes())
    before = set(poster.parent.iterdir())
    code, _, _ = run("predict", "--checkpoint", model, "--input", table, "--out", out, "--quiet")
    assert code == 0
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["modalities"] for row in rows] == ["plot|poster", "poster", "plot"]
    assert rows[2]["error"].startswith("x is not in the ZIP; expected the name of a picture in it")
    assert set(poster.parent.iterdir()) == {*before, out}, "nothing is extracted"
    table.write_bytes(table.read_bytes()[:-30])
    code, _, err = run("predict", "--checkpoint", model, "--input", table, "--out", out)
    assert (code, err.count("error: ")) == (2, 1)
    assert "films.zip cannot be unpacked: " in err.splitlines()[-1]
