"""What errors say."""

from pathlib import Path

import pytest

from moviegenre.core import errors
from moviegenre.core.errors import (
    MissingExtraError,
    MovieGenreError,
    did_you_mean,
    missing_path_message,
)


def test_all_errors_are_of_one_family() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if issubclass(kind, Exception)]
    assert len(own) >= 7
    assert [kind for kind in own if not issubclass(kind, MovieGenreError)] == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("lstn", 'did you mean "lstm"? (known: bert, lstm)'),
        ("", "known: bert, lstm"),
        ("transformer", "known: bert, lstm"),
    ],
)
def test_did_you_mean(word: str, expected: str) -> None:
    assert did_you_mean(word, ["lstm", "bert"]) == expected


def test_a_missing_extra_says_how_to_install_it() -> None:
    assert str(MissingExtraError("jinja2", "report", "the HTML report")) == (
        "the HTML report needs the package 'jinja2', which is not installed; "
        "install it with: pip install '.[report]' in a clone of moviegenre"
    )


def test_a_missing_path_without_similar_siblings_names_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "zzz").touch()
    path = tmp_path / "best.pth"
    assert missing_path_message(path, "a checkpoint", "train one") == (
        f"{path} does not exist; expected a checkpoint; train one"
    )


def test_standard_input_is_no_file() -> None:
    assert missing_path_message(Path("-"), "a table", "check the path") == (
        "standard input is not read; expected a table; save it as a file and name that"
    )


def test_a_missing_path_in_a_missing_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no" / "best.pth"
    assert missing_path_message(path, "x", "y") == f"{path} does not exist; expected x; y"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("movis.csv", 'did you mean "{folder}/movies.csv"?'),
        ("nope.csv", "name it"),  # only its ending is that of others
        ("movies.cvs", 'did you mean "{folder}/movies.csv"?'),
        ("rep.csv", "name it"),  # it exists, so it is not misspelt
    ],
)
def test_names_are_compared_without_a_common_ending(tmp_path: Path, name: str, hint: str) -> None:
    for other in ("movies.csv", "rep.csv", "reps.csv"):
        (tmp_path / other).touch()
    message = missing_path_message(tmp_path / name, "a folder of films", "name it")
    assert message.endswith(f"; expected a folder of films; {hint.format(folder=tmp_path)}")


@pytest.mark.parametrize("path", ["https:/x.org/a.csv", "http://x.org/a.csv", "s3:/films/a.csv"])
def test_a_web_address_is_named_as_one(path: str) -> None:
    message = missing_path_message(Path(path), "a table", "check the path")
    scheme, _, rest = path.partition(":")
    address = f"{scheme}://{rest.lstrip('/')}"
    state = "is a web address, which is not fetched"
    assert message == f"{address} {state}; expected a table; download it first"
