"""The cost of many films is the arithmetic of measured rates, and the simulation is one by hand."""

import json
import math
import statistics
from collections.abc import Mapping
from itertools import chain, repeat
from pathlib import Path

import pytest
from benchmarks.scale import main, parse, show
from benchmarks.scale_costs import INPUTS, WORKS, Cost, cost_table, price_table
from benchmarks.scale_measure import measure
from benchmarks.scale_simulation import Job, Machine, Outcome, Setting, machines, simulate

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"

FOREVER = math.inf
RATES = {
    **dict.fromkeys(("machine", "model", "source", "measured", "words_of_a_plot"), "by hand"),
    **dict.fromkeys(("films", "rounds"), 1),
    "load_seconds": 2.0,
    "reads_of_a_shard": 3,
    "overview": {"films_per_core_second": 20.0, "bytes_read": 500, "bytes_written": 250},
    "overview_and_poster": {
        "films_per_core_second": 10.0,
        "bytes_read": 200_000,
        "bytes_written": 250,
    },
}
PRICES = {
    "vcpu-hour": 0.05,
    "spot-vcpu-hour": 0.02,
    "gb-month": 0.02,
    "thousand-gets": 0.0004,
    "thousand-puts": 0.005,
    "gb-out": 0.1,
    "gets-per-second": 5_000.0,
    "puts-per-second": 3_000.0,
    "gbit-per-second": 0.8,
}


def cost(work: int, changed: Mapping[str, float] = {}, films: int = 36_000_000) -> Cost:
    return Cost(
        films=films,
        work=WORKS[work],
        rates=RATES,
        inputs={**PRICES, **changed},
        shard_films=10_000,
        workers=100,
        vcpus=2,
        prefixes=1,
    )


def test_costs_worked_by_hand() -> None:
    # 36 million films at 10 a second are 3.6 million seconds, so 1,000 hours of a CPU; 7.2 TB and
    # 9 GB; 3,600 shards of 3 reads and 6 writes.
    posters = cost(1)
    assert posters.cpu_hours == pytest.approx(1_000)
    assert (posters.gb_read, posters.gb_written) == pytest.approx((7_200, 9))
    assert (posters.shards, posters.gets, posters.puts) == (3_600, 10_800, 21_600)
    assert posters.dollars == pytest.approx(
        {
            "CPUs, on demand": 50,
            "CPUs, spot": 20,
            "requests": 10.8 * 0.0004 + 21.6 * 0.005,
            "network out": 0.9,
            "a month of storage": 144.18,
        }
    )
    # 200 CPUs take 5 hours; 100 workers read 10 GB a second together, so 0.2 hours.
    assert list(posters.hours) == ["compute", "network", "requests to the store"]
    assert posters.hours["compute"] == pytest.approx(5)
    assert posters.hours["network"] == pytest.approx(0.2)
    assert posters.limit == "compute; network if that were 25.0 times as fast"


def test_the_limit_follows_from_the_arithmetic() -> None:
    files = cost(2, {"gets-per-second": 1_000.0})
    # 36,010,800 requests at 1,000 a second are 10.003 hours, twice the 5 hours of the CPUs.
    assert files.hours["requests to the store"] == pytest.approx(10.003)
    assert files.limit == "requests to the store; compute if that were 2.0 times as fast"
    assert cost(1, {"gbit-per-second": 0.008}).limit.startswith("network; compute")
    assert cost(0).cpu_hours == pytest.approx(500)


def test_gpu_hours_need_a_rate() -> None:
    assert cost(1).gpu_hours == "not measured"
    assert cost(1, {"gpu-rate": 1_000.0}).gpu_hours == "10.0"
    assert cost(1, {"gpu-rate": 1_000.0, "gpu-hour": 2.0}).gpu_hours == "10.0, $ 20.00"
    assert INPUTS["gpu-rate"].value is None


def test_every_default_names_its_source() -> None:
    for name, given in INPUTS.items():
        assert (given.value is None) == (not given.source), name


