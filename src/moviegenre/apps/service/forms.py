"""Forms that are all there: a parser that keeps files in memory and notices a missing end."""

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser


class WholeFormParser(MultiPartParser):
    """Starlette's parser, which otherwise leaves a part that is cut off out without a word.

    Files stay in memory, which ``max_inflight_bytes`` bounds; the disk would have no bound.
    """

    spool_max_size = 2**40
    _is_whole = False

    def on_end(self) -> None:
        """Note the last boundary."""
        self._is_whole = True

    async def parse(self) -> FormData:
        """Return the form.

        Raises:
            MultiPartException: It is none, or ends before its last boundary.
        """
        form = await super().parse()
        if not self._is_whole:
            await form.close()
            raise MultiPartException("It is cut off before its last boundary.")
        return form
