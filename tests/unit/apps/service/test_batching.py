import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from moviegenre.apps.service.admission import QueueFullError, StoppedError
from moviegenre.apps.service.batching import DeadlineError, MicroBatcher, SpeedEstimate, WorkerError
from moviegenre.apps.service.jobs import AbandonedError, QueuedRequest

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


class Batcher(MicroBatcher[int, int]):
    """A batcher of numbers, whose slices take less than a second."""

    def __init__(
        self,
        compute: Callable[[Sequence[int]], list[int]],
        *,
        max_batch: int = 4,
        wait: float = 0.0,
        max_queue: int = 8,
        speed: SpeedEstimate | None = None,
    ) -> None:
        super().__init__(
            compute,
            max_batch=max_batch,
            max_wait_seconds=wait,
            max_queue=max_queue,
            max_per_client=max_queue,
            speed=speed or SpeedEstimate(1.0),
        )

    async def ask(
        self, numbers: Sequence[int], seconds: float, *, client: str = "", kind: str = "single"
    ) -> list[int]:
        """Return the results of one request."""
        async with self.admitted(len(numbers), seconds, client=client, kind=kind) as request:
            return await asyncio.gather(*(self.compute(number, request) for number in numbers))


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
    batcher = Batcher(doubler, max_batch=max_batch, wait=wait, max_queue=max_queue)
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
            batcher.require_room("")
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


def test_a_batch_does_not_stand_in_front_of_a_single_question() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        first = await held(batcher, doubler)
        batch = asyncio.create_task(
            batcher.ask([1, 2, 3, 4, 5, 6], PATIENCE, client="a", kind="batch")
        )
        await asyncio.sleep(0.01)
        single = asyncio.create_task(batcher.ask([7], PATIENCE, client="b"))
        await asyncio.sleep(0.01)
        doubler.gate.set()
        await asyncio.gather(first, batch, single)

    assert run(scenario, max_batch=2).batches == [[0], [1], [7], [2, 3], [4, 5], [6]]


def test_who_leaves_takes_the_waiting_questions_along() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        first = await held(batcher, doubler)
        leaving = asyncio.create_task(batcher.ask([1, 2, 3], PATIENCE, kind="batch"))
        staying = asyncio.create_task(batcher.ask([4], PATIENCE))
        await asyncio.sleep(0.01)
        assert batcher.num_waiting == 4
        leaving.cancel()
        await asyncio.sleep(0.01)
        assert batcher.num_waiting == 1
        doubler.gate.set()
        await asyncio.gather(first, staying)

    assert run(scenario).batches == [[0], [4]]


class PanicError(BaseException):
    """As a library in Rust raises it, which is no ordinary exception."""


def test_the_worker_survives_what_is_no_ordinary_exception() -> None:
    def panic(_numbers: Sequence[int]) -> list[int]:
        raise PanicError("index out of bounds")

    batcher = Batcher(panic)
    batcher.start()

    async def inside() -> None:
        for _ in range(2):
            with pytest.raises(WorkerError, match="index out of bounds"):
                await batcher.ask([1], PATIENCE)
        async with batcher.admitted(1, PATIENCE) as request:
            with pytest.raises(PanicError):
                await asyncio.to_thread(batcher.run, lambda: panic([]), request, 1.0)
        assert batcher.is_ready

    asyncio.run(inside())
    batcher.stop()


def test_a_full_queue_drops_the_newest_of_the_client_with_most() -> None:
    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        first = await held(batcher, doubler)
        greedy = [asyncio.create_task(batcher.ask([n], PATIENCE, client="a")) for n in (1, 2, 3)]
        await asyncio.sleep(0.01)
        modest = asyncio.create_task(batcher.ask([4], PATIENCE, client="b"))
        with pytest.raises(QueueFullError):
            await greedy[2]
        doubler.gate.set()
        assert await asyncio.gather(first, *greedy[:2], modest) == [[0], [2], [4], [8]]

    assert run(scenario, max_queue=3).batches == [[0], [1, 4, 2]]


def test_questions_are_answered_between_the_pieces_of_a_longer_work() -> None:
    answered_before: list[int] = []

    async def scenario(batcher: Batcher, doubler: Doubler) -> None:
        async with batcher.admitted(1, PATIENCE, client="a", kind="explain") as request:
            gate = threading.Event()

            def piece() -> None:
                assert gate.wait(PATIENCE)
                answered_before.append(len(doubler.batches))

            def explain() -> None:
                for _ in range(3):
                    batcher.run(piece, request, 5.0)

            explaining = asyncio.create_task(asyncio.to_thread(explain))
            await asyncio.sleep(0.05)
            question = asyncio.create_task(batcher.ask([1], PATIENCE, client="b"))
            await asyncio.sleep(0.05)
            gate.set()
            await asyncio.gather(question, explaining)

    run(scenario, is_open=True)
    assert answered_before == [0, 1, 1]


def test_a_longer_work_stops_at_its_next_piece_when_nobody_waits() -> None:
    pieces: list[int] = []
    ended = threading.Event()

    async def scenario(batcher: Batcher, _doubler: Doubler) -> None:
        begun, gate = threading.Event(), threading.Event()

        def piece() -> None:
            pieces.append(len(pieces))
            begun.set()
            assert gate.wait(PATIENCE)

        def explain(request: QueuedRequest) -> None:
            try:
                for _ in range(50):
                    batcher.run(piece, request, 1.0)
            except AbandonedError:
                ended.set()

        async def ask() -> None:
            async with batcher.admitted(1, 0.5, kind="explain") as request:
                await asyncio.to_thread(explain, request)

        with pytest.raises(DeadlineError):
            await ask()
        assert begun.is_set()
        assert await asyncio.to_thread(ended.wait, PATIENCE), "it is told before its piece ends"
        gate.set()
        assert await batcher.ask([1], PATIENCE) == [2]

    run(scenario, is_open=True)
    assert pieces == [0]


def test_slices_are_as_long_as_the_last_ones_say() -> None:
    speed = SpeedEstimate(0.1)
    assert speed.slice_cost == 8  # nothing is known yet
    speed.record(1.0, 50.0)  # the first finds nothing prepared
    assert speed.slice_cost == 8
    for seconds in (0.02, 0.02, 9.0):  # one was held up
        speed.record(2.0, seconds)
    assert speed.slice_cost == pytest.approx(10)


def test_a_slice_takes_no_more_than_its_time() -> None:
    async def scenario() -> list[list[int]]:
        doubler = Doubler()
        speed = SpeedEstimate(1.0)
        batcher = Batcher(doubler, max_batch=32, max_queue=64, speed=speed)
        for _ in range(4):
            speed.record(1.0, 0.3)  # three fit into a second
        batcher.start()
        first = await held(batcher, doubler)
        rest = asyncio.create_task(batcher.ask(list(range(1, 8)), PATIENCE))
        await asyncio.sleep(0.02)
        doubler.gate.set()
        await asyncio.gather(first, rest)
        await asyncio.to_thread(batcher.stop)
        return doubler.batches

    assert asyncio.run(scenario())[:2] == [[0], [1, 2, 3]]
