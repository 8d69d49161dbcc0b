"""Fixtures that are dear to make and never changed by a test."""

from pathlib import Path

import pytest

from tests.tiny_models import write_bert_folder
from tests.tiny_movies import write_prepared


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny random BERT."""
    return write_bert_folder(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def prepared_folder(tmp_path: Path) -> Path:
    """Return a fresh prepared data set, in which some movies lack a plot or a poster."""
    return write_prepared(tmp_path / "prepared", incomplete=True)
