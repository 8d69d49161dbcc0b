"""Write an audit: ``audit.json``, two CSV tables, ``audit.html``."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moviegenre.evaluation.documents import json_text, write_files
from moviegenre.evaluation.results import number_or_none
from moviegenre.studies.audit.findings import Audit
from moviegenre.studies.audit.label_errors import LabelError
from moviegenre.studies.audit.page import render_audit
from moviegenre.studies.audit.pairs import Pair, count_by_splits

JSON_FILE, PAGE_FILE = "audit.json", "audit.html"
PAIRS_FILE, ERRORS_FILE = "pairs.csv", "label_errors.csv"

_PAIR_COLUMNS = (
    *("kind", "similarity", "first_id", "first_split", "first_title", "first_genres"),
    *("second_id", "second_split", "second_title", "second_genres", "same_genres"),
)
_ERROR_COLUMNS = ("id", "split", "title", "genre", "labelled", "probability", "score", "genres")


def write_audit(audit: Audit, out: Path, command: str) -> list[Path]:
    """Write an audit, each file in one step, and return the paths of the files.

    Label errors have no file if labels were not judged.

    Args:
        audit: The findings.
        out: The folder.
        command: The command that reproduces it.

    Raises:
        MissingExtraError: jinja2 is not installed; no file is written.
    """
    content = {"command": command, **audit_to_json_dict(audit)}
    texts: dict[str, str] = {
        PAGE_FILE: render_audit(audit, command),
        JSON_FILE: json_text(content, ascii_only=False),
        PAIRS_FILE: _csv(content["pairs"], _PAIR_COLUMNS),
    }
    if audit.sources:
        texts[ERRORS_FILE] = _csv(content["label_errors"], _ERROR_COLUMNS)
    else:  # of an earlier audit
        (out / ERRORS_FILE).unlink(missing_ok=True)
    return write_files(out, texts)


def audit_to_json_dict(audit: Audit) -> dict[str, Any]:
    """Return all findings as plain values."""
    movies = audit.movies
    pairs = {kind: audit.pairs_of(kind) for kind in ("plot", "poster")}
    return {
        "data": str(movies.root),
        "num_movies": len(movies),
        "synthetic": audit.synthetic,
        "settings": asdict(audit.settings),
        "pair_counts": {
            kind: count_by_splits(of_kind, movies.splits) for kind, of_kind in pairs.items()
        },
        "cluster_sizes": audit.cluster_sizes,
        "pairs": [_pair_row(audit, pair) for of_kind in pairs.values() for pair in of_kind],
        "plain_posters": [movies.ids[row] for row in audit.plain_posters],
        "short_plots": audit.short_plots,
        "leaks": {
            "dropped": audit.dropped_by_split(),
            "movies": [
                {
                    "id": movies.ids[row],
                    "split": movies.splits[row].value,
                    "like": [movies.ids[duplicate] for duplicate in duplicates],
                }
                for row, duplicates in sorted(audit.dropped.items())
            ],
        },
        "genre_words": [
            {k: number_or_none(v) if isinstance(v, float) else v for k, v in asdict(word).items()}
            for word in audit.words
        ],
        "labels_judged_by": dict(audit.sources),
        "label_errors": [_error_row(audit, error) for error in audit.errors],
        "seconds": {name: round(value, 1) for name, value in audit.seconds.items()},
    }


def _pair_row(audit: Audit, pair: Pair) -> dict[str, Any]:
    movies = audit.movies
    row: dict[str, Any] = {"kind": pair.kind, "similarity": round(pair.similarity, 4)}
    for side, movie in (("first", pair.first), ("second", pair.second)):
        row |= {
            f"{side}_id": movies.ids[movie],
            f"{side}_split": movies.splits[movie].value,
            f"{side}_title": movies.titles[movie],
            f"{side}_genres": "|".join(movies.own_genres(movie)),
        }
    return row | {"same_genres": audit.same_genres(pair)}


def _error_row(audit: Audit, error: LabelError) -> dict[str, Any]:
    movies = audit.movies
    return {
        "id": movies.ids[error.row],
        "split": movies.splits[error.row].value,
        "title": movies.titles[error.row],
        "genre": movies.genres[error.genre],
        "labelled": error.labelled,
        "probability": round(error.prob, 4),
        "score": round(error.score, 4),
        "genres": "|".join(movies.own_genres(error.row)),
    }


def _csv(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
