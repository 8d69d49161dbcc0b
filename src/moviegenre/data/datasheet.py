"""The sheet beside prepared data: source, content, and movies that were left out."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from moviegenre.core.files import write_text
from moviegenre.core.types import Split
from moviegenre.core.version import __version__
from moviegenre.data.integrity import FILES_KEY, list_files
from moviegenre.data.schema import (
    DATASHEET_FILE,
    DATASHEET_PAGE,
    EXCLUDED_FILE,
    GENRES_FILE,
    split_file,
)
from moviegenre.data.validation import MAX_SIDE

_PACKAGES = ("pyarrow", "pillow", "numpy")
SYNTHETIC_WARNING = "**These movies are made up; nothing measured on them is a result.**"


def write_datasheet(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write ``DATASHEET.md`` and ``datasheet.json`` for the Parquet files in a folder.

    ``datasheet.json`` lists length and hash of every file, and is written last.

    Args:
        folder: The folder of the splits and the genres.
        facts: Facts from preparing: source, split, movies that were left out.
    """
    genres = json.loads((folder / GENRES_FILE).read_text(encoding="utf-8"))
    per_split = {split: _count_genres(folder / split_file(split), genres) for split in Split}
    sheet = {
        **facts,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "movies": {split.value: total for split, (total, _) in per_split.items()},
        "genres": {
            genre: {split.value: counts[genre] for split, (_, counts) in per_split.items()}
            for genre in genres
        },
        "versions": {
            "moviegenre": __version__,
            **{package: version(package) for package in _PACKAGES},
        },
        FILES_KEY: list_files(folder, [*map(split_file, Split), GENRES_FILE]),
    }
    write_text(folder / DATASHEET_PAGE, _render(sheet))
    write_text(folder / DATASHEET_FILE, json.dumps(sheet, indent=1, ensure_ascii=False) + "\n")


def _count_genres(path: Path, genres: list[str]) -> tuple[int, dict[str, int]]:
    rows = pq.read_table(path, columns=["genres"])["genres"].to_pylist()
    return len(rows), {genre: sum(genre in row for row in rows) for genre in genres}


def _render(sheet: Mapping[str, Any]) -> str:
    """Return the sheet as Markdown."""
    seed = "" if sheet["seed"] is None else f", seed {sheet['seed']}"
    lines = ["# Data sheet", ""]
    if sheet["synthetic"]:
        lines += [SYNTHETIC_WARNING, ""]
    lines += [
        f"- Source: `{sheet['source']}`",
        *([f"- Recognised as: {sheet['form']}"] if sheet.get("form") else []),
        f"- SHA-256 of {sheet['sha256_of']}: {sheet['sha256']}",
        f"- Prepared: {sheet['created']}",
        f"- Split: {sheet['split']}{seed}",
        *([f"- Cleaned: {sheet['cleaned']['what']}"] if "cleaned" in sheet else []),
        f"- Movies: {_counts(sheet['movies'])}",
        f"- Left out: {_counts(sheet['excluded']) or 'none'} (each is listed in `{EXCLUDED_FILE}`)",
        f"- Notes: {'; '.join(f'{k}: {n:,}' for k, n in sheet['notes'].items()) or 'none'}",
        f"- Versions: {', '.join(f'{k} {v}' for k, v in sheet['versions'].items())}",
        "",
        "Every plot is kept, in the source's order; which one is read is the experiment's setting.",
        "Posters are kept as encoded images, as they came; those of more than "
        f"{MAX_SIDE} pixels on the longer side, and those that are neither JPEG nor PNG, were "
        "encoded again as JPEG of at most that size. `poster_width` and `poster_height` are the "
        "original's, in pixels.",
        "",
        "| genre | train | val | test |",
        "|---|---:|---:|---:|",
    ]
    for genre, counts in sheet["genres"].items():
        cells = " | ".join(f"{counts[split.value]:,}" for split in Split)
        lines.append(f"| {genre} | {cells} |")
    return "\n".join(lines) + "\n"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
