"""A few threads whose time is shared out fairly, with a budget for what they do at once."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from moviegenre.apps.service.fair_queue import FairQueue, Ticket

T = TypeVar("T")


class FairPool:
    """Runs functions in threads: clients in turn, by price, and no more at once than a budget.

    Everything but the functions themselves happens in the event loop.

    Args:
        name: Of the threads.
        num_threads: How many.
        budget: What all that runs may cost together; what costs more on its own runs alone.
        client_budget: The same for one client; meanwhile the turn is the others'.
    """

    def __init__(self, name: str, num_threads: int, budget: float, client_budget: float) -> None:
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix=name)
        self._num_threads = num_threads
        self._budget = budget
        self._client_budget = client_budget
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()
        self._running: Counter[str] = Counter()
        self._prices: Counter[str] = Counter()

    @property
    def num_waiting(self) -> int:
        """Functions that wait for their turn."""
        return len(self._queue)

    @property
    def num_running(self) -> int:
        """Functions that run."""
        return self._running.total()

    async def run(self, function: Callable[[], T], *, client: str = "", price: int = 1) -> T:
        """Return what a function returns; its price, which is positive, counts towards the budget.

        Cancelled, it is not begun; what has begun runs to its end and holds its price till then.
        """
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        ticket = self._queue.push(turn, client=client, cost=price)
        self._begin()
        try:
            await turn
        except asyncio.CancelledError:
            if not self._queue.remove(ticket):  # it had its turn just now
                self._end(client, price)
            raise
        try:
            work = self._threads.submit(function)
        except RuntimeError:  # it was stopped
            self._end(client, price)
            raise

        def ended(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._end, client, price)

        work.add_done_callback(ended)
        return await asyncio.wrap_future(work)

    def stop(self) -> None:
        """Begin nothing more, and return when what runs has ended."""
        self._threads.shutdown(cancel_futures=True)

    def _end(self, client: str, price: int) -> None:
        self._running[client] -= 1
        self._prices[client] -= price
        if not self._running[client]:
            del self._running[client], self._prices[client]
        self._begin()

    def _begin(self) -> None:
        """Give the turn to as many as the threads and the budgets allow."""
        while self._running.total() < self._num_threads:
            ticket = self._next()
            if ticket is None:
                return
            self._queue.take(ticket)
            self._running[ticket.client] += 1
            self._prices[ticket.client] += int(ticket.cost)
            if not ticket.item.done():
                ticket.item.set_result(None)

    def _next(self) -> Ticket[asyncio.Future[None]] | None:
        """Return whose turn it is; None if what runs must end first."""
        busy: set[str] = set()
        while ticket := self._queue.first(skip=busy):
            running = self._prices[ticket.client]
            if running and running + ticket.cost > self._client_budget:
                busy.add(ticket.client)
                continue
            everything = self._prices.total()
            fits = not everything or everything + ticket.cost <= self._budget
            return ticket if fits else None
        return None
