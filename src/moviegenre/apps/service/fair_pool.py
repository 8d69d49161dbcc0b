"""A pool of threads that clients share fairly, with a budget for all running functions."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from moviegenre.apps.service.fair_queue import FairQueue, Ticket

T = TypeVar("T")


class FairPool:
    """Runs functions in threads; clients take turns by price, within a budget.

    Only the functions run in threads; everything else happens in the event loop.

    Args:
        name: The name of the threads.
        num_threads: The number of threads.
        budget: The highest total price of running functions; a more expensive one runs alone.
        client_budget: The same for one client; at the limit, other clients take their turns.
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
        """The number of functions that wait for their turn."""
        return len(self._queue)

    @property
    def num_running(self) -> int:
        """The number of functions that run."""
        return self._running.total()

    async def run(self, function: Callable[[], T], *, client: str = "", price: int = 1) -> T:
        """Return the result of a function; its price, which is positive, counts towards the budget.

        A cancelled function does not begin; if it runs already, its price counts until its end.
        """
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        ticket = self._queue.push(turn, client=client, cost=price)
        self._begin()
        try:
            await turn
        except asyncio.CancelledError:
            if not self._queue.remove(ticket):  # its turn has already begun
                self._end(client, price)
            raise
        try:
            future = self._threads.submit(function)
        except RuntimeError:  # the pool was stopped
            self._end(client, price)
            raise

        def on_done(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._end, client, price)

        future.add_done_callback(on_done)
        return await asyncio.wrap_future(future)

    def stop(self) -> None:
        """Begin no more functions, and return when the running ones have ended."""
        self._threads.shutdown(cancel_futures=True)

    def _end(self, client: str, price: int) -> None:
        self._running[client] -= 1
        self._prices[client] -= price
        if not self._running[client]:
            del self._running[client], self._prices[client]
        self._begin()

    def _begin(self) -> None:
        """Begin as many functions as the threads and the budgets allow."""
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
        """Return the next ticket; None if a running function must end first."""
        busy_clients: set[str] = set()
        while ticket := self._queue.first(skip=busy_clients):
            client_price = self._prices[ticket.client]
            if client_price and client_price + ticket.cost > self._client_budget:
                busy_clients.add(ticket.client)
                continue
            total = self._prices.total()
            fits = not total or total + ticket.cost <= self._budget
            return ticket if fits else None
        return None