@pytest.mark.parametrize("films", ["0", "1.5", "-3"])
def test_a_number_of_films_is_whole(films: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--films", films])
    assert "a whole number from 1 on expected" in capsys.readouterr().err


def test_a_failure_by_hand() -> None:
    # Both begin at 5. The second fails at 9, so 4 s are lost and its shard waits. The first takes
    # the third shard at 15 and the lost one at 25; a new machine is there at 9 + 20 + 5 = 34.
    job = Job(shards=3, shard_seconds=10, workers=2, start_seconds=5, replace_seconds=20)
    supply: chain[Machine] = chain([(1.0, FOREVER), (1.0, 9.0)], repeat((1.0, FOREVER)))
    assert simulate(job, supply) == Outcome(seconds=35, failures=1, lost_seconds=4)


def test_a_straggler_by_hand() -> None:
    # The slow machine takes 50 for its shard. The other has done two at 20, and nobody takes over.
    job = Job(shards=3, shard_seconds=10, workers=2)
    assert simulate(job, iter([(1.0, FOREVER), (5.0, FOREVER)])).seconds == 50
    # At 25 the slow machine has nothing left to take: the other began the last shard at 20.
    job = Job(shards=4, shard_seconds=10, workers=2)
    assert simulate(job, iter([(1.0, FOREVER), (2.5, FOREVER)])).seconds == 30


def test_a_machine_that_fails_while_it_waits_is_replaced() -> None:
    # One shard, two machines. The second, idle, is gone at 3; the first fails at 8 and is replaced
    # at 8 + 1, and so is the idle one, whose place the queue finds empty at 8. The first of the
    # new machines ends at 9 + 10.
    job = Job(shards=1, shard_seconds=10, workers=2, replace_seconds=1)
    supply: chain[Machine] = chain([(1.0, 8.0), (1.0, 3.0)], repeat((1.0, FOREVER)))
    assert simulate(job, supply) == Outcome(seconds=18, failures=1, lost_seconds=8)


def test_equal_machines_work_in_rounds() -> None:
    job = Job(shards=25, shard_seconds=7, workers=10, start_seconds=2)
    assert simulate(job, repeat((1.0, FOREVER))).seconds == 2 + 3 * 7


def test_failures_cost_time_and_a_seed_repeats() -> None:
    setting = Setting(
        films=1_000_000,
        films_per_second=10,
        overhead_seconds=2,
        workers=50,
        start_seconds=5,
        replace_seconds=60,
        spread=0.25,
        seeds=3,
    )
    calm, stormy = setting.run(5_000, 0.0), setting.run(5_000, 0.5)
    assert stormy == setting.run(5_000, 0.5)
    assert all(one.failures == 0 and one.lost_seconds == 0 for one in calm)
    assert all(one.failures > 0 and one.lost_seconds > 0 for one in stormy)
    assert statistics.mean(one.seconds for one in stormy) > statistics.mean(
        one.seconds for one in calm
    )
    assert all(one.seconds > setting.ideal_seconds for one in [*calm, *stormy])


def test_machines_have_the_asked_distributions() -> None:
    supply = machines(0.05, 0.25, 0)
    slowness, lives = zip(*(next(supply) for _ in range(5_000)), strict=True)
    assert statistics.median(slowness) == pytest.approx(1, abs=0.02)
    assert statistics.stdev(map(math.log, slowness)) == pytest.approx(0.25, abs=0.01)
    assert statistics.mean(lives) == pytest.approx(20 * 3600, rel=0.05)
    assert next(machines(0.0, 0.25, 0))[1] == FOREVER


def test_the_page_shows_what_the_commands_print(capsys: pytest.CaptureFixture[str]) -> None:
    page = PAGE.read_text("utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["scale.py"])
        main()
        costs = capsys.readouterr().out
        patch.setattr("sys.argv", ["scale.py", "--simulate", "--sizes", "30000"])
        main()
        simulated = capsys.readouterr().out
    for line in [*costs.splitlines(), *price_table().splitlines(), *simulated.splitlines()[2:]]:
        assert line in page, line


def test_a_poster_of_another_size_changes_what_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = tmp_path / "rates.json"
    rates.write_text(json.dumps(RATES), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sys.argv",
            ["scale.py", "--films", "1e6", "--rates", str(rates), "--poster-kb", "300"],
        )
        main()
    assert "| read | 0.5 GB | 300.5 GB | 300.5 GB |" in capsys.readouterr().out


def test_rates_are_measured(tmp_path: Path) -> None:
    rates = measure(films=3, rounds=1, source=None)
    assert rates["films"] == 3
    plain, posters = rates["overview"], rates["overview_and_poster"]
    assert plain["films_per_core_second"] > posters["films_per_core_second"] > 0
    assert posters["bytes_read"] > 10_000 > plain["bytes_read"] > 0
    assert rates["reads_of_a_shard"] >= 1
    assert "1,000 films" in cost_table([cost(0, films=1_000)])


def test_tables_go_between_the_marks_of_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- prices -->\nold\n<!-- end of prices -->\nafter\n", "utf-8")
    options = parse(["--prices", "--page", str(page)])
    show(options, "prices", "new")
    assert page.read_text("utf-8") == (
        "before\n<!-- prices -->\n\nnew\n\n<!-- end of prices -->\nafter\n"
    )
    with pytest.raises(SystemExit, match="has no marks <!-- costs -->"):
        show(options, "costs", "new")
