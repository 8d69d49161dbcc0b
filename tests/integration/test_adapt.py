"""``moviegenre adapt`` as a user has it: a table in, a folder out that every command takes."""

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import moviegenre
from moviegenre.adapt.features import compute_features
from moviegenre.apps.cli import main
from moviegenre.core.errors import MovieGenreError
from moviegenre.examples import example_films

PLACES = ("a lighthouse", "a lonely farm", "an office", "a school", "the harbour", "a hotel")
HEISTS = ("rob a bank", "crack a safe", "steal a diamond", "plan the theft of a painting")
OTHERS = ("bake a cake", "plant a garden", "learn to dance", "write a long letter")


def write_table(path: Path, genres_column: str = "tags") -> None:
    """Write films of which every second one is a heist, a third have a tag with few films."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "plot", genres_column])
        for row in range(48):
            deed = (HEISTS if row % 2 else OTHERS)[row // 2 % 4]
            tags = ["Heist"] if row % 2 else ["Calm"]
            tags += ["Rare"] if row < 3 else []
            plot = f"Number {row}: two old friends {deed} near {PLACES[row % 6]}."
            rows.writerow([f"f{row}", plot, "|".join(tags)])
        rows.writerow(["none", "A plot without tags.", ""])
        rows.writerow(["empty", "", "Heist"])


def run(*arguments: str | Path) -> object:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return stopped.value.code


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapt")
    write_table(folder / "films.csv")
    out = folder / "my-model"
    arguments = ("adapt", folder / "films.csv", "--genres-column", "tags", "--out", out, "--quiet")
    assert run(*arguments) == 0
    return out


def test_new_tags_are_told_apart(adapted: Path) -> None:
    predictor = moviegenre.load(str(adapted))
    assert tuple(predictor.model.genres) == ("Calm", "Heist")
    heist = predictor.predict(plot="Four thieves plan to rob a museum and steal its jewels.")
    calm = predictor.predict(plot="A widow plants roses and learns to bake bread.")
    assert heist.genres == ["Heist"]
    assert calm.genres == ["Calm"]


def test_the_folder_says_what_it_is_worth(adapted: Path) -> None:
    found = json.loads((adapted / "metrics.json").read_text(encoding="utf-8"))
    scores = found["cross-validation"]["models"]
    assert found["cross-validation"]["films"] == 48
    assert scores["adapted"]["f1_macro"] > 0.8
    assert set(scores) == {"adapted", "tfidf", "prior"}
    card = (adapted / "README.md").read_text(encoding="utf-8")
    assert "left out: Rare (3)" in card


def test_the_folder_is_verified_and_answers_a_table(adapted: Path, tmp_path: Path) -> None:
    films, out = tmp_path / "films.csv", tmp_path / "tags.csv"
    films.write_text('id,plot\na,"Two crooks rob a casino and crack its safe."\n', encoding="utf-8")
    arguments = ("predict", "--input", films, "--out", out, "--checkpoint", adapted, "--quiet")
    assert run(*arguments, "--verify") == 0
    with out.open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["genres"] == "Heist"


def test_a_table_of_posters_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    lines = ["poster,genres"]
    for row in range(20):
        pixels = random.integers(0, 90, (96, 64, 3), dtype=np.uint8)
        pixels[:, :, 2 * (row % 2)] += 160  # red or blue
        Image.fromarray(pixels).save(tmp_path / f"{row}.png")
        lines.append(f"{row}.png,{'Blue' if row % 2 else 'Red'}")
    (tmp_path / "films.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = ("adapt", tmp_path / "films.csv", "--out", tmp_path / "model", "--min-films", "10")
    assert run(*command, "--quiet") == 0
    shown = capsys.readouterr().out
    assert "Learned 2 genres from 20 films." in shown
    assert "TF-IDF" not in shown, "there are no plots to fit it to"
    assert shown.rstrip().endswith("--poster ...")
    predictor = moviegenre.load(tmp_path / "model")
    assert [predictor.predict(poster=tmp_path / f"{n}.png").genres for n in (0, 1)] == [
        ["Red"],
        ["Blue"],
    ]
    assert repr(predictor).endswith("reads poster)")
    with pytest.raises(MovieGenreError, match="reads a film's poster"):
        predictor.predict(plot="A long story about a thief, a bank and a lonely harbour.")


def test_logits_are_those_of_the_regressions(adapted: Path) -> None:
    """The file computes what numpy computes from the included model's embeddings and logits."""
    base, own = moviegenre.load(), moviegenre.load(str(adapted))
    graph = onnx.load(adapted / "model.int8.onnx").graph
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    films = [base.reader.read(film.plot) for film in example_films() if film.plot]
    features = compute_features(base, films)
    expected = features @ weights["adapted/weight"] + weights["adapted/bias"]
    np.testing.assert_allclose(own.answer(films).logits, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--genres-column", "moods"],
            "no column 'moods', known: id, plot, tags; name one of these with --genres-column",
        ),
        ([], "no column 'genres', known: id, plot, tags; name one of these with --genres-column"),
        (
            ["--genres-column", "tags", "--plot-column", "story"],
            "no column 'story', known: id, plot, tags; name one of these with --plot-column",
        ),
        (["--genres-column", "tags", "--min-films", "40"], "no genre has 40 films; the most have"),
        (["--genres-column", "tags", "--checkpoint", "nowhere"], "is no exported folder"),
    ],
)
def test_what_cannot_be_learned_is_said_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "films.csv")
    out = tmp_path / "model"
    assert run("adapt", tmp_path / "films.csv", "--out", out, "--quiet", *arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert message in lines[-1]
    assert not out.exists()


def test_a_folder_of_something_else_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "films.csv")
    other = tmp_path / "photos"
    other.mkdir()
    (other / "one.jpeg").write_bytes(b"x")
    command = ("adapt", tmp_path / "films.csv", "--genres-column", "tags", "--out", other)
    assert run(*command, "--quiet") == 2
    assert "is there and is no model" in capsys.readouterr().err
    assert (other / "one.jpeg").read_bytes() == b"x"


