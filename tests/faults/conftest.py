"""What tests of faults share."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.laboratory import WarmProcess

_MEMORY = Path("/dev/shm")


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """Return a new folder in memory, where there is one: syncing it takes no time."""
    if not _MEMORY.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(prefix="moviegenre-test-", dir=_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def warm_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmProcess]:
    """Return the process that forks a child for each command."""
    process = WarmProcess(tmp_path_factory.mktemp("warm"))
    yield process
    process.close()
