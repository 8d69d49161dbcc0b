"""The way to the model: what happens in which thread, and who is refused."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.film_predictor import Answer, FilmInput
from moviegenre.apps.service.model_queue import ModelQueue
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import MovieGenreError
from tests.tiny_movies import png_bytes, tiny_movies
from tests.unit.apps.service.fake_predictor import PATIENCE, FakePredictor

PNG = png_bytes(tiny_movies(1).posters[0])


class WatchedPredictor(FakePredictor):
    """Notes which thread reads; a poster can be held back."""

    def __init__(self) -> None:
        super().__init__()
        self.read_in: list[tuple[str, str]] = []
        self.poster_gate = threading.Event()
        self.poster_gate.set()

    def read(
        self,
        plot: str | tuple[str, ...] | None,
        poster: bytes | Path | None,
        title: str | None = None,
        year: int | None = None,
        *,
        warn_unread: bool = False,
    ) -> SimpleNamespace:
        self.read_in.append((str(plot or ""), threading.current_thread().name.partition("_")[0]))
        if poster is not None:
            assert self.poster_gate.wait(PATIENCE)
        if plot == "panic":
            raise BaseException("as of a library in Rust")
        return super().read(plot, poster)


Scenario = Callable[[ModelQueue, WatchedPredictor], Awaitable[None]]


def run(scenario: Scenario, settings: ServiceSettings | None = None) -> WatchedPredictor:
    predictor = WatchedPredictor()
    queue = ModelQueue(predictor.as_predictor, settings or ServiceSettings(max_wait_ms=0))
    queue.batcher.start()

    async def inside() -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await scenario(queue, predictor)
        finally:
            predictor.gate.set()
            predictor.poster_gate.set()
            await asyncio.to_thread(queue.stop)

    asyncio.run(inside())
    return predictor


def test_posters_are_decoded_beside_the_thread_of_the_model() -> None:
    async def scenario(queue: ModelQueue, predictor: WatchedPredictor) -> None:
        predictor.poster_gate.clear()
        poster = asyncio.create_task(queue.predict([FilmInput("with poster", PNG)], client="a"))
        while not predictor.read_in:
            await asyncio.sleep(0.001)
        assert len(await queue.predict([FilmInput("plot", None)], client="b")) == 1
        assert not poster.done()
        predictor.poster_gate.set()
        (answer,) = await poster
        assert isinstance(answer, dict)
        assert answer["modalities"] == ["plot", "poster"]

    assert run(scenario).read_in == [("with poster", "posters"), ("plot", "predictor")]


def test_a_client_that_left_has_nothing_decoded_and_nothing_computed() -> None:
    async def scenario(queue: ModelQueue, predictor: WatchedPredictor) -> None:
        predictor.poster_gate.clear()
        films = [FilmInput(f"film {number}", PNG) for number in range(8)]
        leaving = asyncio.create_task(queue.predict(films, client="a"))
        while not predictor.read_in:
            await asyncio.sleep(0.001)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert queue.batcher.num_waiting == 0
        predictor.poster_gate.set()
        await queue.predict([FilmInput("next", PNG)], client="a")

    predictor = run(scenario)
    read = [plot for plot, _ in predictor.read_in]
    assert read[-1] == "next"
    assert len(read) < 6, "those that had not begun were dropped"
    assert predictor.batches == [["next"]]


def test_a_greedy_client_is_refused_and_another_is_not() -> None:
    async def scenario(queue: ModelQueue, predictor: WatchedPredictor) -> None:
        def predict(plot: str, client: str) -> "asyncio.Task[list[Answer]]":
            return asyncio.create_task(queue.predict([FilmInput(plot, None)], client=client))

        predictor.gate.clear()
        first = predict("film 0", "greedy")
        assert await asyncio.to_thread(predictor.entered.wait, PATIENCE)
        others = [predict(f"film {number}", "greedy") for number in range(1, 4)]
        await asyncio.sleep(0.01)
        with pytest.raises(RequestError) as refused:
            await queue.predict([FilmInput("more", None)], client="greedy")
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
        assert str(refused.value) == (
            "one client may have at most 3 films waiting; try again when some are answered"
        )
        modest = predict("one", "modest")
        await asyncio.sleep(0.01)
        predictor.gate.set()
        await asyncio.gather(first, *others, modest)

    limits = ServiceSettings(max_wait_ms=0, max_queue=8, max_films=2, max_queue_per_client=3)
    predictor = run(scenario, limits)
    # It came last, and its turn is before the greedy client's next.
    assert predictor.batches == [["film 0"], ["one", "film 1", "film 2", "film 3"]]


def test_an_explanation_holds_its_place_until_it_is_begun() -> None:
    async def scenario(queue: ModelQueue, predictor: WatchedPredictor) -> None:
        block, begun = threading.Event(), threading.Event()

        def explain(*_: object, **__: object) -> None:
            begun.set()
            assert block.wait(PATIENCE)
            raise MovieGenreError("not today")

        predictor.explain = explain  # type: ignore[method-assign, assignment]
        tasks = [
            asyncio.create_task(queue.predict([FilmInput("why", None, explain=True)], client="a"))
            for _ in range(5)
        ]
        await asyncio.to_thread(begun.wait, PATIENCE)
        while len(predictor.batches) == 0 or sum(map(len, predictor.batches)) < 5:
            await asyncio.sleep(0.001)
        while queue.batcher.num_waiting > 3:  # two of a client's are explained at once
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert queue.batcher.num_waiting == 3
        block.set()
        for (answer,) in await asyncio.gather(*tasks):
            assert str(answer) == "not today"

    run(scenario)


def test_a_panic_while_reading_is_an_answer_and_the_next_film_is_read() -> None:
    async def scenario(queue: ModelQueue, _predictor: WatchedPredictor) -> None:
        for poster in (None, PNG):
            (answer,) = await queue.predict([FilmInput("panic", poster)])
            assert isinstance(answer, RuntimeError)
            assert "as of a library in Rust" in str(answer)
        (answer,) = await queue.predict([FilmInput("fine", None)])
        assert isinstance(answer, dict)

    run(scenario)


def test_no_two_settings_contradict_each_other() -> None:
    assert ServiceSettings().client_queue == 64
    assert ServiceSettings(max_queue=300, max_films=200).client_queue == 200
    with pytest.raises(ValueError, match="max_queue_per_client 8: such a batch could never"):
        ServiceSettings(max_queue_per_client=8)


def test_films_that_cannot_be_read_do_not_make_the_model_seem_fast() -> None:
    async def scenario(queue: ModelQueue, _predictor: WatchedPredictor) -> None:
        for _ in range(4):
            await queue.predict([FilmInput("a plot", None)])
        before = queue.batcher.speed.slice_cost
        for _ in range(20):
            (answer,) = await queue.predict([FilmInput(None, None)])
            assert isinstance(answer, MovieGenreError)
        assert queue.batcher.speed.slice_cost == before

    run(scenario)
