"""Limits on waiting films: in total, for one client, and for bulk work.

There is no event loop: a request may be admitted in one thread and closed in another.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


class QueueFullError(Exception):
    """There is no room in the queue."""


class ClientFullError(QueueFullError):
    """Too many films of this client wait already."""


class StoppedError(Exception):
    """No more films are accepted, because the service is stopping."""


@dataclass(eq=False)
class Places:
    """The places of one request in the queue.

    Attributes:
        client: The client that sent it.
        is_bulk: Whether its films count as bulk.
        waiting: How many of its films still wait.
        drop: Called once if another client gets the places, while the room is locked.
        was_dropped: Whether another client got the places.
    """

    client: str
    is_bulk: bool
    waiting: int
    drop: Callable[[], object] = field(repr=False, default=lambda: None)
    was_dropped: bool = False


class Room:
    """Gives each request all the places that it needs, or none.

    If all places are taken, a single film still gets one if another client has clearly more of
    them. The newest single film of that client then loses its place.

    Reference: McKenney, "Stochastic fairness queueing", https://doi.org/10.1109/INFCOM.1990.91316
    (drop from the longest queue).

    Args:
        total: The most films that may wait.
        per_client: The most films of one client.
        bulk: The most films of bulk work, so that single films always find places.
    """

    def __init__(self, total: int, per_client: int, bulk: int) -> None:
        self._total = total
        self._per_client = per_client
        self._bulk = bulk
        self._changed = threading.Condition()
        self._admitted: list[Places] = []
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """Whether requests are accepted."""
        return self._is_open

    @property
    def num_waiting(self) -> int:
        """The number of films that wait."""
        return sum(places.waiting for places in list(self._admitted))

    def require(self, client: str) -> None:
        """Check that a single film would be accepted now.

        Raises:
            StoppedError: The service is stopping.
            QueueFullError: There is no room.
        """
        with self._changed:
            self._victim(client, 1, is_bulk=False)

    def take(self, client: str, number: int, *, is_bulk: bool) -> Places:
        """Return places for the films of one request.

        Args:
            client: The client that sent it.
            number: The number of films.
            is_bulk: Whether they are a batch, a table or explanations.

        Raises:
            StoppedError: The service is stopping.
            QueueFullError: There is no room for them.
        """
        with self._changed:
            victim = self._victim(client, number, is_bulk=is_bulk)
            if victim is not None:
                victim.was_dropped = True
                victim.waiting = 0
                victim.drop()
            places = Places(client, is_bulk, number)
            self._admitted.append(places)
            return places

    def leave_one(self, places: Places) -> None:
        """Free the place of a film that is computed now."""
        with self._changed:
            places.waiting = max(0, places.waiting - 1)

    def close(self, places: Places) -> None:
        """Free all places of a request that is done."""
        with self._changed:
            places.waiting = 0
            self._admitted.remove(places)
            self._changed.notify_all()

    def shut(self) -> None:
        """Accept no more requests."""
        with self._changed:
            self._is_open = False

    def wait_until_empty(self) -> None:
        """Return when all requests are done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._admitted)

    def _victim(self, client: str, number: int, *, is_bulk: bool) -> Places | None:
        """Return the places of another client that a request would take; None if there is room.

        Raises:
            StoppedError: The service is stopping.
            QueueFullError: There is no room.
        """
        if not self._is_open:
            raise StoppedError
        num_waiting: Counter[str] = Counter()
        num_bulk = 0
        for places in self._admitted:
            num_waiting[places.client] += places.waiting
            num_bulk += places.waiting if places.is_bulk else 0
        if num_waiting.total() + number <= self._total:
            if num_waiting[client] + number > self._per_client:
                raise ClientFullError
            if is_bulk and num_bulk + number > self._bulk:
                raise QueueFullError
            return None
        if number == 1 and not is_bulk:
            singles = [
                (num_waiting[places.client], index, places)
                for index, places in enumerate(self._admitted)
                if places.waiting and not places.is_bulk
            ]
            most_waiting, _, victim = max(singles, default=(0, 0, None))
            if most_waiting > num_waiting[client] + 1:
                return victim
        raise QueueFullError
