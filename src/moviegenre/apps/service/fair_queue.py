"""A fair queue: kinds of work share by weight, and the clients of a kind share equally.

There are no threads and no clocks. Costs may have any unit, but all the same one.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

_REMEMBERED = 256  # idle keys that are kept; a dropped one gains one item at most


@dataclass(frozen=True, eq=False)
class Ticket(Generic[T]):
    """An item in the queue.

    Attributes:
        item: The item.
        client: The client that waits for it.
        kind: Its kind of work.
        cost: Its amount of work.
    """

    item: T
    client: str
    kind: str
    cost: float


class _Turns:
    """The turns of keys, by start-time fair queueing.

    Each key has a virtual time at which its next item starts. The key with the earliest start is
    served, and its start moves on by the item's cost. A key that returns starts no earlier than
    the item that was served last, so that no key saves up turns.

    Reference: Goyal, Vin and Cheng, "Start-time fair queueing",
    https://doi.org/10.1145/248156.248171.
    """

    def __init__(self) -> None:
        self._virtual_time = 0.0
        self._starts: dict[str, float] = {}

    def enter(self, key: str) -> None:
        """Add a key that waits."""
        self._starts[key] = max(self._starts.get(key, 0.0), self._virtual_time)

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Return keys in the order of their turns; keys with equal starts keep their order."""
        return sorted(keys, key=self._starts.__getitem__)

    def charge(self, key: str, cost: float) -> None:
        """Move the start of a key on by the cost of its item."""
        self._virtual_time = max(self._virtual_time, self._starts.pop(key))
        self._starts[key] = self._virtual_time + cost  # at the end, behind keys served before

    def forget(self, waiting: Collection[str]) -> None:
        """Drop the idle keys that were served longest ago, if there are too many."""
        num_excess = len(self._starts) - len(waiting) - _REMEMBERED
        if num_excess > 0:
            idle = (key for key in self._starts if key not in waiting)
            for key in list(islice(idle, num_excess)):
                del self._starts[key]


class FairQueue(Generic[T]):
    """A queue in which each client has at most one item in front of another client's next.

    The weights give each kind of work its share; in a kind, all clients get the same share.
    The items of one client and kind keep their order.

    Args:
        weights: The weight of each kind; 1 by default.
    """

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        self._weights = dict(weights or {})
        self._kinds = _Turns()
        self._clients: dict[str, _Turns] = {}
        self._waiting: dict[str, dict[str, deque[Ticket[T]]]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, item: T, *, client: str = "", kind: str = "", cost: float = 1.0) -> Ticket[T]:
        """Add an item and return its ticket; the cost is positive."""
        assert cost > 0, "without a cost, a client would keep its turn"
        ticket = Ticket(item, client, kind, cost)
        turns = self._clients.setdefault(kind, _Turns())
        if kind not in self._waiting:
            self._kinds.enter(kind)
        clients = self._waiting.setdefault(kind, {})
        if client not in clients:
            turns.enter(client)
        clients.setdefault(client, deque()).append(ticket)
        self._length += 1
        return ticket

    def first(self, skip: Collection[str] = ()) -> Ticket[T] | None:
        """Return the next ticket without removing it; None if there is none.

        Args:
            skip: Clients that are passed over.
        """
        for kind in self._kinds.in_order(self._waiting):
            clients = [client for client in self._waiting[kind] if client not in skip]
            if clients:
                client = self._clients[kind].in_order(clients)[0]
                return self._waiting[kind][client][0]
        return None

    def take(self, ticket: Ticket[T]) -> None:
        """Remove the ticket that ``first`` returned, and charge its client."""
        self._kinds.charge(ticket.kind, ticket.cost / self._weights.get(ticket.kind, 1.0))
        self._clients[ticket.kind].charge(ticket.client, ticket.cost)
        self.remove(ticket)

    def remove(self, ticket: Ticket[T]) -> bool:
        """Remove a ticket out of turn; return whether it was still in the queue."""
        clients = self._waiting.get(ticket.kind, {})
        tickets = clients.get(ticket.client)
        if tickets is None or ticket not in tickets:
            return False
        tickets.remove(ticket)
        self._length -= 1
        if not tickets:
            del clients[ticket.client]
            self._clients[ticket.kind].forget(clients)
        if not clients:
            del self._waiting[ticket.kind]
            self._kinds.forget(self._waiting)
        return True
