"""Rewrite prepared data without the movies that leak between splits."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import DataError
from moviegenre.core.files import atomic_file, check_folder, write_text
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.types import Split
from moviegenre.data.datasheet import write_datasheet
from moviegenre.data.prepared import PreparedData
from moviegenre.data.records import Reason
from moviegenre.data.schema import EXCLUDED_FILE, GENRES_FILE, split_file
from moviegenre.data.sources.split_json import SPLIT_FILE, split_json
from moviegenre.studies.audit.movies import AuditMovies

_ROWS_PER_GROUP = 512


def check_clean_target(out: Path) -> None:
    """Raise a DataError if the folder is not empty, or cannot be created."""
    check_folder(out, "`drop_leaks`")
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; name a new folder with `drop_leaks`")


def write_clean(
    data: PreparedData,
    movies: AuditMovies,
    dropped: Mapping[int, Sequence[int]],
    out: Path,
    thresholds: Mapping[str, Any],
) -> dict[str, int]:
    """Write a prepared folder without some movies; the other movies are unchanged.

    The folder also has a file of the split in the format of MM-IMDb, which ``prepare`` accepts
    instead of the source's split.

    Args:
        data: The audited data.
        movies: Its movies.
        dropped: By row of a movie to drop, the rows of its near duplicates.
        out: A new folder, written in one step.
        thresholds: The limits of near duplicates, for the data sheet.

    Returns:
        The number of dropped movies of each split.

    Raises:
        DataError: The folder is not empty, or a split would be empty.
    """
    num_dropped = Counter(movies.splits[row] for row in dropped)
    for split in Split:
        if num_dropped[split] >= data.num_movies(split):
            raise DataError(
                f"every movie of {split.value} is a near duplicate of a later split's; there is "
                "no clean split; look at the pairs, or choose another `leaks`"
            )
    counts = {split.value: num_dropped[split] for split in Split}
    listed_counts = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    excluded = Counter(data.datasheet.get("excluded") or _listed(data.root / EXCLUDED_FILE))
    if dropped:
        excluded[Reason.NEAR_DUPLICATE.value] += len(dropped)
    facts = {
        **_old_facts(data),
        "excluded": dict(excluded),
        "cleaned": {
            "what": f"near duplicates of movies in a later split were dropped ({listed_counts})",
            "from": str(data.root),
            "from_fingerprint": data.fingerprint,
            "dropped": counts,
            "thresholds": dict(thresholds),
        },
    }
    restore_folder(out)
    check_clean_target(out)
    with atomic_folder(out) as folder:
        dropped_ids = {movies.ids[row] for row in dropped}
        for split in Split:
            _copy(data, split, dropped_ids, folder)
        names = json.dumps(list(data.genres), ensure_ascii=False)
        write_text(folder / GENRES_FILE, names + "\n")
        kept_ids = {s: [movie for movie in data.ids(s) if movie not in dropped_ids] for s in Split}
        write_text(folder / SPLIT_FILE, split_json(kept_ids))
        _write_excluded(data.root / EXCLUDED_FILE, folder / EXCLUDED_FILE, movies, dropped)
        write_datasheet(folder, facts)
    return counts


def _old_facts(data: PreparedData) -> dict[str, Any]:
    """Return the facts in the data sheet; missing facts are unknown."""
    unknown = {
        "source": "unknown",
        "sha256": "",
        "sha256_of": "the source",
        "synthetic": False,
        "split": "unknown",
        "seed": None,
        "notes": {},
    }
    return {**unknown, **data.datasheet}


def _copy(data: PreparedData, split: Split, dropped_ids: set[str], folder: Path) -> None:
    source = data.poster_file(split)
    with (
        atomic_file(folder / split_file(split)) as stream,
        pq.ParquetWriter(stream, source.schema_arrow, write_page_checksum=True) as writer,
    ):
        for batch in source.iter_batches(_ROWS_PER_GROUP):
            is_kept = [movie not in dropped_ids for movie in batch.column("id").to_pylist()]
            writer.write_batch(batch.filter(pa.array(is_kept, pa.bool_())))


def _listed(path: Path) -> Counter[str]:
    """Return the number of movies that a file lists as left out, by reason."""
    if not path.is_file():
        return Counter()
    with path.open(encoding="utf-8", newline="") as stream:
        return Counter(row["reason"] for row in csv.DictReader(stream))


def _write_excluded(
    old: Path, new: Path, movies: AuditMovies, dropped: Mapping[int, Sequence[int]]
) -> None:
    header = "id,reason,detail\n"
    text = io.StringIO()
    text.write(old.read_text(encoding="utf-8") if old.is_file() else header)
    writer = csv.writer(text, lineterminator="\n")
    for row, duplicates in sorted(dropped.items()):
        listed = ", ".join(f"{movies.splits[r].value} {movies.ids[r]}" for r in duplicates)
        detail = f"{movies.splits[row].value} movie, like {listed}"
        writer.writerow([movies.ids[row], Reason.NEAR_DUPLICATE.value, detail])
    write_text(new, text.getvalue())
