import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from moviegenre.apps.service.admission import QueueFullError, StoppedError
from moviegenre.apps.service.batching import DeadlineError, MicroBatcher

PATIENCE = 60.0  # seconds that nothing takes but on a machine with no time for us


class Doubler:
    """Doubles numbers, once its gate is open."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.entered = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        self.entered.set()
        assert self.gate.wait(PATIENCE)
        if 13 in numbers:
            raise ValueError("unlucky")
        return [2 * number for number in numbers]


Batcher = MicroBatcher[int, int]


def run(
    scenario: Callable[[Batcher, Doubler], Awaitable[None]],
    *,
    is_open: bool = False,
    max_batch: int = 4,
    wait: float = 0.0,
    max_queue: int = 8,
) -> Doubler:
    """Run a scenario in an event loop, with the worker at its side."""
    doubler = Doubler()
    if is_open:
        doubler.gate.set()
    batcher: Batcher = MicroBatcher(
        doubler, max_batch=max_batch, max_wait_seconds=wait, max_queue=max_queue
    )
    batcher.start()

    async def inside() -> None:
        try:
            await scenario(batcher, doubler)
        finally:
            doubler.gate.set()
            await asyncio.to_thread(batcher.stop)

    asyncio.run(inside())
    return doubler


async def held(batcher: Batcher, doubler: Doubler) -> "asyncio.Task[list[int]]":
    """Have the worker at work on 0 until the gate is opened."""
    first = asyncio.create_task(batcher.ask([0], PATIENCE))
    await asyncio.to_thread(doubler.entered.wait, PATIENCE)
    return first


def test_what_waits_is_computed_together_and_no_more_than_allowed() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        first = await held(batcher, doubler)
        others = [asyncio.create_task(batcher.ask([n], PATIENCE)) for n in range(1, 7)]
        await asyncio.sleep(0)
        assert batcher.num_waiting == 6
        doubler.gate.set()
        assert await asyncio.gather(first, *others) == [[2 * n] for n in range(7)]

    assert run(scenario).batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_the_first_waits_for_others() -> None:
    async def scenario(batcher: Batcher, _doubler: Doubler) -> None:
        async def late() -> list[int]:
            await asyncio.sleep(0.01)
            return await batcher.ask([2], PATIENCE)

        assert list(await asyncio.gather(batcher.ask([1], PATIENCE), late())) == [[2], [4]]

    # Two are a full batch: nobody waits the minute.
    assert run(scenario, is_open=True, max_batch=2, wait=PATIENCE).batches == [[1, 2]]


def test_a_lone_question_waits_no_longer_than_allowed() -> None:
    async def scenario(batcher: Batcher, _doubler: Doubler) -> None:
        start = time.monotonic()
        assert await batcher.ask([1], PATIENCE) == [2]
        assert time.monotonic() - start >= 0.02

    assert run(scenario, is_open=True, wait=0.02).batches == [[1]]


def test_a_full_queue_takes_all_of_a_request_or_nothing() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        first = await held(batcher, doubler)
        waiting = asyncio.create_task(batcher.ask([1, 2], PATIENCE))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await batcher.ask([3, 4], PATIENCE)
        third = asyncio.create_task(batcher.ask([5], PATIENCE))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            batcher.require_room()
        await asyncio.sleep(0.01)  # the third is in the queue then
        doubler.gate.set()
        assert list(await asyncio.gather(first, waiting, third)) == [[0], [2, 4], [10]]

    assert run(scenario, max_queue=3).batches == [[0], [1, 2, 5]]


def test_what_is_too_late_is_not_computed_and_leaves_its_place() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        first = await held(batcher, doubler)
        with pytest.raises(DeadlineError):
            await batcher.ask([1], 0.02)
        assert batcher.num_waiting == 0
        doubler.gate.set()
        assert await first == [0]
        assert await batcher.ask([2], PATIENCE) == [4]

    assert run(scenario, max_queue=1).batches == [[0], [2]]


def test_an_answer_that_comes_too_late_goes_nowhere() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        late = asyncio.create_task(batcher.ask([1], 1.0))  # long enough for it to be begun
        assert await asyncio.to_thread(doubler.entered.wait, PATIENCE)
        with pytest.raises(DeadlineError):
            await late
        doubler.gate.set()
        assert await batcher.ask([2], PATIENCE) == [4]

    assert run(scenario).batches == [[1], [2]]


def test_an_error_reaches_the_askers_and_the_worker_lives_on() -> None:
    async def scenario(batcher: Batcher, _doubler: Doubler) -> None:
        with pytest.raises(ValueError, match="unlucky"):
            await batcher.ask([13, 1], PATIENCE)
        assert await batcher.ask([2], PATIENCE) == [4]

    run(scenario, is_open=True)


def test_a_stop_answers_what_was_taken_and_takes_nothing_more() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        ready = batcher.is_ready
        assert ready
        first = await held(batcher, doubler)
        second = asyncio.create_task(batcher.ask([1], PATIENCE))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(asyncio.to_thread(batcher.stop))
        while batcher.is_ready:
            await asyncio.sleep(0.001)
        with pytest.raises(StoppedError):
            await batcher.ask([2], PATIENCE)
        doubler.gate.set()
        assert list(await asyncio.gather(first, second)) == [[0], [2]]
        await stopping

    assert run(scenario).batches == [[0], [1]]
