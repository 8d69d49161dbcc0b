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


def test_a_missing_path_in_a_missing_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no" / "best.pth"
    assert missing_path_message(path, "x", "y") == f"{path} does not exist; expected x; y"
