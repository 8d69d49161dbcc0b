"""Items computed ahead of time by a thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from moviegenre.core.prefetch import prefetch


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "prefetch" in thread.name]


@pytest.mark.parametrize("count", [0, 1, 5, 100])
@pytest.mark.parametrize("size", [1, 3, 200])
def test_items_keep_their_order(count: int, size: int) -> None:
    assert list(prefetch(iter(range(count)), size)) == list(range(count))
    assert not running()


def test_items_are_computed_by_another_thread_ahead_of_the_caller() -> None:
    computed: list[tuple[int, str]] = []

    def items() -> Iterator[int]:
        for number in range(10):
            computed.append((number, threading.current_thread().name))
            yield number

    with closing(prefetch(items(), 3)) as numbers:
        assert next(numbers) == 0
        deadline = time.monotonic() + 10
        while len(computed) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert [number for number, _ in computed] == [0, 1, 2, 3, 4], "three ready, one in hand"
        assert {name for _, name in computed} == {"prefetch_0"}
    assert not running()


@pytest.mark.parametrize("error", [ValueError("row 3"), OSError(5, "EIO"), KeyboardInterrupt()])
def test_an_error_is_raised_where_its_item_would_be(error: BaseException) -> None:
    def items() -> Iterator[int]:
        yield from (0, 1, 2)
        raise error

    numbers = prefetch(items(), 10)
    assert [next(numbers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(type(error)) as caught:
        next(numbers)
    assert caught.value is error
    assert not running()


def test_closing_stops_an_endless_iterator() -> None:
    def items() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    numbers = prefetch(items(), 2)
    assert [next(numbers), next(numbers)] == [0, 1]
    numbers.close()
    assert not running()
