"""The tab for a catalogue: a table of plots goes up, a table with genres comes down.

Posters of an upload are never looked at: their paths would name files of this machine.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from moviegenre.apps.page.film_tab import plain
from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.bodies import checked_question
from moviegenre.apps.service.refusals import BUSY, Refusal
from moviegenre.core.errors import DataError, MovieGenreError
from moviegenre.core.genres import GenreVocabulary

if TYPE_CHECKING:
    from moviegenre.inference.catalogue_rows import Catalogue, TextRow

SUFFIXES = (".csv", ".jsonl", ".ndjson")
"""What may be uploaded. Parquet may not: what it unpacks to is not known beforehand."""

_FILMS_AT_ONCE = 8  # few, so that others' single films need not wait for a whole catalogue


class CatalogueTab:
    """What happens when something is pressed.

    Args:
        asking: The way to the model.
        genres: The model's.
    """

    def __init__(self, asking: Asking, genres: Sequence[str]) -> None:
        self._asking = asking
        self._genres = GenreVocabulary(tuple(genres))

    def columns(self, table: Path) -> list[str]:
        """Return the columns of an upload.

        Raises:
            DataError: It is no table that can be read.
        """
        from moviegenre.data.sources.rows import column_names

        _require_table(table)
        with _without_folder(table):
            return column_names(table)

    async def predict(
        self, table: Path, id_column: str | None, plot_columns: Sequence[str]
    ) -> AsyncIterator[tuple[int, int] | Path]:
        """Yield how many rows are done, of how many; and in the end where the CSV lies.

        The file is removed when the iterator is closed.

        Raises:
            DataError: It is no table that can be read, or it has too many rows.
        """
        from moviegenre.inference.catalogue_parts import Parts, answer_schema

        with TemporaryDirectory(prefix="moviegenre-page-") as folder, _without_folder(table):
            catalogue = await asyncio.to_thread(self._open, table, id_column, plot_columns)
            rows = await asyncio.to_thread(self._rows, catalogue)
            parts = Parts(Path(folder, f"{table.stem}-genres.csv"), answer_schema(self._genres))
            parts.open({})
            done = 0
            yield done, len(rows)
            at_once = self._at_once()
            num_parts = math.ceil(len(rows) / at_once)
            for number in range(num_parts):
                chunk = rows[number * at_once : (number + 1) * at_once]
                answers = await asyncio.gather(*(self._answer(row) for row in chunk))
                await asyncio.to_thread(parts.write, number, answers)
                done += len(chunk)
                yield done, len(rows)
            await asyncio.to_thread(parts.merge, num_parts)
            yield parts.out

    def _at_once(self) -> int:
        return max(1, min(_FILMS_AT_ONCE, self._asking.settings.max_queue // 2))

    def _open(self, table: Path, id_column: str | None, plots: Sequence[str]) -> "Catalogue":
        from moviegenre.inference.catalogue_rows import Catalogue, CatalogueColumns

        _require_table(table)
        catalogue = Catalogue(table, CatalogueColumns(id_column or None, tuple(plots)), None)
        if not catalogue.columns.plots:
            raise DataError("no column holds plots; choose one, as posters are not read here")
        return catalogue

    def _rows(self, catalogue: "Catalogue") -> list["TextRow"]:
        """Return all rows, which the limits keep few and short.

        Raises:
            DataError: There are too many.
        """
        limit = self._asking.settings.page_rows
        rows = list(islice(catalogue.texts(), limit + 1))
        if len(rows) > limit:
            raise DataError(
                f"the table has more than {limit:,} rows, which is the limit here; for larger "
                "ones use: moviegenre predict --input"
            )
        return rows

    async def _answer(self, row: "TextRow") -> dict[str, Any]:
        """Return the output's row for one of the input's."""
        faults = list(row.faults)
        answer: dict[str, Any] | None = None
        if row.is_readable:
            try:
                answer = await self._patiently("\n".join(row.plots))
            except (Refusal, MovieGenreError) as error:
                faults.append(str(error))
        return {
            "id": row.id,
            "genres": answer["genres"] if answer else [],
            **(answer["probabilities"] if answer else {}),
            "error": "; ".join(faults) or None,
        }

    async def _patiently(self, plot: str) -> dict[str, Any]:
        """Return the answer to a plot; where the queue is full, others go first.

        Raises:
            Refusal: It is beyond a limit, or not answered in time, or the service is stopping.
            MovieGenreError: It cannot be read.
        """
        settings = self._asking.settings
        question = replace(checked_question(plot, None, False, settings), explain=False)
        while True:
            try:
                (answer,) = await self._asking.ask([question])
                return plain(answer)
            except Refusal as refusal:
                if refusal.status != BUSY or not self._asking.batcher.is_ready:
                    raise
                await asyncio.sleep(settings.retry_after_seconds)


def _require_table(table: Path) -> None:
    if table.suffix.lower() not in SUFFIXES:
        raise DataError(f"{table.name} is no table that is taken here: {', '.join(SUFFIXES)}")


@contextlib.contextmanager
def _without_folder(table: Path) -> Iterator[None]:
    """Have errors name an upload as its owner knows it, without this machine's folders."""
    try:
        yield
    except MovieGenreError as error:
        raise DataError(str(error).replace(str(table), table.name)) from None
