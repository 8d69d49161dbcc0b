"""Who gets a place, and whose place it was."""

import pytest

from moviegenre.apps.service.admission import (
    ClientFullError,
    Places,
    QueueFullError,
    Room,
    StoppedError,
)


def room(total: int = 8, client: int = 6, bulk: int = 6) -> Room:
    return Room(total, client, bulk)


def test_a_greedy_client_is_refused_while_others_are_not() -> None:
    there = room()
    there.take("greedy", 6, is_bulk=True)
    with pytest.raises(ClientFullError):
        there.take("greedy", 1, is_bulk=False)
    assert there.take("modest", 1, is_bulk=False).waiting == 1


def test_bulk_leaves_places_for_single_films() -> None:
    there = room()
    there.take("a", 4, is_bulk=True)
    with pytest.raises(QueueFullError):
        there.take("b", 3, is_bulk=True)
    there.take("b", 3, is_bulk=False)
    assert there.num_waiting == 7


def test_places_come_back() -> None:
    there = room(total=2, client=2, bulk=2)
    places = there.take("a", 2, is_bulk=True)
    with pytest.raises(QueueFullError):
        there.require("b")
    there.leave_one(places)
    there.require("b")
    there.close(places)
    assert there.num_waiting == 0


def test_a_full_queue_gives_the_newest_place_of_who_has_most() -> None:
    there = room(total=5, client=4, bulk=4)
    dropped: list[str] = []

    def single(client: str, name: str) -> Places:
        places = there.take(client, 1, is_bulk=False)
        places.drop = lambda: dropped.append(name)
        return places

    for name in ("a1", "a2", "a3"):
        single("a", name)
    single("b", "b1")
    newest = single("a", "a4")
    single("new", "new1")
    assert (dropped, newest.was_dropped, there.num_waiting) == (["a4"], True, 5)
    single("b", "b2")
    assert dropped == ["a4", "a3"]
    with pytest.raises(QueueFullError):  # a and b have two each, and this would be the second
        single("new", "new2")


def test_a_batch_pushes_nobody_out() -> None:
    there = room(total=4, client=4, bulk=4)
    for _ in range(4):
        there.take("a", 1, is_bulk=False)
    with pytest.raises(QueueFullError):
        there.take("b", 2, is_bulk=True)
    with pytest.raises(QueueFullError):
        there.take("b", 1, is_bulk=True)


def test_nothing_is_taken_after_the_end() -> None:
    there = room()
    there.shut()
    there.wait_until_empty()
    with pytest.raises(StoppedError):
        there.take("a", 1, is_bulk=False)
    with pytest.raises(StoppedError):
        there.require("a")
