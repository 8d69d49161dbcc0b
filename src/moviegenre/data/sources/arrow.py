"""MM-IMDb in the form of papers on missing modalities: ``mmimdb_{train,dev,test}.arrow``.

Reference: https://github.com/YiLunLee/missing_aware_prompts (``vilt/utils/write_mmimdb.py``), which
follows ViLT's data sets; see docs/mmimdb.md.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from moviegenre.core.errors import DataError
from moviegenre.core.reading import open_regular, raise_system_error
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie, clean_names
from moviegenre.data.sources.split_files import SPLIT_WORDS, SplitFile, SplitFiles
from moviegenre.data.tables.cells import cell_text
from moviegenre.data.tables.parquet import row_values
from moviegenre.data.unpacking import error_text

COLUMNS = ("image", "plots", "genres", "image_id")
"""The columns that are read; ``label`` repeats the genres, ``split`` the file's name."""

_NAME = re.compile(r"mmimdb_(train|dev|val|test)(.*)\.arrow", re.IGNORECASE)
_FILE_MAGIC = b"ARROW1"
_FAULTS = (pa.ArrowException, OSError, ValueError, LookupError, TypeError, MemoryError)


def arrow_files(folder: Path, like: Path | None = None) -> list[SplitFile]:
    """Return the files of a folder with the names of the papers' files.

    Args:
        folder: The folder.
        like: One of the files; the others must have the same ending, such as ``_single_plot``.
            None takes the shortest ending.
    """
    paths = sorted(folder.glob("*.arrow"))
    files = [(path, match) for path in paths if (match := _NAME.fullmatch(path.name))]
    endings = sorted({match[2] for _, match in files}, key=lambda ending: (len(ending), ending))
    expected = _NAME.fullmatch(like.name) if like is not None else None
    ending = expected[2] if expected else (endings or [""])[0]
    return [(path, SPLIT_WORDS[match[1].lower()]) for path, match in files if match[2] == ending]


class ArrowSplits(SplitFiles):
    """The three files of the papers on missing modalities.

    Args:
        files: See ``arrow_files``.

    Raises:
        DataError: A file is damaged, or lacks a column.
    """

    form = (
        "MM-IMDb as papers on missing modalities keep it: Arrow files for each split; their code "
        "takes each plot as a sample, as data.plot=each does"
    )

    def __init__(self, files: Sequence[SplitFile]) -> None:
        for path, _ in files:
            missing = [name for name in COLUMNS if name not in arrow_columns(path)]
            if missing:
                raise DataError(
                    f"{path} lacks the columns {', '.join(missing)}; expected {', '.join(COLUMNS)}"
                )
        super().__init__(files)

    def _movies(self, path: Path, split: Split | None) -> Iterator[RawMovie]:
        for number, (values, fault) in enumerate(arrow_rows(path, COLUMNS), start=1):
            movie = cell_text(values.get("image_id")).strip() or f"{path.name}, row {number}"
            try:
                yield _movie(movie, values, split, fault)
            except ValueError as error:
                yield RawMovie(movie, split=split, fault=str(error))


def _movie(movie: str, values: Mapping[str, Any], split: Split | None, fault: str) -> RawMovie:
    image = values["image"] if not fault else None
    if image is not None and not isinstance(image, bytes):
        raise ValueError(f"image is {type(image).__name__}, expected bytes")
    return RawMovie(
        id=movie,
        genres=clean_names(values.get("genres")),
        plots=clean_names(values.get("plots")),
        poster=image or None,
        poster_name=f"{movie}.jpeg",
        split=split,
        fault=fault or None,
    )


def arrow_columns(path: Path) -> list[str]:
    """Return the names of the columns of an Arrow file.

    Raises:
        DataError: The file is no Arrow file, or damaged.
    """
    with _reader(path) as reader:
        return [str(name) for name in reader.schema.names]


def arrow_rows(path: Path, columns: Collection[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the values of each row by column, and its fault; empty if it can be read.

    The file is memory-mapped, because MM-IMDb's files have gigabytes in one batch.

    Args:
        path: An Arrow IPC file, or a stream from the package ``datasets``.
        columns: The columns to read.

    Raises:
        DataError: The file is damaged.
    """
    with _reader(path) as reader:
        for batch in _batches(reader):
            selected = batch.select([name for name in columns if name in batch.schema.names])
            selected.validate(full=True)
            for number in range(selected.num_rows):
                yield row_values(selected, number)


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 - pyarrow has no types
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
    else:
        yield from reader


@contextmanager
def _reader(path: Path) -> Iterator[Any]:
    with open_regular(path) as stream:
        is_file = stream.read(len(_FILE_MAGIC)) == _FILE_MAGIC
    open_ipc = pa.ipc.open_file if is_file else pa.ipc.open_stream
    try:
        with pa.memory_map(str(path), "r") as mapped, open_ipc(mapped) as reader:
            yield reader
    except _FAULTS as error:
        raise_system_error(error, path)
        raise DataError(
            f"{path} cannot be read as Arrow: {error_text(error)}; is it whole?"
        ) from None
