"""The pool of threads: turns, budgets, and what becomes of work that nobody waits for."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from moviegenre.apps.service.fair_pool import FairPool
from tests.unit.apps.service.fake_predictor import PATIENCE


class Recorder:
    """Makes functions that note when they run, and end when the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Callable[[], str]:
        def work() -> str:
            with self._lock:
                self.begun.append(name)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            assert self.gate.wait(PATIENCE)
            with self._lock:
                self.at_once -= 1
            return name.upper()

        return work


def run(
    scenario: Callable[[FairPool, Recorder], Awaitable[None]],
    threads: int = 1,
    budget: float = 10,
    client_budget: float = 10,
) -> Recorder:
    pool, recorder = FairPool("test", threads, budget, client_budget), Recorder()

    async def inside() -> None:
        try:
            await scenario(pool, recorder)
        finally:
            recorder.gate.set()
            await asyncio.to_thread(pool.stop)

    asyncio.run(inside())
    return recorder


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.001)


def test_clients_take_turns() -> None:
    async def scenario(pool: FairPool, recorder: Recorder) -> None:
        names = ["a1", "a2", "a3", "b1"]
        tasks = [asyncio.create_task(pool.run(recorder(name), client=name[0])) for name in names]
        await until(lambda: pool.num_waiting == 3)
        recorder.gate.set()
        assert await asyncio.gather(*tasks) == ["A1", "A2", "A3", "B1"]

    assert run(scenario).begun == ["a1", "b1", "a2", "a3"]


def test_a_client_with_large_work_waits_behind_itself() -> None:
    async def scenario(pool: FairPool, recorder: Recorder) -> None:
        greedy = [
            asyncio.create_task(pool.run(recorder(f"a{n}"), client="a", price=4)) for n in range(3)
        ]
        await until(lambda: recorder.begun == ["a0"])
        other = asyncio.create_task(pool.run(recorder("b"), client="b", price=1))
        await until(lambda: recorder.begun == ["a0", "b"])
        assert (pool.num_running, pool.num_waiting) == (2, 2)
        recorder.gate.set()
        await asyncio.gather(*greedy, other)

    recorder = run(scenario, threads=4, budget=10, client_budget=5)
    assert recorder.most_at_once == 2


def test_the_budget_bounds_what_runs_and_a_larger_work_runs_alone() -> None:
    async def scenario(pool: FairPool, recorder: Recorder) -> None:
        huge = asyncio.create_task(pool.run(recorder("huge"), client="a", price=99))
        small = asyncio.create_task(pool.run(recorder("small"), client="b", price=1))
        await until(lambda: pool.num_running == 1)
        await asyncio.sleep(0.01)
        assert recorder.begun == ["huge"]
        recorder.gate.set()
        assert list(await asyncio.gather(huge, small)) == ["HUGE", "SMALL"]

    assert run(scenario, threads=4).most_at_once == 1


def test_cancelled_work_is_not_begun() -> None:
    async def scenario(pool: FairPool, recorder: Recorder) -> None:
        first = asyncio.create_task(pool.run(recorder("first")))
        gone = asyncio.create_task(pool.run(recorder("gone")))
        last = asyncio.create_task(pool.run(recorder("last")))
        await until(lambda: pool.num_waiting == 2)
        gone.cancel()
        await until(lambda: pool.num_waiting == 1)
        recorder.gate.set()
        assert list(await asyncio.gather(first, last)) == ["FIRST", "LAST"]
        assert (pool.num_running, pool.num_waiting) == (0, 0)

    assert run(scenario).begun == ["first", "last"]


def test_work_that_runs_holds_its_price_though_nobody_waits_for_it() -> None:
    async def scenario(pool: FairPool, recorder: Recorder) -> None:
        left = asyncio.create_task(pool.run(recorder("left"), price=10))
        await until(lambda: recorder.begun == ["left"])
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        assert pool.num_running == 1
        second = asyncio.create_task(pool.run(recorder("second"), price=10))
        await asyncio.sleep(0.01)
        assert recorder.begun == ["left"]
        recorder.gate.set()
        assert await second == "SECOND"

    run(scenario, threads=2)


def test_an_error_is_raised_where_it_is_awaited() -> None:
    def fail() -> None:
        raise ValueError("unlucky")

    async def scenario(pool: FairPool, recorder: Recorder) -> None:
        recorder.gate.set()
        with pytest.raises(ValueError, match="unlucky"):
            await pool.run(fail)
        assert await pool.run(recorder("next")) == "NEXT"

    run(scenario)
