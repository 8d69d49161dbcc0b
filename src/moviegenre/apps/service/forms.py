"""Forms that are all there: a parser that keeps files in memory and notices a missing end."""

from collections.abc import AsyncGenerator

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser


class WholeFormParser(MultiPartParser):
    """Starlette's parser, which otherwise leaves a part that is cut off out without a word.

    Files stay in memory, which ``max_inflight_bytes`` bounds; the disk would have no bound.

    Args:
        headers: Of the request.
        stream: Its body.
        max_files: Parts with a file, at most.
        max_fields: Other parts, at most.
        max_part_size: Bytes of a part without a file.
    """

    spool_max_size = 2**40

    def __init__(
        self,
        headers: Headers,
        stream: AsyncGenerator[bytes, None],
        *,
        max_files: int,
        max_fields: int,
        max_part_size: int,
    ) -> None:
        super().__init__(
            headers,
            self._whole(stream),
            max_files=max_files,
            max_fields=max_fields,
            max_part_size=max_part_size,
        )
        self._is_whole = False

    def on_end(self) -> None:
        """Note the last boundary."""
        self._is_whole = True

    async def _whole(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield a body, and raise at its end what the parser does not notice."""
        async for chunk in stream:
            yield chunk
        if not self._is_whole:
            raise MultiPartException("It is cut off before its last boundary.")
