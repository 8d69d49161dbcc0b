"""Config files: ``extends``, ``only`` and ``paths``, and the messages for faults in them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from moviegenre.core.errors import ConfigError
from moviegenre.experiment.config import load_experiment, load_suite
from moviegenre.experiment.config_file import find_config, read_config

KEYS = st.sampled_from(["data", "training", "loss"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
SETTINGS = st.dictionaries(KEYS, VALUES, max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configs-of-tests")


def _write(path: Path, values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def _read(path: Path) -> dict[str, Any]:
    return read_config(path)[0]


def _set_one_by_one(files: list[dict[str, Any]]) -> dict[str, Any]:
    """Merge as the documentation says, by another way: each setting is put down in turn."""
    result: dict[str, Any] = {}

    def put(place: dict[str, Any], key: str, value: Any) -> None:
        if not isinstance(value, dict):
            place[key] = value
            return
        if not isinstance(place.get(key), dict):
            place[key] = {}
        for inner, content in value.items():
            put(place[key], inner, content)

    for settings in files:
        for key, value in settings.items():
            put(result, key, value)
    return result


@given(files=st.lists(SETTINGS, min_size=1, max_size=4))
def test_later_files_win_and_the_file_itself_last(
    folder: Path, files: list[dict[str, Any]]
) -> None:
    names = [f"{number}.yaml" for number in range(len(files) - 1)]
    for name, settings in zip(names, files, strict=False):
        _write(folder / name, settings)
    own = {**files[-1], **({"extends": names} if names else {})}
    assert _read(_write(folder / "own.yaml", own)) == _set_one_by_one(files)


@given(files=st.lists(SETTINGS, min_size=2, max_size=4))
def test_a_chain_gives_the_same_as_a_list(folder: Path, files: list[dict[str, Any]]) -> None:
    for number, settings in enumerate(files):
        above = {"extends": f"{number - 1}.yaml"} if number else {}
        _write(folder / f"{number}.yaml", {**settings, **above})
    chained = _read(folder / f"{len(files) - 1}.yaml")
    assert chained == _set_one_by_one(files)


def test_paths_are_relative_to_the_file_that_extends(tmp_path: Path) -> None:
    _write(tmp_path / "base.yaml", {"training": {"seed": 3, "max_epochs": 9}})
    _write(tmp_path / "a" / "middle.yaml", {"extends": "../base.yaml", "data": {"plot": "first"}})
    own = {"extends": ["a/middle.yaml"], "training": {"seed": 4}}
    values = _read(_write(tmp_path / "own.yaml", own))
    assert values == {"training": {"seed": 4, "max_epochs": 9}, "data": {"plot": "first"}}


def test_overrides_beat_every_file_and_the_saved_settings_extend_nothing(tmp_path: Path) -> None:
    _write(tmp_path / "base.yaml", {"training": {"seed": 3}, "models": {"lstm": {"dropout": 0.2}}})
    own = _write(tmp_path / "own.yaml", {"extends": "base.yaml", "training": {"seed": 4}})
    experiment = load_experiment(own, "lstm", ["training.seed=5"])
    assert experiment.training.seed == 5
    saved = experiment.to_file_dict()
    assert set(saved) == {"data", "training", "models"}
    assert saved["models"]["lstm"]["dropout"] == 0.2
    again = _write(tmp_path / "saved" / "config.yaml", saved)
    assert load_experiment(again, "lstm") == experiment


@pytest.mark.parametrize("content", [3, [], [3], "", None, {"a": "b"}, "a\0b", ["\ud800"]])
def test_extends_of_a_wrong_type_is_refused(tmp_path: Path, content: object) -> None:
    path = _write(tmp_path / "own.yaml", {"extends": content})
    with pytest.raises(ConfigError, match="expected a path or a list of paths") as raised:
        _read(path)
    assert str(raised.value).startswith(f"{path}: extends is ")


def test_a_cycle_is_told_with_its_files(tmp_path: Path) -> None:
    one = _write(tmp_path / "one.yaml", {"extends": "two.yaml"})
    two = _write(tmp_path / "two.yaml", {"extends": "one.yaml"})
    with pytest.raises(ConfigError) as raised:
        _read(one)
    expected = (
        f"{one} extends {two} extends {one}: a file cannot extend itself; remove one of these"
    )
    assert str(raised.value) == expected


def test_a_missing_file_is_told_with_those_that_led_to_it(tmp_path: Path) -> None:
    own = _write(tmp_path / "own.yaml", {"extends": "middle.yaml"})
    middle = _write(tmp_path / "middle.yaml", {"extends": "gone.yaml"})
    with pytest.raises(ConfigError) as raised:
        _read(own)
    chain = f"{own} extends {middle} extends {tmp_path / 'gone.yaml'}: "
    assert str(raised.value).startswith(chain)
    assert "does not exist; expected a YAML config" in str(raised.value)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "0.yaml", {})
    for number in range(1, 20):  # each twice as many as the one before
        _write(tmp_path / f"{number}.yaml", {"extends": [f"{number - 1}.yaml"] * 2})
    with pytest.raises(ConfigError, match="more than 64 files are extended; use fewer"):
        _read(tmp_path / "19.yaml")


def test_only_keeps_the_models_that_it_names(tmp_path: Path) -> None:
    models = {"prior": None, "lstm": {"dropout": 0.2}, "cnn": None}
    _write(tmp_path / "base.yaml", {"models": models})
    own = {"extends": "base.yaml", "only": ["lstm", "prior"], "models": {"lstm": {"dim": 8}}}
    values = _read(_write(tmp_path / "own.yaml", own))
    assert values == {"models": {"prior": None, "lstm": {"dropout": 0.2, "dim": 8}}}
    above = _write(tmp_path / "above.yaml", {"extends": "own.yaml", "models": {"cnn": None}})
    assert set(_read(above)["models"]) == {"prior", "lstm", "cnn"}  # a later file may add one


def test_only_can_be_set_on_the_command_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", {"models": {"prior": None, "lstm": {"dim": 8}}})
    values, others = read_config(path, ["only=[lstm]", "training.seed=1"])
    assert values["models"] == {"lstm": {"dim": 8}}
    assert others == ["training.seed=1"]
    with pytest.raises(ConfigError, match="only names 'lsmt', which is no model of these files"):
        read_config(path, ["only=[lsmt]"])


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({"only": ["lsmt"]}, "only names 'lsmt', which is no model of these files; did you mean"),
        ({"only": ["prior"], "models": {"lstm": {}}}, "'lstm' has settings but is not in only"),
        ({"only": "prior"}, "only is 'prior'; expected a list of models"),
        ({"only": []}, "only is []; expected a list of models"),
    ],
)
def test_a_wrong_only_is_refused(tmp_path: Path, own: dict[str, Any], fault: str) -> None:
    _write(tmp_path / "base.yaml", {"models": {"prior": None, "lstm": None}})
    path = _write(tmp_path / "own.yaml", {"extends": "base.yaml", **own})
    with pytest.raises(ConfigError) as raised:
        load_suite(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert fault in str(raised.value)


def test_paths_are_named_once_and_replaced_in_a_file_or_by_an_override(tmp_path: Path) -> None:
    base = {
        "paths": {"movies": "a.tar.gz", "folder": "encoders"},
        "prepare": {"source": "${paths.movies}"},
        "checkpoints": "runs/${file}/checkpoints",
        "models": {"bert": {"plot_encoder": {"name": "${paths.folder}/minilm"}}},
    }
    _write(tmp_path / "base.yaml", base)
    own = {"extends": "base.yaml", "paths": {"movies": "b.tar.gz"}}
    path = _write(tmp_path / "own.yaml", own)
    suite = load_suite(path)
    assert suite.prepare.source == "b.tar.gz"
    assert suite.checkpoints == Path("runs/own/checkpoints")
    overrides = ["paths.movies=c.tar.gz", "paths.folder=mine"]
    assert load_suite(path, overrides).prepare.source == "c.tar.gz"
    model = load_experiment(path, "bert", overrides).to_dict()["model"]
    assert model["plot_encoder"]["name"] == "mine/minilm"


@pytest.mark.parametrize(
    ("own", "overrides", "fault"),
    [
        ({"results": "${paths.moveis}"}, [], "unknown '${paths.moveis}'; did you mean"),
        ({"results": "${HOME}"}, [], "unknown '${HOME}'; known: file, paths.movies"),
        ({}, ["paths.moveis=b"], "unknown path 'moveis'; did you mean \"movies\"?"),
        ({"paths": {"movies": 3}}, [], "paths.movies is 3; expected a path"),
        ({"paths": {"movies": "${file}"}}, [], "expected a path without ${...}"),
        ({"paths": ["a"]}, [], "paths holds a list; expected names and paths"),
    ],
)
def test_wrong_paths_are_refused(
    tmp_path: Path, own: dict[str, Any], overrides: list[str], fault: str
) -> None:
    path = _write(tmp_path / "own.yaml", {"paths": {"movies": "a"}, **own})
    with pytest.raises(ConfigError) as raised:
        load_suite(path, overrides)
    assert fault in str(raised.value)


def test_a_file_that_moved_is_found_below_a_folder_of_configs_alone(tmp_path: Path) -> None:
    moved = _write(tmp_path / "configs" / "closed" / "first.yaml", {})
    assert find_config(tmp_path / "configs" / "first.yaml") == moved
    other = _write(tmp_path / "other" / "closed" / "first.yaml", {})
    assert find_config(tmp_path / "other" / "first.yaml") != other
    _write(tmp_path / "configs" / "open" / "first.yaml", {})  # either may be meant
    missing = tmp_path / "configs" / "first.yaml"
    assert find_config(missing) == missing
