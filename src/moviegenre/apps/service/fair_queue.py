"""A fair queue: kinds of work share by weight, and the clients of a kind share equally.

It uses no threads and no clocks; costs are in any unit that the callers agree on.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

_REMEMBERED = 256  # keys that no longer wait; a forgotten one gains one item at most


@dataclass(frozen=True, eq=False)
class Ticket(Generic[T]):
    """An item in the queue.

    Attributes:
        item: What waits.
        client: Whose it is.
        kind: Of which kind of work.
        cost: How much work it is.
    """

    item: T
    client: str
    kind: str
    cost: float


class _Turns:
    """Whose turn it is: start-time fair queueing.

    Every key has a virtual time at which its next item starts. The earliest start comes first and
    moves on by the item's cost. A key that comes back starts no earlier than the item that was
    taken last, so that no key saves up turns.

    Reference: Goyal, Vin and Cheng, "Start-time fair queueing",
    https://doi.org/10.1145/248156.248171.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._starts: dict[str, float] = {}

    def enter(self, key: str) -> None:
        """Begin to compete."""
        self._starts[key] = max(self._starts.get(key, 0.0), self._now)

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Return keys in the order of their turns; equal ones keep their order."""
        return sorted(keys, key=self._starts.__getitem__)

    def charge(self, key: str, cost: float) -> None:
        """Move a key on by the cost of the item that was taken."""
        self._now = max(self._now, self._starts.pop(key))
        self._starts[key] = self._now + cost  # at the end, behind keys served before

    def forget(self, waiting: Collection[str]) -> None:
        """Drop the keys served longest ago, if too many that no longer wait are remembered."""
        too_many = len(self._starts) - len(waiting) - _REMEMBERED
        if too_many > 0:
            idle = (key for key in self._starts if key not in waiting)
            for key in list(islice(idle, too_many)):
                del self._starts[key]


class FairQueue(Generic[T]):
    """A queue in which each client has at most one item in front of another client's next.

    Kinds of work get shares of the whole by their weights; in a kind all clients get the same.
    The items of one client and kind keep their order.

    Args:
        weights: By kind; a kind that is not named has weight 1.
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
        """Add an item of some cost, which is positive; ``remove`` takes the ticket."""
        assert cost > 0, "what costs nothing would never give way"
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
        """Return the ticket whose turn it is, and leave it there; None if nothing waits.

        Args:
            skip: Clients whose turn it cannot be now.
        """
        for kind in self._kinds.in_order(self._waiting):
            clients = [client for client in self._waiting[kind] if client not in skip]
            if clients:
                client = self._clients[kind].in_order(clients)[0]
                return self._waiting[kind][client][0]
        return None

    def take(self, ticket: Ticket[T]) -> None:
        """Take a ticket that ``first`` returned, and charge its client."""
        self._kinds.charge(ticket.kind, ticket.cost / self._weights.get(ticket.kind, 1.0))
        self._clients[ticket.kind].charge(ticket.client, ticket.cost)
        self.remove(ticket)

    def remove(self, ticket: Ticket[T]) -> bool:
        """Take an item out of turn; return whether it was still there."""
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
