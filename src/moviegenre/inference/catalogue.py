"""Predict a whole catalogue in bounded memory; a killed run can be resumed."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from moviegenre.core.files import file_sha256
from moviegenre.core.genre_mapping import OWN_NAMES, GenreNames
from moviegenre.core.locks import locked
from moviegenre.core.prefetch import prefetch
from moviegenre.core.reading import real_path
from moviegenre.core.version import __version__
from moviegenre.inference.catalogue_parts import (
    CatalogueSummary,
    Parts,
    answer_schema,
    check_out,
    kept_names,
)
from moviegenre.inference.catalogue_rows import Catalogue, Entry
from moviegenre.inference.predictor import Predictor

logger = logging.getLogger(__name__)

PART_ROWS = 256
"""Rows of a part: what a kill can cost, and what is in memory."""


def predict_catalogue(
    predictor: Predictor,
    catalogue: Catalogue,
    out: Path,
    *,
    batch_size: int = 32,
    part_rows: int = PART_ROWS,
    names: GenreNames = OWN_NAMES,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> CatalogueSummary:
    """Write a row of genres and probabilities for every row of a catalogue, in its order.

    A job that was interrupted goes on where it was, and ends with the same output.

    Args:
        predictor: The trained model.
        catalogue: The films.
        out: ``.parquet``, ``.csv`` or ``.jsonl``; replaced when all is done.
        batch_size: Films that are computed together.
        part_rows: Rows that are written together.
        names: What chosen genres are called in the column ``genres``.
        on_progress: Called with the rows done and all rows, at the start and after each part.

    Raises:
        ConfigError: The output has another ending or is the catalogue itself, or an unfinished job
            lies there that is not this one.
        BusyError: Another run is writing the output.
        DataError: The catalogue is damaged as a whole, not in one of its rows.
    """
    check_out(out, catalogue.path)
    kept = kept_names(catalogue.columns.kept, predictor.model.genres)
    parts = Parts(out, answer_schema(predictor.model.genres, kept.values()))
    options = {
        "columns": asdict(catalogue.columns),
        "posters": str(real_path(catalogue.posters)),
        "batch_size": batch_size,
        "part_rows": part_rows,
        "backend": predictor.backend.name,
        "version": __version__,
    }
    if names.names:
        names.check(predictor.model.genres)
        options["names"] = dict(names.names)
    job = {
        "input": file_sha256(catalogue.path),
        "model": {path.name: file_sha256(path) for path in predictor.files if path.is_file()},
        "set of options": options,
    }
    with locked(out), _what_is_left(parts):
        number = parts.open(job)
        total, twice = catalogue.count()
        if twice:
            logger.info("%s: ids that several rows have: %d", catalogue.path, len(twice))
        done = min(number * part_rows, total)
        if number:
            logger.info("going on with an unfinished job: %d of %d rows are done", done, total)
        on_progress(done, total)
        entries = catalogue.entries(predictor.reader, skip=done, twice=twice)
        with closing(prefetch(entries, part_rows)) as ready:
            while chunk := list(islice(ready, part_rows)):
                parts.write(number, _answers(predictor, chunk, batch_size, kept, names))
                number += 1
                done += len(chunk)
                on_progress(done, total)
        return parts.merge(number)


@contextmanager
def _what_is_left(parts: Parts) -> Iterator[None]:
    """Add to a system error, or an interruption, how much of the job is saved."""
    try:
        yield
    except (OSError, MemoryError, KeyboardInterrupt) as error:
        error.add_note(
            f"finished parts are kept in {parts.folder}; the same command goes on from there"
        )
        raise


def _answers(
    predictor: Predictor,
    entries: list[Entry],
    batch_size: int,
    kept: Mapping[str, str],
    names: GenreNames,
) -> list[dict[str, Any]]:
    """Return the output's rows for some of the input's."""
    films = [entry.film for entry in entries if entry.film is not None]
    answered = iter(predictor.predict_films(films, batch_size))
    rows: list[dict[str, Any]] = []
    for entry in entries:
        prediction = next(answered) if entry.film is not None else None
        warnings = [*(prediction.warnings if prediction else ()), entry.warning]
        rows.append(
            {
                "id": entry.id,
                **{kept[name]: cell for name, cell in entry.kept.items()},
                "genres": list(names.of(prediction.genres)) if prediction else [],
                **(prediction.probabilities if prediction else {}),
                "error": entry.error,
                "warnings": " ".join(one for one in warnings if one) or None,
                "modalities": prediction.modalities if prediction else [],
            }
        )
    return rows
