"""The quick start works in a new environment with the core install alone, as a new user has it."""

import json
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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


@pytest.fixture(
    scope="module", params=["built", pytest.param("downloaded", marks=pytest.mark.torture)]
)
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of an environment into which the package was installed.

    ``built`` installs the package as built from its source, and links what it depends on from this
    environment, so that nothing is downloaded; ``downloaded`` is what a new user types.
    """
    folder = tmp_path_factory.mktemp("core") / "environment"
    programs = folder / "bin"
    if request.param == "built":
        venv.create(folder)
        (packages,) = folder.glob("lib/python3*/site-packages")
        link_dependencies(packages)
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
        _run(sys.executable, "-m", "pip", "wheel", *options, ROOT)
        (wheel,) = folder.glob("*.whl")
        install = ("install", "--quiet", "--no-deps", "--no-compile", wheel)
        _run(sys.executable, "-m", "pip", "--python", folder, *install)
        return programs
    venv.create(folder, with_pip=True)
    index = subprocess.run(
        [programs / "pip", "download", "--quiet", "--no-deps", "--dest", folder, "typer"],
        capture_output=True,
        check=False,
    )
    if index.returncode:
        pytest.skip("no package index can be reached, so nothing can be installed")
    _run(programs / "pip", "install", "--quiet", ROOT)
    return programs


def link_dependencies(folder: Path) -> None:
    """Link every package that the core install needs, from this environment into a folder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    todo, done = [Requirement(text) for text in project["dependencies"]], set()
    while todo:
        requirement = todo.pop()
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if requirement.name in done or not needed:
            continue
        done.add(requirement.name)
        found = distribution(requirement.name)
        todo += [Requirement(text) for text in found.requires or ()]
        names = {Path(file).parts[0] for file in found.files or ()} - {"..", "__pycache__"}
        for name in names:
            if not (folder / name).exists():
                (folder / name).symlink_to(Path(str(found.locate_file(name))))


@pytest.mark.slow
def test_the_core_install_has_no_pytorch(environment: Path) -> None:
    code = "from importlib.metadata import distributions as d; print(*(one.name for one in d()))"
    names = set(_run(environment / "python", "-c", code).lower().split())
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
