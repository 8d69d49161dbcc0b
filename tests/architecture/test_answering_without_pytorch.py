"""Answering works where PyTorch is not installed; what needs it says so first, in one line."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.tiny_checkpoints import save_tiny, tiny_checkpoint

PLOT = "A detective hunts a killer through the rainy streets of a corrupt city."

_REFUSED = (
    *("torch", "torchvision", "lightning", "pytorch_lightning", "torchmetrics"),
    *("transformers", "safetensors"),
)

_RUN = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_REFUSED!r}:
            raise ModuleNotFoundError(f"{{name}} was imported", name=name)

sys.meta_path.insert(0, Refuse())
"""

_COMMAND = f"{_RUN}from moviegenre.apps.cli import main; main(sys.argv[1:])"


def _python(code: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def _moviegenre(*arguments: str | Path) -> str:
    """Return what a command prints where PyTorch and its company are not installed."""
    done = _python(_COMMAND, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _in_one_process(commands: Sequence[Sequence[str]]) -> tuple[list[str], str, str]:
    """Run commands one after the other; return their statuses, and all output and errors."""
    code = f"""{_RUN}
from moviegenre.apps.cli import main
statuses = []
for command in {list(commands)!r}:
    try:
        main(list(command))
    except SystemExit as stopped:
        statuses.append(stopped.code or 0)
print(*statuses)
"""
    done = _python(code)
    output, _, statuses = done.stdout.rstrip().rpartition("\n")
    return statuses.split(), output, done.stderr


def test_a_film_and_its_explanation() -> None:
    answer = json.loads(_moviegenre("predict", "--plot", PLOT, "--explain", "--json"))
    assert {"Crime", "Thriller"} <= set(answer["genres"])
    words = answer["explanation"]["words"][answer["genres"][0]]
    shares = {word["text"]: word["share"] for word in words}
    assert max(shares, key=lambda text: shares[text] or 0) in ("detective", "killer", "corrupt")


def test_the_example_films() -> None:
    assert "Dust on the Ledger" in _moviegenre("predict", "--examples")


def test_a_table_of_films(tmp_path: Path) -> None:
    films, out = tmp_path / "films.csv", tmp_path / "genres.csv"
    films.write_text(f'id,plot\n1,"{PLOT}"\n2,"Two friends open a bakery and fall in love."\n')
    assert "2 films" in _moviegenre("predict", "--input", films, "--out", out, "--quiet")
    with out.open(encoding="utf-8") as stream:
        first, second = csv.DictReader(stream)
    assert "Crime" in first["genres"]
    assert "Crime" not in second["genres"]


def test_a_film_library(tmp_path: Path) -> None:
    nfo = tmp_path / "movie.nfo"
    nfo.write_text(f"<movie><plot>{PLOT}</plot></movie>")
    assert "1 film: 1 written" in _moviegenre("library", tmp_path, "--write", "--quiet")
    assert "<genre>Crime</genre>" in nfo.read_text()


def test_scikit_learns_way() -> None:
    code = f"""{_RUN}
import moviegenre
classifier = moviegenre.load()
table = [{PLOT!r}, "A ghost haunts an old house."]
print(classifier.predict(table).sum(axis=1).min(), classifier.predict_proba(table).shape)
"""
    done = _python(code)
    assert done.returncode == 0, done.stderr
    fewest, shape = done.stdout.split(maxsplit=1)
    assert int(fewest) >= 1
    assert shape.strip() == "(2, 20)"


def test_the_service_and_its_page() -> None:
    code = f"""{_RUN}
import moviegenre
from moviegenre.apps.service.app import create_app
print(create_app(moviegenre.load()).title)
"""
    done = _python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_prepared_data_are_made_and_read(tmp_path: Path) -> None:
    raw, prepared = tmp_path / "raw", tmp_path / "prepared"
    commands = [
        ("synthesize", str(raw), "--movies", "60"),
        ("prepare", str(raw), "--out", str(prepared), "--min-movies", "1", "--quiet"),
        ("stats", str(prepared)),
    ]
    statuses, output, errors = _in_one_process([("data", *command) for command in commands])
    assert statuses == ["0"] * len(commands), errors
    assert "movies: 60 (train 42 (70.0 %)" in output


_NEEDS_TRAINING = [
    ("train", "bert"),
    ("evaluate", "--checkpoint", "best.pth"),
    ("compare", "checkpoints"),
    ("robustness", "checkpoints"),
    ("reproduce", "--config", "config.yaml"),
    ("ablate", "--config", "config.yaml"),
    ("export", "--checkpoint", "best.pth", "--out", "exported"),
    ("ensemble", "a.pth", "b.pth", "--out", "ensemble"),
    ("faithfulness", "--checkpoint", "best.pth", "--data", "prepared"),
    ("data", "audit", "prepared"),
]


def test_what_needs_training_says_so_in_one_line() -> None:
    statuses, _, errors = _in_one_process(_NEEDS_TRAINING)
    assert statuses == ["2"] * len(_NEEDS_TRAINING)
    lines = errors.splitlines()
    assert len(lines) == len(_NEEDS_TRAINING)
    for line in lines:
        _names_the_extra(line)


def test_a_checkpoint_needs_training(tmp_path: Path, bert_folder: Path) -> None:
    path = save_tiny(tmp_path, tiny_checkpoint("lstm", bert_folder, tmp_path))
    _refuses("predict", "--checkpoint", path, "--plot", PLOT)


def test_gradients_need_training() -> None:
    code = f"""{_RUN}
import moviegenre
from moviegenre.core.errors import MissingExtraError
predictor = moviegenre.load()
try:
    predictor.explain(predictor.reader.read({PLOT!r}), ["Crime"], "gradients")
except MissingExtraError as error:
    print(error)
"""
    done = _python(code)
    assert done.stdout.strip().endswith(
        "install it with: pip install '.[train]' in a clone of moviegenre"
    )


def _refuses(*command: str | Path) -> None:
    """Check that a command exits with 2 and one line that names the extra."""
    done = _python(_COMMAND, *command)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    _names_the_extra(line)


def _names_the_extra(line: str) -> None:
    assert line.startswith("error: ")
    assert line.endswith("install it with: pip install '.[train]' in a clone of moviegenre")


def test_predict_imports_no_pytorch_where_it_is_installed() -> None:
    code = f"""
import sys
from moviegenre.apps.cli import main
try:
    main(["predict", "--plot", {PLOT!r}])
finally:
    print(*[name for name in {_REFUSED!r} if name in sys.modules], "none", file=sys.stderr)
"""
    done = _python(code)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "none"