def test_a_model_is_replaced_only_if_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "films.csv", genres_column="Genre")  # a usual name needs no option
    out = tmp_path / "model"
    command = ("adapt", tmp_path / "films.csv", "--out", out)
    assert run(*command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Learned 2 genres from 48 films."
    assert "" not in lines
    before = (out / "manifest.json").read_bytes()
    assert run(*command, "--min-films", "3") == 2
    error = capsys.readouterr().err
    assert "holds a model already; replace it with --overwrite, or name a new folder" in error
    assert (out / "manifest.json").read_bytes() == before
    assert run(*command, "--min-films", "3", "--overwrite") == 0
    assert json.loads((out / "genres.json").read_text()) == ["Calm", "Heist", "Rare"]


def test_a_model_without_posters_reads_none(adapted: Path, tmp_path: Path) -> None:
    predictor = moviegenre.load(adapted)
    assert repr(predictor).endswith("reads plot)")
    poster = next(film.poster for film in example_films() if film.poster)
    with pytest.raises(MovieGenreError, match="reads a film's plot, but this film has none"):
        predictor.predict(poster=poster)
    both = predictor.predict(plot="Two thieves rob a bank near the harbour.", poster=poster)
    assert both.modalities == ["plot"]
    (node, mask) = onnx.load(adapted / "model.int8.onnx").graph.input
    assert (node.name, mask.name) == ("input_ids", "attention_mask")
    card = (adapted / "README.md").read_text(encoding="utf-8")
    assert "48 films: 48 with a plot, 0 with a poster, 0 with a title, 0 with a year." in card
    assert "It reads a film's plot. Not learned, so not read: poster (0 films)" in card


def test_an_adapted_model_can_be_adapted_again(adapted: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "films.csv")
    command = ("adapt", tmp_path / "films.csv", "--genres-column", "tags", "--quiet")
    assert run(*command, "--checkpoint", adapted, "--out", tmp_path / "again") == 0
    predictor = moviegenre.load(tmp_path / "again")
    assert predictor.predict(plot="Four thieves plan to rob a museum.").genres == ["Heist"]


def test_names_with_which_no_table_could_be_answered_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "films.csv")
    text = (tmp_path / "films.csv").read_text().replace("Heist", "error")
    (tmp_path / "films.csv").write_text(text)
    command = ("adapt", tmp_path / "films.csv", "--genres-column", "tags", "--quiet")
    assert run(*command, "--out", tmp_path / "model") == 2
    assert "genres have the names of columns of answers: error" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
