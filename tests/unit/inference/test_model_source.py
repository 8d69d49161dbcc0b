"""A predictor that is pickled, copied, printed, and told how many threads to use."""

import copy
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import moviegenre
from moviegenre.artifacts.manifest import MANIFEST_FILE
from moviegenre.box import FOLDER
from moviegenre.core.errors import CheckpointError, ConfigError, InputError
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.inference.model_source import reopen
from moviegenre.inference.predictor import Predictor
from tests.tiny_checkpoints import POINT, save_tiny, tiny_checkpoint

PLOT = "A detective hunts a killer through the rainy streets of a corrupt city."


@pytest.fixture(scope="module")
def included() -> Predictor:
    return moviegenre.load(threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an exported folder, without the files that are not needed to answer."""
    shutil.copytree(FOLDER, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("bulk", [False, True])
def test_a_forked_process_answers_after_its_parent(bulk: bool) -> None:
    code = (
        "import multiprocessing, moviegenre, sys; "
        f"predictor = moviegenre.load(threads=2, bulk={bulk})\n"
        "def answers(_): return predictor.predict(sys.argv[1:]).tolist()\n"
        "here = answers(0)\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n"
        "    print(pool.apply_async(answers, [0]).get(timeout=30) == here)"
    )
    command = [sys.executable, "-c", code, PLOT, "Two bakers fall in love."]
    # The command line sets this for itself; tokenizers then wait for threads that a fork has not.
    env = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_a_pickled_predictor_answers_in_another_process(
    included: Predictor, tmp_path: Path
) -> None:
    file = tmp_path / "predictor.pickle"
    file.write_bytes(pickle.dumps(included))
    assert file.stat().st_size < 1_000, "no weights in it"
    code = (
        "import pickle, pathlib, sys; p = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()); "
        "print(p, p.source.threads, p.predict(sys.argv[2]).probabilities['Crime'])"
    )
    command = [sys.executable, "-c", code, str(file), PLOT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    crime = included.predict(PLOT).probabilities["Crime"]
    assert done.stdout == f"{included} 1 {crime}\n"


def test_a_process_opens_a_model_once(included: Predictor) -> None:
    reopen.cache_clear()
    content = pickle.dumps(included.predict)
    first, second = pickle.loads(content), pickle.loads(content)
    assert first.__self__ is second.__self__
    assert first(PLOT) == included.predict(PLOT)


def test_a_pipeline_with_it_can_be_pickled_and_printed(included: Predictor) -> None:
    pipeline = make_pipeline(FunctionTransformer(), included)
    loaded = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(loaded.predict_proba([PLOT]), pipeline.predict_proba([PLOT]))
    assert repr(included) in repr(pipeline)


def test_a_model_that_changed_is_no_pickled_one(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(folder.parent)
    content = pickle.dumps(moviegenre.load("model"))
    monkeypatch.chdir("/")
    assert str(folder).encode() in content, "a relative path is of the folder at that time"
    manifest = folder / MANIFEST_FILE
    manifest.write_text(manifest.read_text() + "\n")
    reopen.cache_clear()
    with pytest.raises(CheckpointError, match="is not the model of the pickled"):
        pickle.loads(content)
    shutil.rmtree(folder)
    with pytest.raises(CheckpointError, match=r"does not exist|no model|not a"):
        pickle.loads(content)


def test_a_checkpoint_and_what_load_did_not_open(tmp_path: Path, bert_folder: Path) -> None:
    path = save_tiny(tmp_path, tiny_checkpoint("lstm", bert_folder, tmp_path))
    predictor = moviegenre.load(path)
    assert repr(predictor) == "Predictor(lstm, 3 genres, torch, reads plot)"
    loaded = pickle.loads(pickle.dumps(predictor))
    assert loaded.predict("the ghost") == predictor.predict("the ghost")
    by_hand = Predictor(predictor.backend, predictor.point)
    assert repr(by_hand) == repr(predictor)
    with pytest.raises(ConfigError, match=r"not opened by moviegenre\.load"):
        pickle.dumps(by_hand)


def test_copies_answer_the_same(tmp_path: Path, bert_folder: Path) -> None:
    predictor = moviegenre.load(save_tiny(tmp_path, tiny_checkpoint("lstm", bert_folder, tmp_path)))
    for made in (copy.copy(predictor), copy.deepcopy(predictor)):
        assert made is not predictor
        assert made.predict("the ghost") == predictor.predict("the ghost")
        assert made.predict("the ghost").explain() == predictor.predict("the ghost").explain()
    assert made.point is not predictor.point
    made.point.thresholds[:] = 1
    assert predictor.predict("the ghost").thresholds == POINT.threshold_by_genre()


def test_the_included_model_says_what_it_is(included: Predictor) -> None:
    assert repr(included) == (
        "Predictor(the included wide_deep, 20 genres, int8, reads plot + poster + title + year)"
    )


def test_threads_are_those_of_the_session(folder: Path) -> None:
    for threads, expected in ((2, 2), (None, 0)):
        predictor = moviegenre.load(folder, threads=threads)
        session = predictor.backend._engine.session  # type: ignore[attr-defined]
        assert session.get_session_options().intra_op_num_threads == expected


@pytest.mark.parametrize("threads", [0, -1, True, "2", 1.5])
def test_threads_are_a_number_from_one_on(threads: Any) -> None:
    with pytest.raises(ConfigError, match=r"threads is .*; expected a whole number from 1 on"):
        moviegenre.load(threads=threads)


def test_threads_of_pytorch_are_set_elsewhere(tmp_path: Path, bert_folder: Path) -> None:
    path = save_tiny(tmp_path, tiny_checkpoint("lstm", bert_folder, tmp_path))
    with pytest.raises(ConfigError, match=r"which PyTorch computes; .* torch.set_num_threads\(2\)"):
        moviegenre.load(path, threads=2)


def test_a_model_without_similar_movies_says_what_to_do(included: Predictor, folder: Path) -> None:
    with pytest.raises(InputError, match=r"the included model has no index .* may not be shared"):
        included.predict(PLOT).similar()
    with pytest.raises(InputError, match="export its checkpoint again with one: m"):
        moviegenre.load(folder).predict(PLOT).similar()


def test_another_operating_point_is_another_source(folder: Path) -> None:
    predictor = moviegenre.load(folder)
    assert predictor.source is not None
    assert predictor.source.model == str(folder)
    assert (folder / THRESHOLDS_FILE).is_file()
    assert replace(predictor.source, folder=folder.parent).digest() is None
