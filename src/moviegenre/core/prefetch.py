"""Compute the next items in a thread while the caller works on the present one."""

from collections.abc import Generator, Iterable
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

_CHECK_SECONDS = 0.1
"""How often a thread that waits for room looks whether it should stop."""


class _End:
    """The last item of the queue: the items are at their end, or computing one failed.

    Args:
        error: What failed; None at the end of the items.
    """

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def prefetch(items: Iterable[T], size: int) -> Generator[T, None, None]:
    """Yield items in their order, computed ahead of time in a thread of their own.

    Close the generator (``contextlib.closing``) if you may not take all items: that stops the
    thread after the item it works on.

    Args:
        items: What to compute; only the thread iterates over it.
        size: How many items are kept ready at most.

    Raises:
        Exception: Whatever computing an item raised, at the place of this item.

    Example:
        >>> list(prefetch((number * number for number in range(4)), 2))
        [0, 1, 4, 9]
    """
    ready: Queue[T | _End] = Queue(size)
    stop = Event()
    thread = Thread(target=_fill, args=(items, ready, stop), name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        thread.join()


def _fill(items: Iterable[T], ready: "Queue[T | _End]", stop: Event) -> None:
    """Put items into the queue until they end, one fails, or a stop is asked for."""
    end = _End()
    try:
        for item in items:
            if not _put(item, ready, stop):
                return
    except BaseException as error:
        end = _End(error)
    _put(end, ready, stop)


def _put(item: T | _End, ready: "Queue[T | _End]", stop: Event) -> bool:
    """Put an item into the queue when there is room; return False if a stop is asked for."""
    while not stop.is_set():
        try:
            ready.put(item, timeout=_CHECK_SECONDS)
        except Full:
            continue
        return True
    return False
