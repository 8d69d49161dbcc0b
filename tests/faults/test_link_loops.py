"""A link that leads to itself, as any path that a command takes: one line, and no traceback."""

import os
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.core.errors import missing_path_message
from moviegenre.core.reading import at_home, real_path
from moviegenre.data.synthetic.generate import synthesize
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import write_prepared

COMMANDS = """
train prior --config LOOP
train prior --data LOOP
train prior --data data --out LOOP
train prior --set data.dir=LOOP
train lstm --data data --set data.extra=LOOP
evaluate --checkpoint LOOP
evaluate --checkpoint models/lstm --data LOOP
evaluate --checkpoint models/lstm --data data --quiet --json LOOP/x
compare LOOP
compare models --data LOOP
compare models --data data --quiet --out LOOP
robustness LOOP
robustness models --data LOOP
robustness models --data data --out LOOP/x
reproduce --config LOOP
ablate --config LOOP
ensemble LOOP models/lstm --out ensemble
ensemble models/lstm models/cnn --data data --out LOOP
ensemble models/lstm models/cnn --data LOOP --out ensemble
data synthesize LOOP --movies 5
data prepare LOOP --out new
data prepare movies --out LOOP --min-movies 4 --quiet
data stats LOOP
data stats data --json LOOP/x
data audit LOOP
data audit data --no-labels --quiet --out LOOP
data audit data --no-labels --quiet --drop-leaks LOOP
data audit data --checkpoints LOOP
predict --poster LOOP
predict --plot ghost --checkpoint LOOP
predict --input LOOP --out out.csv
predict --input films.csv --out LOOP/x.csv
predict --input films.csv --out out.csv --posters LOOP
export --checkpoint LOOP --out new
export --checkpoint models/lstm --no-onnx --out LOOP
export --checkpoint models/lstm --out new --parity-data LOOP
push owner/name --model LOOP
faithfulness --checkpoint LOOP
faithfulness --checkpoint models/lstm --data LOOP
serve --port 0 --model LOOP
serve --port 0 --api-key-file LOOP
""".strip().splitlines()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return a folder with a link to itself, models, movies and films."""
    root = tmp_path_factory.mktemp("loops")
    os.symlink("loop.csv", root / "loop.csv")
    write_prepared(root / "data", (6, 6, 3))
    for name in ("lstm", "cnn"):
        save_tiny(root / "models" / name, tiny_checkpoint(name, bert_folder, root / "data"), None)
    synthesize(root / "movies", 24, 0)
    (root / "films.csv").write_text("id,plot,poster\na,ghost,loop.csv\n", encoding="utf-8")
    return root


@pytest.mark.parametrize("command", COMMANDS)
def test_one_line(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(world)
    with pytest.raises(SystemExit) as ended:
        main(command.replace("LOOP", "loop.csv").split())
    error = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert len(error) == 1
    assert error[0].startswith("error: ")
    assert "loop.csv" in error[0]
    assert 'did you mean "loop.csv"' not in error[0]
    assert os.readlink(world / "loop.csv") == "loop.csv"


def test_a_poster_of_a_table(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    with pytest.raises(SystemExit) as ended:
        main(["predict", "--input", "films.csv", "--out", "out.csv", "--quiet"])
    assert ended.value.code == 0
    assert "loop.csv cannot be read: Too many levels of symbolic links" in Path(
        "out.csv"
    ).read_text(encoding="utf-8")


def test_paths(world: Path) -> None:
    loop = world / "loop.csv"
    assert real_path(loop) == loop
    assert real_path(world / "data" / ".." / "data") == (world / "data").resolve()
    assert at_home(Path("~no-such-user/x")) == Path("~no-such-user/x")
    os.symlink("absent", world / "nowhere")
    os.symlink("round", world / "data" / "round")
    assert missing_path_message(world / "data" / "round", "a table", "see --help") == (
        f"{world / 'data' / 'round'} is a link that leads to itself; expected a table; see --help"
    )
    assert " is a link that leads nowhere; " in missing_path_message(
        world / "nowhere", "a table", "see --help"
    )
