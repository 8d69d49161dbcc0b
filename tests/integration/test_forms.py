"""One model for every form of a film: trained on forms, fitted for each, decided by length."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import moviegenre
from moviegenre.apps.cli import app
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.errors import ConfigError
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import Modality
from moviegenre.experiment.film_forms import FILM_FORMS
from moviegenre.experiment.form_points import BOUNDS, POSTER_BOUNDS
from moviegenre.experiment.train import train
from tests.tiny_models import tiny_config
from tests.tiny_movies import GENRES
from tests.tiny_training import tiny_experiment

POSTER = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)  # not blank


@pytest.fixture
def trained(prepared_folder: Path, bert_folder: Path, tmp_path: Path) -> Path:
    experiment = tiny_experiment("wide_deep", prepared_folder, bert_folder, max_epochs=1)
    update = {
        "plot": "joined",
        "reads": ("plot", "poster", "title", "year"),
        "forms": ("overview", "sentence", "heading"),
    }
    data = experiment.data.model_copy(update=update)
    model = tiny_config("wide_deep", bert_folder, scale_by_length=True)
    return train(replace(experiment, data=data, model=model), tmp_path, progress=False).checkpoint


def test_a_model_of_many_forms_is_fitted_and_scored_in_each(trained: Path) -> None:
    result = CliRunner().invoke(
        app, ["evaluate", "--checkpoint", str(trained), "--forms", "--json", str(trained) + ".json"]
    )
    assert result.exit_code == 0, result.output
    scores = json.loads(Path(f"{trained}.json").read_text(encoding="utf-8"))
    assert list(scores) == [form.name for form in FILM_FORMS]
    assert all(0 <= row["ece"] <= 1 and row["mean_chosen"] >= 0 for row in scores.values())
    assert "short plot, poster, title, year" in result.output
    assert "left out" not in result.output
    assert (
        f"wrote {trained.parent / THRESHOLDS_FILE}: predictions now use this fit" in result.output
    )
    point = OperatingPoint.read(trained.parent / THRESHOLDS_FILE, GENRES)
    lone = point.without[Modality.POSTER]
    assert list(point.by_length) == list(lone.by_length)
    assert (point.without[Modality.PLOT].thresholds >= POSTER_BOUNDS[0]).all()
    for own in (point, lone, *point.by_length.values()):
        assert (own.thresholds >= BOUNDS[0]).all()
        assert (own.thresholds <= BOUNDS[1]).all()
    assert load_checkpoint(trained).info.data_config.forms == ("overview", "sentence", "heading")


@pytest.mark.parametrize(
    ("name", "forms", "left_out"),
    [
        (
            "cnn",
            ["poster"],
            "no plot: short plot and poster; all plots and poster; short plot; all plots; first "
            "sentence",
        ),
        (
            "lstm",
            ["short plot", "all plots", "first sentence"],
            "no poster: short plot and poster; all plots and poster; poster",
        ),
    ],
)
def test_only_forms_that_the_model_reads_are_scored(
    name: str,
    forms: list[str],
    left_out: str,
    prepared_folder: Path,
    bert_folder: Path,
    tmp_path: Path,
) -> None:
    experiment = tiny_experiment(name, prepared_folder, bert_folder, max_epochs=1)
    checkpoint = train(experiment, tmp_path, progress=False).checkpoint
    scores = tmp_path / "scores.json"
    arguments = ["evaluate", "--checkpoint", str(checkpoint), "--forms", "--json", str(scores)]
    for option, written in (("--no-save", False), ("--save", True)):
        result = CliRunner().invoke(app, [*arguments, option])
        assert result.exit_code == 0, result.output
        assert list(json.loads(scores.read_text(encoding="utf-8"))) == forms
        assert f"left out, because the model reads {left_out}\n" in result.output
        assert ("wrote nothing" in result.output) is not written
        assert (checkpoint.parent / THRESHOLDS_FILE).is_file() is written
    point = OperatingPoint.read(checkpoint.parent / THRESHOLDS_FILE, GENRES)
    assert not point.without
    prediction = moviegenre.load(checkpoint.parent).predict(plot="a ghost", poster=POSTER)
    assert len(prediction.probabilities) == len(GENRES)


def test_what_reads_nothing_or_many_forms_has_no_scores_by_form(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    experiment = tiny_experiment("prior", prepared_folder, bert_folder)
    checkpoint = train(experiment, tmp_path, progress=False).checkpoint
    result = CliRunner().invoke(app, ["evaluate", "--checkpoint", str(checkpoint), "--forms"])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "prior reads nothing of a film; leave out `forms`"


def test_what_is_read_of_a_film_changes_its_answer(trained: Path) -> None:
    predictor = moviegenre.load(trained.parent)
    plot = "the old friend finds a ghost"
    plain = predictor.predict(plot=plot)
    named = predictor.predict(plot=plot, title="prank", year=1944)
    both = predictor.predict(plot=[plot, plot], title=[None, "prank"], year=[None, 1944])
    assert plain.probabilities != named.probabilities
    assert both[0].probabilities == pytest.approx(plain.probabilities, abs=1e-5)
    assert both[1].probabilities == pytest.approx(named.probabilities, abs=1e-5)


def test_an_exported_model_is_scored_in_each_form_on_its_card(
    trained: Path, prepared_folder: Path, tmp_path: Path
) -> None:
    runner = CliRunner()
    out = tmp_path / "exported"
    arguments = ["export", "--checkpoint", str(trained), "--out", str(out), "--int8-only"]
    exported = runner.invoke(app, arguments)
    assert exported.exit_code == 0, exported.output
    thresholds = (out / THRESHOLDS_FILE).read_bytes()
    command = ["evaluate", "--checkpoint", str(out), "--forms"]
    result = runner.invoke(app, [*command, "--data", str(prepared_folder)])
    assert result.exit_code == 0, result.output
    assert (out / THRESHOLDS_FILE).read_bytes() == thresholds
    card = (out / "README.md").read_text(encoding="utf-8")
    _, _, table = card.partition("## Scores by what is given")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if "|" in line]
    assert rows[2:] == [form.name for form in FILM_FORMS]
    assert "It also reads the title and the year, where they are given." in card
