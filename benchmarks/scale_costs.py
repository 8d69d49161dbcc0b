"""The arithmetic of ``benchmarks/scale.py``: from rates, prices and limits to costs."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

WRITES_OF_A_SHARD = 6  # a part: start, one piece and end of an upload, copy, delete; its manifest
_GB = 1e9


@dataclass(frozen=True)
class Input:
    """A price or a limit that can be given.

    Attributes:
        value: The default; None where no public figure was found.
        unit: What it counts.
        source: Where the default is from, and of when.
    """

    value: float | None
    unit: str
    source: str


INPUTS = {
    "vcpu-hour": Input(
        0.04048 + 2 * 0.004445,
        "$ for a vCPU and 2 GB of memory for an hour, on demand",
        "AWS Fargate, Linux on x86, us-east-1: aws.amazon.com/ecs/pricing, read 2026-09-20",
    ),
    "spot-vcpu-hour": Input(
        0.01334053 + 2 * 0.00146489,
        "the same for capacity that can be taken back",
        "AWS Fargate Spot, eu-west-1, 2024: "
        "tomgregory.com/aws-fargate-spot-vs-fargate-price-comparison",
    ),
    "gb-month": Input(
        0.023,
        "$ for a GB in the object store for a month",
        "S3 Standard, us-east-1, first 50 TB: devnotes.tech/understanding-aws-s3-pricing, "
        "read 2026-11-29",
    ),
    "thousand-gets": Input(0.0004, "$ for 1,000 GET requests", "the same page"),
    "thousand-puts": Input(0.005, "$ for 1,000 PUT, COPY and LIST requests", "the same page"),
    "gb-out": Input(
        0.09, "$ for a GB that leaves the provider, here the answers", "the same page, first 10 TB"
    ),
    "gets-per-second": Input(
        5_500,
        "GET requests that a prefix of the store answers in a second",
        "docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html, "
        "read 2026-11-29",
    ),
    "puts-per-second": Input(3_500, "the same for PUT, COPY and DELETE", "the same page"),
    "request-seconds": Input(
        0.2, "time of a request to the store", "the same page: 100 to 200 milliseconds"
    ),
    "gbit-per-second": Input(
        0.75,
        "network of a worker, without bursts",
        "AWS c5.large, 2 vCPUs: gist.github.com/DingGGu/25f011cff71b2eab36f0317ce127a2ae, 2023-03",
    ),
    "gpu-rate": Input(None, "films with overview and poster that a GPU answers in a second", ""),
    "gpu-hour": Input(None, "$ for the hour of a GPU", ""),
}


@dataclass(frozen=True)
class Work:
    """What is read of each film, and how it lies in the store.

    Attributes:
        name: In the table's head.
        rate: Its name in the file of rates.
        poster_files: Whether each poster is an object of its own.
    """

    name: str
    rate: str
    poster_files: bool


WORKS = (
    Work("overview", "overview", False),
    Work("overview and poster, in Parquet", "overview_and_poster", False),
    Work("overview and poster, a file each", "overview_and_poster", True),
)


@dataclass(frozen=True)
class Cost:
    """The arithmetic for one kind of work; every figure follows from rates and inputs.

    Attributes:
        films: How many.
        work: What is read of each.
        rates: The file of rates.
        inputs: Prices and limits.
        shard_films: Films a shard.
        workers: Machines.
        vcpus: Of a machine.
        prefixes: Among which the objects are spread.
    """

    films: int
    work: Work
    rates: dict[str, Any]
    inputs: dict[str, float]
    shard_films: int
    workers: int
    vcpus: int
    prefixes: int

    @property
    def _rate(self) -> dict[str, float]:
        rate: dict[str, float] = self.rates[self.work.rate]
        return rate

    @property
    def cpu_hours(self) -> float:
        """Hours of one CPU."""
        return self.films / self._rate["films_per_core_second"] / 3600

    @property
    def gb_read(self) -> float:
        """What the workers read."""
        return self.films * self._rate["bytes_read"] / _GB

    @property
    def gb_written(self) -> float:
        """The answers, as Parquet."""
        return self.films * self._rate["bytes_written"] / _GB

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return -(-self.films // self.shard_films)

    @property
    def gets(self) -> float:
        """GET requests."""
        gets = self.shards * self.rates["reads_of_a_shard"]
        return float(gets + self.films if self.work.poster_files else gets)

    @property
    def puts(self) -> float:
        """PUT, COPY and DELETE requests."""
        return float(self.shards * WRITES_OF_A_SHARD)

    @cached_property
    def dollars(self) -> dict[str, float]:
        """Money, by what it is paid for."""
        price = self.inputs
        return {
            "CPUs, on demand": self.cpu_hours * price["vcpu-hour"],
            "CPUs, spot": self.cpu_hours * price["spot-vcpu-hour"],
            "requests": (self.gets * price["thousand-gets"] + self.puts * price["thousand-puts"])
            / 1_000,
            "network out": self.gb_written * price["gb-out"],
            "a month of storage": (self.gb_read + self.gb_written) * price["gb-month"],
        }

    @cached_property
    def hours(self) -> dict[str, float]:
        """The time that each resource alone would need, the longest first."""
        limit = self.inputs
        network = self.workers * limit["gbit-per-second"] / 8  # GB a second, in each direction
        requests = max(self.gets / limit["gets-per-second"], self.puts / limit["puts-per-second"])
        hours = {
            "compute": self.cpu_hours / (self.workers * self.vcpus),
            "network": max(self.gb_read, self.gb_written) / network / 3600,
            "requests to the store": requests / self.prefixes / 3600,
        }
        return dict(sorted(hours.items(), key=lambda pair: -pair[1]))

    @property
    def limit(self) -> str:
        """The resource that limits the job, and the one that would be next."""
        (first, most), (second, less), *_ = self.hours.items()
        return f"{first}; {second} if that were {most / less:,.1f} times as fast"

    @property
    def prefixes_needed(self) -> int:
        """Prefixes with which requests take no longer than compute."""
        requests = self.hours["requests to the store"] * self.prefixes
        return math.ceil(requests / self.hours["compute"])

    @property
    def gpu_hours(self) -> str:
        """Hours of a GPU and their price, where its rate is given."""
        rate, price = self.inputs.get("gpu-rate"), self.inputs.get("gpu-hour")
        if rate is None:
            return "not measured"
        hours = self.films / rate / 3600
        return f"{hours:,.1f}" + (f", $ {hours * price:,.2f}" if price is not None else "")

    def rows(self) -> dict[str, str]:
        """Return the cells of a table."""
        return {
            "CPU hours": f"{self.cpu_hours:,.0f}",
            "GPU hours": self.gpu_hours,
            "shards": f"{self.shards:,}",
            "read": _size(self.gb_read),
            "written": _size(self.gb_written),
            "GET requests": f"{self.gets:,.0f}",
            "PUT requests": f"{self.puts:,.0f}",
            **{f"$, {name}": f"{dollars:,.2f}" for name, dollars in self.dollars.items()},
            **{f"time, {name} alone": _time(self.hours[name]) for name in sorted(self.hours)},
            "prefixes needed": f"{self.prefixes_needed}",
            "limit": self.limit,
        }


def _size(gigabytes: float) -> str:
    return f"{gigabytes / 1000:,.1f} TB" if gigabytes >= 1000 else f"{gigabytes:,.1f} GB"


def _time(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:,.1f} min"


def summary(costs: list[Cost]) -> str:
    """Return the costs of one number of films in two sentences."""
    _, packed, files = costs
    dollars = packed.dollars
    return (
        f"{packed.films:,} films with overview and poster take {packed.cpu_hours:,.0f} CPU hours: "
        f"{_time(packed.hours['compute'])} on {packed.workers:,} workers of {packed.vcpus} vCPUs, "
        f"${dollars['CPUs, on demand']:,.0f} on demand or ${dollars['CPUs, spot']:,.0f} on spot "
        f"capacity. A month of storage costs ${dollars['a month of storage']:,.0f}. The limit is "
        f"{next(iter(packed.hours))} with posters in Parquet, and {next(iter(files.hours))} with "
        "each poster a file."
    )


def cost_table(costs: list[Cost]) -> str:
    """Return the costs of one number of films as a Markdown table."""
    lines = [
        f"| {costs[0].films:,} films | {' | '.join(cost.work.name for cost in costs)} |",
        "|---|" + "---:|" * len(costs),
    ]
    cells = [cost.rows() for cost in costs]
    lines += [f"| {name} | {' | '.join(row[name] for row in cells)} |" for name in cells[0]]
    return "\n".join(lines)


def price_table() -> str:
    """Return the inputs with their defaults and sources as a Markdown table."""
    lines = ["| option | default | what | source |", "|---|---:|---|---|"]
    for name, given in INPUTS.items():
        value = "none" if given.value is None else f"{given.value:.6g}"
        lines.append(f"| `--{name}` | {value} | {given.unit} | {given.source or 'give yours'} |")
    return "\n".join(lines)
