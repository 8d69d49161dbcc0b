"""A cut or changed file is noticed, told in one line, and made again where it can be."""

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from moviegenre.apps.cli import main
from moviegenre.core.errors import CheckpointError, DataError
from moviegenre.core.types import Split
from moviegenre.data.caches import cached_posters
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.runs import read_history, read_run
from moviegenre.experiment.train import train
from moviegenre.inference.catalogue_output import Output
from moviegenre.inference.shard_work import MANIFEST_FILE, part_name
from moviegenre.inference.shards import Plan, Shard, ids_digest
from moviegenre.training.resuming import RESUME_FILE
from tests.faults.worlds import COMMANDS, contents
from tests.tiny_movies import GENRES, write_prepared
from tests.tiny_training import tiny_experiment


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


damaging = pytest.mark.parametrize("damage", [cut, empty, flip])
Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return a folder as ``moviegenre data prepare`` writes it; nobody changes it."""
    command, root = COMMANDS["prepare"], tmp_path_factory.mktemp("prepared")
    command.world(root, bert_folder)
    with contextlib.chdir(root), pytest.raises(SystemExit) as ended:
        main(list(command.arguments))
    assert ended.value.code == 0
    return root / "prepared"


@pytest.fixture
def prepared(prepared_once: Path, tmp_path: Path) -> Path:
    """Return a copy of prepared data."""
    return Path(shutil.copytree(prepared_once, tmp_path / "prepared"))


@damaging
@pytest.mark.parametrize("name", ["train.parquet", "val.parquet", "test.parquet", "genres.json"])
def test_prepared_data(prepared: Path, damage: Damage, name: str) -> None:
    PreparedData(prepared).fingerprint  # noqa: B018 - it reads every split
    damage(prepared / name)
    with pytest.raises(DataError, match=r"prepare the data again$") as error:
        PreparedData(prepared).fingerprint  # noqa: B018
    assert str(prepared) in str(error.value)
    assert "\n" not in str(error.value)


@damaging
def test_a_cache_is_made_again(
    prepared: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    data = PreparedData(prepared)
    expected = np.array(cached_posters(data, Split.VAL, 8, 8))
    (cache,) = data.cache_dir.glob("posters-*.npy")
    damage(cache)
    assert (cached_posters(data, Split.VAL, 8, 8) == expected).all()
    assert f"{cache} is damaged" in caplog.text
    assert "it is made again" in caplog.text


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return a folder with data and a finished training; nobody changes it."""
    root = tmp_path_factory.mktemp("trained")
    data = write_prepared(root / "data", (8, 6, 4))
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=2)
    train(experiment, root / "checkpoints", progress=False)
    return root


@pytest.fixture
def trained(
    trained_once: Path, tmp_path: Path, bert_folder: Path
) -> tuple[Path, Callable[..., None]]:
    """Return the folder of a finished training, and what trains it again."""
    checkpoints = Path(shutil.copytree(trained_once / "checkpoints", tmp_path / "checkpoints"))
    experiment = tiny_experiment("lstm", trained_once / "data", bert_folder, max_epochs=2)

    def run(**options: bool) -> None:
        train(experiment, checkpoints, progress=False, **options)

    return checkpoints / "lstm", run


@damaging
def test_a_training_begins_anew_where_its_state_is_damaged(
    trained: tuple[Path, Callable[..., None]], damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    folder, run = trained
    expected = contents(folder, ["best.pth", "history.json"])
    damage(folder / RESUME_FILE)
    run(resume=True)
    assert f"{folder / RESUME_FILE} is damaged" in caplog.text
    assert "the training begins anew" in caplog.text
    assert contents(folder, ["best.pth", "history.json"]) == expected


@damaging
def test_a_history_is_made_again_from_the_state(
    trained: tuple[Path, Callable[..., None]], damage: Damage
) -> None:
    folder, run = trained
    expected = json.loads((folder / "history.json").read_text())
    damage(folder / "history.json")
    with pytest.raises(CheckpointError) as error:
        read_history(folder)
    assert "history.json is damaged (" in str(error.value)
    assert str(error.value).endswith(
        "it is made again by: moviegenre train lstm --resume, with the options of before"
    )
    run(resume=True)
    assert read_history(folder) == expected


@pytest.mark.parametrize("damage", [cut, empty])
def test_what_is_said_of_a_damaged_run_works(
    trained: tuple[Path, Callable[..., None]], damage: Damage
) -> None:
    folder, run = trained
    damage(folder / "run.json")
    for resume in (False, True):
        with pytest.raises(CheckpointError, match=r"run\.json is damaged .*`overwrite` in movieg"):
            run(resume=resume)
    run(overwrite=True)
    assert (read_run(folder) or {})["status"] == "finished"


@damaging
def test_predictions(tmp_path: Path, damage: Damage) -> None:
    probs = np.full((4, 3), 0.25, dtype=np.float32)
    saved = Predictions(tuple("abcd"), GENRES.names, probs, np.ones((4, 3), dtype=np.uint8))
    saved.save(tmp_path / "p.npz")
    assert (Predictions.load(tmp_path / "p.npz").probs == probs).all()
    damage(tmp_path / "p.npz")
    with pytest.raises(DataError, match=r"delete it and evaluate again$"):
        Predictions.load(tmp_path / "p.npz")


@damaging
@pytest.mark.parametrize("name", ["part", MANIFEST_FILE])
def test_a_part_is_made_again(
    tmp_path: Path, damage: Damage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    output = Output(tmp_path / "out.csv")
    folder = Path(output.folder.address)
    shards = [Shard(0, 2 * number, 2, "abc", ids_digest("ab")) for number in range(3)]
    output.folder.write(MANIFEST_FILE, Plan({"a": 1}, [("x.csv", "abc")], shards, 0).to_json())
    for shard in shards:
        content = shard.name.encode()
        output.folder.write(part_name(shard, content), content)
    assert output.missing(shards) == []
    if name == MANIFEST_FILE:
        if damage is flip:
            return  # a changed job is another job, which is refused by its name
        damage(folder / name)
        assert output.read_plan({"a": 1}) is None
        assert list(folder.iterdir()) == []
    else:
        name = part_name(shards[1], shards[1].name.encode())
        damage(folder / name)
        assert output.read_plan({"a": 1}) is not None
        assert output.missing(shards) == [shards[1]]
    assert f"{folder / name} is damaged" in caplog.text
