"""Preparing real movies, where they lie beside the project."""

import json
import tarfile
from pathlib import Path

import pytest

from moviegenre.core.types import Split
from moviegenre.data.prepare import prepare

ARCHIVE = Path(__file__).parents[4] / "shared" / "data" / "mmimdb-r.tar.gz"
NUM_MOVIES = 300


@pytest.mark.real_data
@pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"the real movies are not in {ARCHIVE}")
def test_the_first_real_movies_are_all_kept(tmp_path: Path) -> None:
    with tarfile.open(ARCHIVE, mode="r|*") as archive:
        found = 0
        for member in archive:
            archive.extract(member, tmp_path, filter="data")
            found += member.name.endswith(".jpeg")
            if found == NUM_MOVIES:
                break
    root = tmp_path / "mmimdb"
    ids = sorted(path.stem for path in (root / "dataset").glob("*.jpeg"))
    parts = {"train": ids[:200], "dev": ids[200:250], "test": ids[250:]}
    (root / "split.json").write_text(json.dumps(parts))
    summary = prepare(str(root), tmp_path / "prepared", min_movies=1, progress=False)
    data = summary.data
    assert set(summary.excluded) <= {"in no split"}  # a record whose poster comes later
    assert [data.num_movies(split) for split in Split] == [200, 50, 50]
    assert {"Drama", "Comedy"} <= set(data.genres)
    assert bool(data.has_poster(Split.TRAIN).all())
    assert min(len(plot) for plot in data.plots(Split.TRAIN, "longest")) > 20
