"""The fair queue: who comes next, and that nothing is lost on the way."""

from collections import Counter, deque

from hypothesis import given, settings
from hypothesis import strategies as st

from moviegenre.apps.service.fair_queue import FairQueue


def drained(queue: FairQueue[str]) -> list[str]:
    taken = []
    while ticket := queue.first():
        queue.take(ticket)
        taken.append(ticket.item)
    return taken


def test_clients_take_turns_and_keep_their_own_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "b2", "c1"):
        queue.push(item, client=item[0])
    assert drained(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_takes_more_at_a_time_comes_less_often() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(1, 7):
        queue.push(f"small{number}", client="small", cost=1)
    for number in range(1, 4):
        queue.push(f"large{number}", client="large", cost=3)
    assert drained(queue) == [
        *("small1", "large1", "small2", "small3", "small4"),
        *("large2", "small5", "small6", "large3"),
    ]


def test_kinds_share_by_weight() -> None:
    queue: FairQueue[str] = FairQueue({"single": 4})
    for _ in range(20):
        queue.push("single", client="a", kind="single")
        queue.push("batch", client="b", kind="batch")
    assert Counter(drained(queue)[:20]) == {"single": 16, "batch": 4}


def test_who_comes_later_stands_behind_one_item_of_each_other() -> None:
    queue: FairQueue[str] = FairQueue()
    for client in "abcd":
        for number in range(50):
            queue.push(f"{client}{number}", client=client)
    for _ in range(30):
        ticket = queue.first()
        assert ticket is not None
        queue.take(ticket)
    queue.push("late", client="e")
    assert drained(queue).index("late") <= 4


def test_nobody_saves_up_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(30):
        queue.push(f"busy{number}", client="busy")
    for _ in range(20):
        ticket = queue.first()
        assert ticket is not None
        queue.take(ticket)
    for number in range(5):
        queue.push(f"new{number}", client="new")
    # Had it 20 turns in hand, all of its five would come first.
    assert [item[:3] for item in drained(queue)[:6]].count("bus") == 3


def test_a_client_that_must_wait_is_skipped_and_comes_first_later() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.push("a", client="a")
    queue.push("b", client="b")
    ticket = queue.first(skip={"a"})
    assert ticket is not None
    assert ticket.item == "b"
    queue.take(ticket)
    assert queue.first(skip={"a"}) is None
    assert drained(queue) == ["a"]


def test_what_is_removed_is_gone() -> None:
    queue: FairQueue[str] = FairQueue()
    tickets = [queue.push(item, client="a") for item in ("a1", "a2", "a3")]
    assert queue.remove(tickets[1])
    assert not queue.remove(tickets[1])
    assert len(queue) == 2
    assert drained(queue) == ["a1", "a3"]


def test_old_clients_are_forgotten() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(2000):  # somebody always waits, so that it is never empty
        queue.push("x", client=f"client{number}")
        if number:
            ticket = queue.first()
            assert ticket is not None
            queue.take(ticket)
    assert len(queue._clients[""]._starts) < 300  # the memory is what this is about


CLIENTS, KINDS = st.sampled_from("abcd"), st.sampled_from(["single", "batch"])
PUSH = st.tuples(st.just("push"), CLIENTS, KINDS, st.floats(0.1, 10))
STEPS = st.lists(
    st.one_of(PUSH, st.just(("take",)), st.tuples(st.just("remove"), st.integers(0, 50))),
    max_size=80,
)


@settings(deadline=None)
@given(STEPS)
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    queue: FairQueue[int] = FairQueue({"single": 8})
    waiting: dict[tuple[str, str], deque[int]] = {}
    tickets = []
    for number, step in enumerate(steps):
        if step[0] == "push":
            _, client, kind, cost = step
            tickets.append(queue.push(number, client=client, kind=kind, cost=cost))
            waiting.setdefault((client, kind), deque()).append(number)
        elif step[0] == "take":
            ticket = queue.first()
            assert (ticket is None) == (not any(waiting.values()))
            if ticket is not None:
                queue.take(ticket)
                assert waiting[ticket.client, ticket.kind].popleft() == ticket.item
        elif tickets:
            ticket = tickets[step[1] % len(tickets)]
            own = waiting[ticket.client, ticket.kind]
            assert queue.remove(ticket) == (ticket.item in own)
            if ticket.item in own:
                own.remove(ticket.item)
        assert len(queue) == sum(map(len, waiting.values()))


@settings(deadline=None)
@given(
    st.lists(st.tuples(CLIENTS, st.floats(0.1, 10)), max_size=60),
    st.integers(0, 40),
    st.floats(0.1, 10),
)
def test_the_wait_of_a_newcomer_is_bounded(
    others: list[tuple[str, float]], taken_before: int, cost: float
) -> None:
    queue: FairQueue[str] = FairQueue()
    for client, price in others:
        queue.push(client, client=client, cost=price)
    for _ in range(min(taken_before, len(others))):
        ticket = queue.first()
        assert ticket is not None
        queue.take(ticket)
    queue.push("new", client="new", cost=cost)
    order = drained(queue)
    ahead = Counter(order[: order.index("new")])
    assert max(ahead.values(), default=0) <= 1, "more than one item of a client came before"


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.5, 4), min_size=30, max_size=60), st.floats(0.5, 4))
def test_work_done_for_two_clients_differs_by_no_more_than_their_largest_items(
    prices: list[float], price: float
) -> None:
    queue: FairQueue[tuple[str, float]] = FairQueue()
    for one in prices:
        queue.push(("many", one), client="many", cost=one)
    for _ in prices:
        queue.push(("same", price), client="same", cost=price)
    done = {"many": 0.0, "same": 0.0}
    while len(queue._waiting[""]) == 2:
        ticket = queue.first()
        assert ticket is not None
        queue.take(ticket)
        client, one = ticket.item
        done[client] += one
        assert abs(done["many"] - done["same"]) <= max(prices) + price + 1e-9
