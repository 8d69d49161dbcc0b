"""A table job on many machines that are slow or fail, event by event.

Every shard is the same work. A machine takes one shard at a time; when it fails, its shard goes
back into the queue, and another machine takes its place after a while. No shard is computed twice
at once. Times are in seconds.
"""

import heapq
import itertools
import math
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Machine = tuple[float, float]
"""How many times longer a machine takes for a shard, and how long it lives."""


@dataclass(frozen=True)
class Job:
    """A job and its machines.

    Attributes:
        shards: How many.
        shard_seconds: Time of a machine of speed 1 for a shard.
        workers: Machines at any time.
        start_seconds: From the start of a machine to its first shard: the model is loaded.
        replace_seconds: From a failure to the start of another machine.
    """

    shards: int
    shard_seconds: float
    workers: int
    start_seconds: float = 0.0
    replace_seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        seconds: When its last shard was done.
        failures: Machines that failed at a shard.
        lost_seconds: Work at shards that was lost.
    """

    seconds: float
    failures: int
    lost_seconds: float


def machines(failures_per_hour: float, spread: float, seed: int) -> Iterator[Machine]:
    """Yield machines.

    Args:
        failures_per_hour: The share of machines that fail in an hour; lifetimes are exponential.
        spread: Sigma of the lognormal slowness, whose median is 1.
        seed: Fixes everything.
    """
    rng = np.random.default_rng(seed)
    while True:
        slowness = rng.lognormal(0.0, spread, 1_000)
        lives = rng.exponential(1.0, 1_000)
        scale = 3600 / failures_per_hour if failures_per_hour else math.inf
        yield from zip(slowness.tolist(), (lives * scale).tolist(), strict=True)


def simulate(job: Job, supply: Iterator[Machine]) -> Outcome:
    """Run a job.

    Args:
        job: The job.
        supply: Machines, in the order in which they start.
    """
    order = itertools.count()  # of events at the same time
    events: list[tuple[float, int, str, Machine, float]] = []
    # (time, order, what happens, slowness and time of failure, when the shard was begun)

    def add(time: float, event: str, machine: Machine, began: float = 0.0) -> None:
        heapq.heappush(events, (time, next(order), event, machine, began))

    def start(time: float) -> None:
        slowness, life = next(supply)
        add(time + job.start_seconds, "ready", (slowness, time + life))

    for _ in range(job.workers):
        start(0.0)
    waiting, left, failures, lost = job.shards, job.shards, 0, 0.0
    idle: deque[Machine] = deque()
    while True:
        now, _, event, machine, began = heapq.heappop(events)
        if event == "failed":
            waiting, failures, lost = waiting + 1, failures + 1, lost + now - began
            start(now + job.replace_seconds)
        else:
            left -= event == "done"
            if not left:
                return Outcome(now, failures, lost)
            idle.append(machine)
        while waiting and idle:
            slowness, fails = machine = idle.popleft()
            end = now + job.shard_seconds * slowness
            if fails <= now:  # while it had nothing to do
                start(max(now, fails + job.replace_seconds))
                continue
            waiting -= 1
            add(*((end, "done") if end <= fails else (fails, "failed")), machine, now)


@dataclass(frozen=True)
class Setting:
    """What is simulated for each size of a shard and each failure rate.

    Attributes:
        films: Of the whole job.
        films_per_second: Of a machine of speed 1.
        overhead_seconds: Added to each shard, whatever its size.
        workers: Machines.
        start_seconds: See ``Job``.
        replace_seconds: See ``Job``.
        spread: See ``machines``.
        seeds: How many runs; the median counts.
    """

    films: int
    films_per_second: float
    overhead_seconds: float
    workers: int
    start_seconds: float
    replace_seconds: float
    spread: float
    seeds: int

    @property
    def ideal_seconds(self) -> float:
        """Time without overhead, start, failure or waiting, on machines of the same spread."""
        together = self.workers * self.films_per_second * math.exp(self.spread**2 / 2)
        return self.films / together

    def run(self, shard_films: int, failures_per_hour: float) -> list[Outcome]:
        """Return the outcome of each seed."""
        job = Job(
            shards=math.ceil(self.films / shard_films),
            shard_seconds=shard_films / self.films_per_second + self.overhead_seconds,
            workers=self.workers,
            start_seconds=self.start_seconds,
            replace_seconds=self.replace_seconds,
        )
        return [
            simulate(job, machines(failures_per_hour, self.spread, seed))
            for seed in range(self.seeds)
        ]


Outcomes = dict[tuple[int, float], list[Outcome]]


def simulate_all(setting: Setting, sizes: Sequence[int], rates: Sequence[float]) -> Outcomes:
    """Return the outcomes of every size of a shard, in films, and every failure rate, an hour."""
    return {(size, rate): setting.run(size, rate) for size in sizes for rate in rates}


def simulation_table(setting: Setting, outcomes: Outcomes) -> str:
    """Return the outcomes as a Markdown table; the times are medians."""
    sizes = sorted({size for size, _ in outcomes})
    rates = sorted({rate for _, rate in outcomes})
    worst = rates[-1]
    heads = [f"{rate:.0%} an hour" for rate in rates]
    lines = [
        f"| films a shard | shards | a shard takes | {' | '.join(heads)} | "
        f"failures, work lost at {worst:.0%} |",
        "|---:" * (len(rates) + 4) + "|",
    ]
    for size in sizes:
        seconds = [statistics.median(one.seconds for one in outcomes[size, rate]) for rate in rates]
        times = [f"{value / 60:.1f} min ({value / setting.ideal_seconds:.2f})" for value in seconds]
        failures = statistics.median(one.failures for one in outcomes[size, worst])
        work = setting.films / setting.films_per_second
        lost = statistics.median(one.lost_seconds for one in outcomes[size, worst]) / work
        shard = size / setting.films_per_second + setting.overhead_seconds
        lines.append(
            f"| {size:,} | {math.ceil(setting.films / size):,} | {shard:,.0f} s | "
            f"{' | '.join(times)} | {failures:.0f}, {lost:.1%} |"
        )
    return "\n".join(lines)


def simulation_png(setting: Setting, outcomes: Outcomes) -> bytes:
    """Return a picture of completion time against shard size, a line for each failure rate."""
    from moviegenre.evaluation.canvas import FAINT, INK, LINES, STYLES, dress, new_figure
    from moviegenre.evaluation.plots import figure_png

    figure = new_figure(6.4, 3.6)
    axes = figure.add_subplot()
    sizes = sorted({size for size, _ in outcomes})
    for number, rate in enumerate(sorted({rate for _, rate in outcomes})):
        medians = [statistics.median(one.seconds for one in outcomes[size, rate]) for size in sizes]
        axes.plot(
            sizes,
            [value / setting.ideal_seconds for value in medians],
            color=LINES[number],
            linestyle=STYLES[number],
            marker="o",
            markersize=4,
            label=f"{rate:.0%} of the machines fail in an hour",
        )
    axes.axhline(1.0, color=FAINT, linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0.95)
    axes.set_xlabel("films a shard")
    axes.set_ylabel("completion time, ideal = 1")
    dress(axes, grid="y")
    axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    return figure_png(figure)
