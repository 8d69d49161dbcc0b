"""How many films may wait: in all, of one client, and how much of that may be bulk.

It uses no event loop; what is admitted in one thread may leave in another.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


class QueueFullError(Exception):
    """There is no room in the queue."""


class ClientFullError(QueueFullError):
    """So many films of this client wait that it gets no more places."""


class StoppedError(Exception):
    """Nothing more is taken, because the service is being stopped."""


@dataclass(eq=False)
class Places:
    """The places of one request.

    Attributes:
        client: Who sent it.
        is_bulk: Whether they count as bulk.
        waiting: How many of its films still wait.
        drop: Called once if another client gets the places; the room is locked meanwhile.
        was_dropped: Whether another client got them.
    """

    client: str
    is_bulk: bool
    waiting: int
    drop: Callable[[], object] = field(repr=False, default=lambda: None)
    was_dropped: bool = False


class Room:
    """Gives places to requests: all that one needs, or none.

    A single film finds a place even when all are taken, as long as another client has clearly
    more of them: that client's newest film then loses its place.

    Reference: McKenney, "Stochastic fairness queueing", https://doi.org/10.1109/INFCOM.1990.91316,
    for taking from the longest queue.

    Args:
        total: Films that may wait.
        per_client: Films of one client.
        bulk: Films of batches, tables and explanations, so that single films always find places.
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
        """Whether requests are taken."""
        return self._is_open

    @property
    def num_waiting(self) -> int:
        """Films that wait."""
        return sum(places.waiting for places in list(self._admitted))

    def require(self, client: str) -> None:
        """Check that a single film would be taken now.

        Raises:
            StoppedError: Nothing is taken any more.
            QueueFullError: It would not be.
        """
        with self._changed:
            self._victim(client, 1, is_bulk=False)

    def take(self, client: str, number: int, *, is_bulk: bool) -> Places:
        """Return places for the films of one request.

        Args:
            client: Who sent it.
            number: How many.
            is_bulk: Whether they are a batch, a table or explanations.

        Raises:
            StoppedError: Nothing is taken any more.
            QueueFullError: They do not fit.
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
        """Free the place of a film that is being computed now."""
        with self._changed:
            places.waiting = max(0, places.waiting - 1)

    def close(self, places: Places) -> None:
        """Free all places of a request that is done."""
        with self._changed:
            places.waiting = 0
            self._admitted.remove(places)
            self._changed.notify_all()

    def shut(self) -> None:
        """Take nothing more."""
        with self._changed:
            self._is_open = False

    def wait_until_empty(self) -> None:
        """Return when all requests are done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._admitted)

    def _victim(self, client: str, number: int, *, is_bulk: bool) -> Places | None:
        """Return the places that a request would take from another; None if there is room.

        Raises:
            StoppedError: Nothing is taken any more.
            QueueFullError: There is no room.
        """
        if not self._is_open:
            raise StoppedError
        waiting: Counter[str] = Counter()
        bulk = 0
        for places in self._admitted:
            waiting[places.client] += places.waiting
            bulk += places.waiting if places.is_bulk else 0
        if waiting.total() + number <= self._total:
            if waiting[client] + number > self._per_client:
                raise ClientFullError
            if is_bulk and bulk + number > self._bulk:
                raise QueueFullError
            return None
        if number == 1 and not is_bulk:
            singles = [
                (waiting[places.client], order, places)
                for order, places in enumerate(self._admitted)
                if places.waiting and not places.is_bulk
            ]
            most, _, victim = max(singles, default=(0, 0, None))
            if most > waiting[client] + 1:
                return victim
        raise QueueFullError
