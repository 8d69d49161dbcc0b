"""Configs answer with every fault at once, in words that say what was meant."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from moviegenre.core.config import Config, apply_overrides, merge, read_yaml
from moviegenre.core.errors import ConfigError


class Round(Config):
    name: Literal["round"] = "round"
    radius: float = 1.0


class Square(Config):
    name: Literal["square"] = "square"
    side: float = Field(default=1.0, gt=0.0)


class Inner(Config):
    width: int = 1
    colour: Literal["red", "green"] = "red"


class Outer(Config):
    count: int
    inner: Inner = Inner()
    shape: Annotated[Round | Square, Field(discriminator="name")] = Round()
    size: tuple[int, int] = (1, 1)
    names: tuple[str, ...] = Field(default=("a",), min_length=1)


def message_for(values: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as error:
        Outer.parse(values, "a.yaml")
    return str(error.value)


def test_valid_values_are_parsed_and_frozen() -> None:
    outer = Outer.parse({"count": 3, "inner": {"width": 2}, "size": [4, 5]}, "a.yaml")
    assert outer == Outer(count=3, inner=Inner(width=2), size=(4, 5))
    with pytest.raises(ValidationError, match="frozen"):
        outer.count = 4


def test_all_faults_are_told_at_once() -> None:
    values = {"inner": {"widht": 2, "colour": "gren"}, "size": ["x", 5], "kount": 1}
    assert message_for(values) == (
        "a.yaml: setting 'count' is missing; "
        "setting 'inner.colour' is 'gren'; did you mean \"green\"? (known: green, red); "
        "unknown setting 'inner.widht'; did you mean \"width\"? (known: colour, width); "
        "setting 'size.0': expected a whole number (found 'x'); "
        "unknown setting 'kount'; did you mean \"count\"? (known: count, inner, names, shape, size)"
    )


class Numbers(Config):
    whole: int | None = None
    number: float = 0.5
    pair: tuple[int, ...] = ()
    switch: bool = False
    either: bool | int = 0


def test_true_and_false_are_no_numbers() -> None:
    values = {"whole": True, "number": False, "pair": [1, True], "switch": True, "either": True}
    with pytest.raises(ConfigError) as error:
        Numbers.parse(values, "a.yaml")
    assert str(error.value) == (
        "a.yaml: setting 'whole': expected a whole number (found true); setting 'number': expected "
        "a number (found false); setting 'pair.1': expected a whole number (found true)"
    )
    numbers = Numbers.parse({"switch": True, "either": True, "pair": [1, 0]}, "a.yaml")
    assert (numbers.switch, numbers.either, numbers.pair) == (True, True, (1, 0))


def test_a_list_of_the_wrong_length_has_its_length_in_the_message() -> None:
    assert message_for({"count": 1, "names": []}) == (
        "a.yaml: setting 'names': expected at least 1 of them (found 0)"
    )


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        (
            {"name": "square", "sid": 2},
            "unknown setting 'shape.sid'; did you mean \"side\"? (known: name, side)",
        ),
        (
            {"name": "sqare"},
            "setting 'shape.name' is 'sqare'; did you mean \"square\"? (known: round, square)",
        ),
        ({"radius": 2}, "setting 'shape.name' is missing"),
        (
            {"name": "square", "side": -1},
            "setting 'shape.side': expected more than 0 (found -1)",
        ),
    ],
)
def test_a_fault_within_a_choice_is_told_as_it_was_written(
    shape: dict[str, object], fault: str
) -> None:
    assert message_for({"count": 1, "shape": shape}) == f"a.yaml: {fault}"


def test_yaml_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("data: {plot: first}\nn: 1\n")
    assert read_yaml(tmp_path / "a.yaml") == {"data": {"plot": "first"}, "n": 1}


def test_a_missing_file_is_answered_with_its_sibling(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: 1")
    path = tmp_path / "confg.yaml"
    with pytest.raises(ConfigError) as error:
        read_yaml(path)
    assert str(error.value) == (
        f'{path} does not exist; expected a YAML config; did you mean "{tmp_path / "config.yaml"}"?'
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- 1\n", "holds a list; expected settings with names, as in training: {max_epochs: 3}"),
        ("hello", "holds 'hello'; expected settings with names"),
        ("", "is empty; expected settings with names"),
        ("# nothing\n", "is empty; expected settings with names"),
        ("a: [1", "is not valid YAML: line 1, column 6: expected ',' or ']', but got the end"),
        ("a:\n\tb: 1", "is not valid YAML: line 2, column 1: found a tab; indent with spaces"),
        (
            "a: {c: 1}\nb: 1\na: {d: 1}\n",
            "is not valid YAML: 'a' is set twice, on lines 1 and 3; remove one of them",
        ),
        (
            "a:\n  b: 1\n  'b': 2\n",
            "is not valid YAML: 'b' is set twice, on lines 2 and 3; remove one of them",
        ),
        ("{a: 1, a: 1}", "is not valid YAML: 'a' is set twice, on line 1; remove one of them"),
    ],
)
def test_a_file_without_settings_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_yaml(path)
    assert str(error.value).startswith(f"{path} {fault}")
    assert "\n" not in str(error.value)


def test_a_file_of_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is no text in UTF-8; expected a YAML config; save it"):
        read_yaml(path)


def test_overrides_are_merged_and_read_as_yaml() -> None:
    values = {"a": {"b": 1, "c": 2}, "d": "x"}
    changed = apply_overrides(values, ["a.b=[1, 2]", "a.e.f=true", "d=null", "g= 1.5 ", "h=a=b"])
    assert changed == {
        "a": {"b": [1, 2], "c": 2, "e": {"f": True}},
        "d": None,
        "g": 1.5,
        "h": "a=b",
    }
    assert values == {"a": {"b": 1, "c": 2}, "d": "x"}


def test_the_later_override_wins() -> None:
    assert apply_overrides({}, ["a.b=1", "a.b=2"]) == {"a": {"b": 2}}


@pytest.mark.parametrize("override", ["training.seed", "=3", " =3", "a.=3", "a..b=3"])
def test_an_override_without_a_key_or_value_is_refused(override: str) -> None:
    with pytest.raises(ConfigError) as error:
        apply_overrides({}, [override])
    assert str(error.value) == (f"override {override!r}: expected a.b=value, as in training.seed=1")


def test_an_override_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        apply_overrides({}, ["a=[1"])
    assert str(error.value) == (
        "override 'a=[1': the value is not valid YAML: line 1, column 3: expected ',' or ']', but "
        "got the end of the text"
    )


def test_merge_copies() -> None:
    base = {"a": {"b": 1}}
    merged = merge(base, {"a": {"c": 2}})
    merged["a"]["b"] = 9
    assert base == {"a": {"b": 1}}
    assert merged == {"a": {"b": 9, "c": 2}}
