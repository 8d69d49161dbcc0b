"""The soak asks what it says, and its slope is the one of a textbook."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from benchmarks.soak import Requests, slope
from fastapi.testclient import TestClient

from moviegenre.apps.service.app import create_app
from tests.unit.apps.service.fake_predictor import FakePredictor

ROOT = Path(__file__).parents[2]


def test_a_line_has_its_slope_and_no_doubt() -> None:
    hours = np.arange(12) / 4
    rate, margin = slope(hours, 800 + 7 * hours)
    assert rate == pytest.approx(7)
    assert margin == pytest.approx(0, abs=1e-6)


def test_the_interval_of_independent_errors_is_that_of_least_squares() -> None:
    # Residuals 1, -1, -1, 1: rate 2, sum of squares 4, so 1.96 * sqrt(4 / 2 / 5).
    assert slope([0, 1, 2, 3], [1, 1, 3, 7]) == pytest.approx((2, 1.96 * (4 / 2 / 5) ** 0.5))


def test_errors_that_follow_each_other_widen_the_interval() -> None:
    hours = np.arange(400) / 400
    rng = np.random.default_rng(0)
    alone = rng.normal(size=400)
    together = np.convolve(rng.normal(size=419), np.ones(20) / 20**0.5, mode="valid")
    assert slope(hours, together)[1] > 3 * slope(hours, alone)[1]


@pytest.mark.parametrize(("growth", "found"), [(0.0, False), (12.0, True)])
def test_a_leak_is_told_from_noise(growth: float, found: bool) -> None:
    hours = np.arange(240) / 720  # 20 minutes
    noise = np.random.default_rng(1).normal(size=240)
    rate, margin = slope(hours, 800 + growth * hours + noise)
    assert (rate - margin > 5) is found
    assert rate == pytest.approx(growth, abs=2)


def test_every_request_gets_the_status_that_the_soak_expects() -> None:
    kinds = set()
    with TestClient(create_app(FakePredictor().as_predictor)) as client:
        for ask in islice(Requests(0), 150):
            kinds.add(ask.kind)
            headers = {"Content-Type": ask.content_type} if ask.content_type else {}
            answer = client.request(ask.method, ask.path, content=ask.body, headers=headers)
            assert answer.status_code == ask.status, f"{ask.kind} {ask.path}: {answer.text}"
    assert {"plot", "plot and poster", "batch", "refused", "status"} <= kinds


@pytest.mark.torture
def test_a_short_soak_has_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--minutes", "1"]
    done = subprocess.run(
        [*command, "--log", str(tmp_path / "log")], cwd=ROOT, capture_output=True, text=True
    )
    assert "\nerrors: 0 of " in done.stdout, done.stdout + done.stderr
    assert "MB an hour" in done.stdout
