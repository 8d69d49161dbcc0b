"""What several processes of one service share, and what each has for itself."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import Scope

from moviegenre.apps.service.access.rates import RateCheck, TokenBuckets
from moviegenre.apps.service.access.shared_rates import SharedBuckets
from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.metrics import ServiceMetrics, render_merged
from moviegenre.apps.service.plan import share_of
from moviegenre.apps.service.settings import ServiceSettings

SCOPE: Scope = {"type": "http", "client": ("192.0.2.1", 1), "headers": []}


def test_a_client_has_one_bucket_in_all_processes(tmp_path: Path) -> None:
    now = [1000.0]
    one, other = (
        SharedBuckets(tmp_path / "clients.rates", 2.0, burst=3, clock=lambda: now[0])
        for _ in range(2)
    )
    assert [one.take("a"), other.take("a"), one.take("a")] == [0, 0, 0]
    assert (other.take("a"), one.take("a"), one.take("b")) == (0.5, 0.5, 0)
    now[0] += 0.5
    assert (other.take("a"), one.take("a")) == (0, 0.5)
    now[0] += 60
    assert [other.take("a") for _ in range(4)] == [0, 0, 0, 0.5], "a full bucket holds three"


def test_shared_buckets_count_as_those_of_one_process_do(tmp_path: Path) -> None:
    now = [1000.0]
    alone = TokenBuckets(3.0, burst=2, clock=lambda: now[0])
    shared = SharedBuckets(tmp_path / "clients.rates", 3.0, burst=2, clock=lambda: now[0])
    for step in range(60):
        now[0] += (step % 7) / 20
        assert shared.take("a") == pytest.approx(alone.take("a"))


def test_a_bucket_elsewhere_is_awaited() -> None:
    class Elsewhere:
        async def take(self, client: str) -> float:
            assert client == "192.0.2.1"
            return 1.2

    with pytest.raises(RequestError) as refused:
        asyncio.run(RateCheck(Elsewhere()).check(SCOPE))
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "2"})


def test_connections_and_bodies_are_shared_out_and_the_queue_is_not() -> None:
    whole = ServiceSettings(max_client_connections=5)
    share = share_of(whole, 2)
    assert (share.max_connections, share.max_client_connections) == (256, 3)
    assert share.max_inflight_bytes == whole.max_inflight_bytes // 2
    assert (share.max_queue, share.client_queue) == (whole.max_queue, whole.client_queue)
    many = share_of(whole, 100)
    assert (many.max_connections, many.max_inflight_bytes) == (8, whole.max_body_bytes)
    assert share_of(whole, 1) == whole


def test_the_numbers_of_replicas_keep_their_names() -> None:
    one, other = ServiceMetrics(), ServiceMetrics()
    one.count_request("/predict", 200, 0.01)
    other.count_request("/predict", 503, 0.01)
    other.count_batch(3, 0.2)
    text = render_merged({"a": one.families(), "b": other.families()}).decode()
    assert 'requests_total{replica="a",route="/predict",status="200"} 1.0' in text
    assert 'requests_total{replica="b",route="/predict",status="503"} 1.0' in text
    assert 'moviegenre_batch_films_bucket{le="4.0",replica="b"} 1.0' in text
    assert text.count("# TYPE moviegenre_requests_total counter") == 1
