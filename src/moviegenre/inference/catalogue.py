"""Predict a whole catalogue in bounded memory; a killed run can be resumed."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moviegenre.core.errors import ConfigError
from moviegenre.core.files import file_sha256
from moviegenre.core.genre_mapping import OWN_NAMES, GenreNames
from moviegenre.core.reading import real_path
from moviegenre.core.version import __version__
from moviegenre.inference.catalogue_format import answer_schema, kept_names
from moviegenre.inference.catalogue_output import CatalogueSummary, Output
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.shard_work import (
    MANIFEST_FILE,
    REPEATED_FILE,
    ShardWork,
    ShardWorker,
)
from moviegenre.inference.shards import SHARD_ROWS, Plan, Shard, Share, file_stamp, make_plan

logger = logging.getLogger(__name__)


Engine = Callable[[ShardWork, Predictor, Sequence[Shard], Callable[[int], None]], None]
"""Computes shards and writes their parts, in this process or elsewhere.

Its arguments are the work of a worker, the model, the shards in the order of the input, and a
function that it calls with the number of rows computed since the last call.
"""


def local_engine(
    work: ShardWork,
    predictor: Predictor,
    shards: Sequence[Shard],
    on_rows: Callable[[int], None],
) -> None:
    """Compute shards in this process, see ``Engine``."""
    with closing(ShardWorker(work, predictor).run(shards, on_rows)) as done:
        for _ in done:
            pass


def predict_catalogue(
    predictor: Predictor,
    catalogue: Catalogue | Sequence[Catalogue],
    out: Path | str,
    *,
    batch_size: int = 32,
    shard_rows: int = SHARD_ROWS,
    names: GenreNames = OWN_NAMES,
    share: Share | None = None,
    engine: Engine = local_engine,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> CatalogueSummary | None:
    """Write a row of genres and probabilities for every row of a catalogue, in its order.

    An interrupted job is resumed and ends with the same output.

    Args:
        predictor: The trained model.
        catalogue: The films: a table, or several with the same columns.
        out: ``.parquet``, ``.csv`` or ``.jsonl``, replaced when all is done; or a folder here or in
            an object store, for Parquet parts.
        batch_size: Films that are computed together.
        shard_rows: The most rows of a part.
        names: The names of genres in the column ``genres``, and of the columns of probabilities.
        share: The shards to compute, where several runs share the job; None computes all.
        engine: Computes the shards.
        on_progress: Called with the rows done and all rows, at the start and as rows are done.

    Returns:
        The result; None if shards of other shares are missing, so that the job is unfinished.

    Raises:
        ConfigError: The output has another ending or is the catalogue itself, or an unfinished job
            lies there that is not this one.
        BusyError: Another run is writing the output.
        DataError: The catalogue is damaged as a whole, not in one of its rows.
    """
    catalogues = [catalogue] if isinstance(catalogue, Catalogue) else list(catalogue)
    output, share = Output(out), share or Share()
    output.check_inputs([table.path for table in catalogues])
    check_same_columns(catalogues)
    names.check(predictor.model.genres)
    written_names = names.of(predictor.model.genres)
    kept_columns = kept_names(catalogues[0].columns.kept, written_names)
    schema = answer_schema(written_names, kept_columns.values())
    files = [(table.path.name, file_stamp(table.path)) for table in catalogues]
    posters = catalogues[0].posters
    if isinstance(posters, Path):
        posters = real_path(posters)
    job: dict[str, Any] = {
        "input": [stamp for _, stamp in files],
        "model": {path.name: file_sha256(path) for path in predictor.files if path.is_file()},
        "set of options": {
            "columns": asdict(catalogues[0].columns),
            "posters": str(posters),
            "batch_size": batch_size,
            "shard_rows": shard_rows,
            "backend": predictor.backend.name,
            "version": __version__,
            "names": dict(names.names),
        },
    }
    job = json.loads(json.dumps(job))  # as it is read from the manifest
    with output.locked(share), _unfinished_note(output):
        plan = _planned(output, job, catalogues, files, shard_rows)
        own_shards = share.select(plan.shards)
        missing = output.missing(own_shards)
        total = sum(shard.rows for shard in own_shards)
        done = total - sum(shard.rows for shard in missing)
        if done:
            logger.info("resuming an unfinished job: %d of %d rows are done", done, total)
        on_progress(done, total)

        def on_rows(rows: int) -> None:
            nonlocal done
            done += rows
            if rows:
                on_progress(done, total)

        if missing:
            work = ShardWork(catalogues, output.folder, kept_columns, names, batch_size)
            engine(work, predictor, missing, on_rows)
        with output.locked_whole():
            if not output.folder.has(MANIFEST_FILE):
                return None  # another share has joined the parts in the meantime
            if {shard.name for shard in plan.shards} - set(output.parts()):
                return None
            return output.finish(plan, schema)


def check_same_columns(catalogues: Sequence[Catalogue]) -> None:
    """Raise an error if tables differ in the columns that are read.

    Args:
        catalogues: The tables of one job.

    Raises:
        ConfigError: Two tables differ.
    """
    first = catalogues[0]
    for other in catalogues[1:]:
        for part, name in vars(first.columns).items():
            other_name = getattr(other.columns, part)
            if other_name != name:
                raise ConfigError(
                    f"{other.path} has other columns than {first.path}: {part} is {other_name!r}, "
                    f"not {name!r}; predict them one by one, or name columns that all have"
                )


def _planned(
    output: Output,
    job: Mapping[str, Any],
    catalogues: Sequence[Catalogue],
    files: Sequence[tuple[str, str]],
    shard_rows: int,
) -> Plan:
    """Return the plan of the job; the first run makes it, later runs read it."""
    with output.locked_whole():
        plan = output.read_plan(job)
        if plan is not None:
            return plan
        plan, repeated = make_plan(job, catalogues, files, shard_rows)
        if len(repeated):
            logger.info("%s: ids of more than one row: %d", catalogues[0].path, len(repeated))
            output.folder.write(REPEATED_FILE, repeated.tobytes())
        output.folder.write(MANIFEST_FILE, plan.to_json())
        return plan


@contextmanager
def _unfinished_note(output: Output) -> Iterator[None]:
    """Add the folder of the finished parts to a system error or an interruption."""
    try:
        yield
    except (OSError, MemoryError, KeyboardInterrupt) as error:
        error.add_note(
            f"finished parts are kept in {output.folder.address}; the same command goes on from "
            "there"
        )
        raise
