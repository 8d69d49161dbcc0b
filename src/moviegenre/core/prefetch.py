"""Compute the next items in a thread while the caller works on the current one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class _End:
    """Marks the end of the items."""


def prefetch(items: Iterable[T], size: int) -> Generator[T, None, None]:
    """Yield items in their order, computed ahead of time in a separate thread.

    Close the generator (``contextlib.closing``) if you may not take all items: that stops the
    thread after the item it works on.

    Args:
        items: The items; only the thread iterates over them.
        size: The most items that are kept ready.

    Raises:
        Exception: The error of computing an item, in place of this item.

    Example:
        >>> list(prefetch((number * number for number in range(4)), 2))
        [0, 1, 4, 9]
    """
    iterator = iter(items)

    def compute() -> T | _End:
        return next(iterator, _End())

    pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        ready = deque(pool.submit(compute) for _ in range(size + 1))  # one is being computed
        while not isinstance(item := ready.popleft().result(), _End):
            ready.append(pool.submit(compute))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)
