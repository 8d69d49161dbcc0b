"""Fixtures that are dear to make and never changed by a test."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.tiny_models import write_bert_folder
from tests.tiny_movies import write_prepared

# No deadline: how long an example takes on a busy machine says nothing. Continuous integration
# draws the same examples every time, so that a change fails for what it did.
settings.register_profile("house", max_examples=50, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the user's own cache of hashes out of the tests."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["MOVIEGENRE_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _disk_is_not_waited_for() -> Iterator[None]:
    """Let files of tests reach the disk whenever the system likes; no test cuts the power.

    Whether files are synced is what ``tests/faults`` checks, by the calls themselves.
    """
    fsync = os.fsync
    setattr(os, "fsync", lambda descriptor: None)  # noqa: B010 - mypy forbids the other way
    yield
    os.fsync = fsync


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Take away the handlers that a command or a service of a test gave the log."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    if "absl.logging" in sys.modules:
        # Its handler, made while tensorboard is imported, keeps the stream of that test, which is
        # pytest's own, and closes it when a service configures the log.
        sys.modules["absl.logging"].get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny random BERT."""
    return write_bert_folder(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def prepared_folder(tmp_path: Path) -> Path:
    """Return a fresh prepared data set, in which some movies lack a plot or a poster."""
    return write_prepared(tmp_path / "prepared", incomplete=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker waits for the other in the end."""
    long = ("slow", "browser")
    slow = {item.path for item in items if any(map(item.get_closest_marker, long))}
    items.sort(key=lambda item: item.path not in slow)
