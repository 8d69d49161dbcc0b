"""Every YAML file that is shipped is read by the real command line, and one trains every model."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from moviegenre.apps.cli import main
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.experiment.config import load_experiment, load_suite
from moviegenre.models.registry import MODELS
from moviegenre.studies.ablations.settings import load_ablations

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "config.yaml", *sorted((ROOT / "configs").rglob("*.yaml"))]
MAX_LINES = 350  # of settings, in all files
WHOLE = {"config", "base", "demo", "first", "short", "longest"}  # these have every model
OLD_NAMES = [
    *("ablations", "best-first", "best-joint", "best-mpnet-first", "best-mpnet-open-first"),
    *("best-mpnet-open-text", "best-mpnet-open", "best-mpnet-pieces-first", "best-mpnet-pieces"),
    *("best-mpnet", "best-open-first", "best-open", "best", "first", "joined", "longest"),
    *("open-first", "open-joined"),
]  # published results name configs/NAME.yaml
DEMO = ROOT / "configs" / "demo.yaml"
ENCODERS = ("resnet", "bert")  # that the demo's fusions start from


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _run(*arguments: str | Path) -> object:
    """Run the command line and return its exit status."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return stopped.value.code


def test_settings_stay_few() -> None:
    lines = [line.strip() for path in FILES for line in path.read_text("utf-8").splitlines()]
    settings = [line for line in lines if line and not line.startswith("#")]
    assert len(settings) <= MAX_LINES, "let files extend others, and keep only what is their own"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_file_opens_with_its_command_and_names_models_in_order(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    command = "ablate" if load_suite(path).ablations else "reproduce"
    if path.stem == "base":
        command = "train bert"
    assert f"moviegenre {command} --config {_name(path)}" in text.split("\n\n")[0]
    own = list(yaml.safe_load(text)["models"])
    assert own == [name for name in MODELS if name in own]
    assert set(load_suite(path).experiments) == set(MODELS) or path.stem not in WHOLE


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_the_command_line_accepts_every_setting_of_a_file(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # where the file's movies are not
    command = "ablate" if load_suite(path).ablations else "reproduce"
    assert _run(command, "--config", path, "--set", "prepare.source=missing.tar.gz") == 2
    told = capsys.readouterr().err
    assert "error: missing.tar.gz does not exist; expected a source of movies" in told


def test_every_variant_of_the_ablations_resolves() -> None:
    suite, ablations = load_ablations(ROOT / "configs" / "studies" / "ablations.yaml")
    named = [(section["base"], list(map(str, section["variants"]))) for section in suite.ablations]
    assert named == [(one.base, [v.name for v in one.variants]) for one in ablations]


@pytest.mark.parametrize("name", OLD_NAMES)
def test_an_old_name_still_works(name: str, caplog: pytest.LogCaptureFixture) -> None:
    old = ROOT / "configs" / f"{name}.yaml"
    path = load_suite(old).path
    assert path.is_file()
    assert path.parent.name in {"closed", "open", "studies"}
    assert f"{old} moved to {path}, which is used" in caplog.messages


def test_paths_outside_the_project_stand_in_one_file() -> None:
    texts = {_name(path): path.read_text(encoding="utf-8") for path in FILES}
    outside = {name for name, text in texts.items() if re.search(r"\.\./shared", text)}
    assert outside == {"configs/base.yaml"}


@pytest.fixture(scope="module")
def demo_movies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return synthetic movies like the demo's, fewer, prepared by the command line."""
    folder = tmp_path_factory.mktemp("demo")
    assert _run("data", "synthesize", folder / "movies", "--movies", "60") == 0
    prepared = ("--out", folder / "data", "--min-movies", "5")
    assert _run("data", "prepare", folder / "movies", *prepared) == 0
    return folder / "data"


@pytest.fixture(scope="module")
def demo_encoders(demo_movies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the models that the demo's fusions start from, as in ``reproduce``."""
    folder = tmp_path_factory.mktemp("encoders")
    for name in ENCODERS:
        _train(name, demo_movies, folder)
    return folder


@pytest.mark.parametrize("name", MODELS)
def test_the_demo_trains_each_model_with_its_own_settings(
    name: str, demo_movies: Path, demo_encoders: Path, tmp_path: Path
) -> None:
    starts = "init_poster" in MODELS[name].model_fields  # a fusion, from encoders trained alone
    folder = demo_encoders if name in ENCODERS else tmp_path
    if name not in ENCODERS:
        _train(name, demo_movies, folder, [f"model.init_from={demo_encoders}"] if starts else [])
    trained = load_checkpoint(folder / name / "best.pth").info.config
    shipped = load_experiment(DEMO, name).to_dict()
    shipped["data"]["dir"] = str(demo_movies)
    if starts:
        shipped["model"]["init_from"] = str(demo_encoders)
    if not MODELS[name].fitted:
        shipped["training"]["max_epochs"] = 1
    assert trained == shipped


def _train(name: str, movies: Path, out: Path, settings: Sequence[str] = ()) -> None:
    """Train a model of the demo by the command line, for one epoch."""
    given = [part for setting in settings for part in ("--set", setting)]
    given += ["--set", "training.max_epochs=1"] if not MODELS[name].fitted else []
    arguments = ("train", name, "--config", DEMO, "--data", movies, "--out", out, "--quiet")
    assert _run(*arguments, *given) == 0
