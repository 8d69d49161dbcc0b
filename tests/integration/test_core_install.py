"""The quick start works in a new environment with the core install alone, as a new user has it."""

import json
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLOT = "A detective hunts a killer through the rainy streets of a corrupt city."
NOT_THERE = {
    "torch",
    "lightning",
    "transformers",
    "torchmetrics",
    "scipy",
    "scikit-learn",
    "pandas",
}


def _run(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of an environment into which the package was installed."""
    folder = tmp_path_factory.mktemp("core") / "environment"
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    index = subprocess.run(
        [programs / "pip", "download", "--quiet", "--no-deps", "--dest", folder, "typer"],
        capture_output=True,
        check=False,
    )
    if index.returncode:
        pytest.skip("no package index can be reached, so nothing can be installed")
    _run(programs / "pip", "install", "--quiet", ROOT)
    return programs


@pytest.mark.slow
def test_the_core_install_has_no_pytorch(environment: Path) -> None:
    listed = json.loads(_run(environment / "pip", "list", "--format", "json"))
    names = {package["name"].lower() for package in listed}
    assert "moviegenre" in names
    assert not names & NOT_THERE


@pytest.mark.slow
def test_the_quick_start(environment: Path, tmp_path: Path) -> None:
    moviegenre = environment / "moviegenre"
    answer = json.loads(_run(moviegenre, "predict", "--plot", PLOT, "--json"))
    assert {"Crime", "Thriller"} <= set(answer["genres"])
    code = f"import moviegenre; print(moviegenre.load().predict(plot={PLOT!r}).genres)"
    assert "'Crime'" in _run(environment / "python", "-c", code)
    films, out = tmp_path / "films.csv", tmp_path / "genres.csv"
    films.write_text(f'id,plot\nx1,"{PLOT}"\n', encoding="utf-8")
    assert "1 film" in _run(moviegenre, "predict", "--input", films, "--out", out, "--quiet")
    assert "Crime" in out.read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_trains_names_its_extra(environment: Path) -> None:
    done = subprocess.run(
        [environment / "moviegenre", "train", "bert"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith(
        "install it with: pip install '.[train]' in a clone of moviegenre"
    )
