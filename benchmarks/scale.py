"""What a table of a million films, or of a hundred million, costs on many machines.

    python benchmarks/scale.py --films 1e6 1e8     # the tables of docs/scale.md
    python benchmarks/scale.py --measure           # the rates again, on this machine: a minute
    python benchmarks/scale.py --simulate          # slow and failing machines, with a picture

The rates are measured (``benchmarks/rates.json`` names the machine); prices and limits of the
object store are inputs, and the default of each names its source and date. No rate of a GPU is
measured, so GPU hours are printed only with ``--gpu-rate``.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

RATES_FILE = Path(__file__).with_name("rates.json")
_SIZES = (300, 1_000, 3_000, 10_000, 30_000, 100_000)  # films a shard, of the simulation
_FAILURES = (0.0, 0.01, 0.05)  # share of the machines that fail in an hour
_WRITES_OF_A_SHARD = 6  # a part: start, one piece and end of an upload, copy, delete; its manifest
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
        return float(self.shards * _WRITES_OF_A_SHARD)

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
            **{f"hours, {name}": f"{self.hours[name]:,.2f}" for name in sorted(self.hours)},
            "limit": self.limit,
        }


def _size(gigabytes: float) -> str:
    return f"{gigabytes / 1000:,.1f} TB" if gigabytes >= 1000 else f"{gigabytes:,.1f} GB"


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


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--films", type=_count, nargs="+", default=[1_000_000, 100_000_000])
    parser.add_argument("--workers", type=_count, default=1_000)
    parser.add_argument("--vcpus", type=_count, default=2, help="of a worker")
    parser.add_argument("--shard-films", type=_count, default=10_000)
    parser.add_argument("--prefixes", type=_count, default=1, help="of the store's objects")
    parser.add_argument("--poster-kb", type=float, help="size of a poster; measured otherwise")
    parser.add_argument("--rates", type=Path, default=RATES_FILE)
    parser.add_argument("--prices", action="store_true", help="print the inputs and their sources")
    parser.add_argument("--measure", action="store_true", help="write the rates of this machine")
    parser.add_argument("--input", type=Path, help="of --measure: a CSV file of your films")
    parser.add_argument("--measured-films", type=_count, default=128)
    parser.add_argument("--rounds", type=_count, default=3)
    parser.add_argument("--simulate", action="store_true", help="slow and failing machines")
    parser.add_argument("--sizes", type=_count, nargs="+", default=_SIZES, help="films a shard")
    parser.add_argument("--failures", type=float, nargs="+", default=_FAILURES, help="an hour")
    parser.add_argument("--spread", type=float, default=0.25, help="sigma of the slowness")
    parser.add_argument("--replace-seconds", type=float, default=120.0, help="for a new machine")
    parser.add_argument("--seeds", type=_count, default=5)
    parser.add_argument("--picture", type=Path, help="write a PNG of the simulation")
    for name, given in INPUTS.items():
        parser.add_argument(f"--{name}", type=float, default=given.value, help=given.unit)
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    """Return a whole number from 1 on, also from ``1e8``."""
    number = float(text)
    if number < 1 or number != int(number):
        raise argparse.ArgumentTypeError(f"{text!r} found, a whole number from 1 on expected")
    return int(number)


def read_rates(options: argparse.Namespace) -> dict[str, Any]:
    """Return the measured rates, with the size of a poster that was given."""
    rates: dict[str, Any] = json.loads(options.rates.read_text("utf-8"))
    if options.poster_kb is not None:
        poster = rates["overview_and_poster"]
        poster["bytes_read"] = rates["overview"]["bytes_read"] + 1_000 * options.poster_kb
    return rates


def given_inputs(options: argparse.Namespace) -> dict[str, float]:
    """Return the prices and limits that are known."""
    inputs = {name: getattr(options, name.replace("-", "_")) for name in INPUTS}
    return {name: value for name, value in inputs.items() if value is not None}


def print_costs(options: argparse.Namespace) -> None:
    """Print a table for each number of films."""
    rates = read_rates(options)
    for films in options.films:
        costs = [
            Cost(
                films=films,
                work=work,
                rates=rates,
                inputs=given_inputs(options),
                shard_films=options.shard_films,
                workers=options.workers,
                vcpus=options.vcpus,
                prefixes=options.prefixes,
            )
            for work in WORKS
        ]
        print(cost_table(costs), end="\n\n")
    print(f"{options.workers:,} workers of {options.vcpus} vCPUs; rates: {rates['machine']}")


def print_simulation(options: argparse.Namespace) -> None:
    """Print completion times of the largest number of films, and write a picture if asked for."""
    from benchmarks.scale_simulation import (
        Setting,
        simulate_all,
        simulation_png,
        simulation_table,
    )

    rates = read_rates(options)
    requests = rates["reads_of_a_shard"] + _WRITES_OF_A_SHARD
    setting = Setting(
        films=max(options.films),
        films_per_second=options.vcpus * rates["overview_and_poster"]["films_per_core_second"],
        overhead_seconds=requests * options.request_seconds,
        workers=options.workers,
        start_seconds=rates["load_seconds"],
        replace_seconds=options.replace_seconds,
        spread=options.spread,
        seeds=options.seeds,
    )
    outcomes = simulate_all(setting, options.sizes, options.failures)
    print(simulation_table(setting, outcomes), end="\n\n")
    print(
        f"{setting.films:,} films with overview and poster on {setting.workers:,} workers, "
        f"medians of {setting.seeds} runs; ideal: {setting.ideal_seconds / 60:.1f} min; "
        f"each shard takes {setting.overhead_seconds:.1f} s more for requests to the store"
    )
    if options.picture:
        options.picture.write_bytes(simulation_png(setting, outcomes))


def main() -> None:
    """Print what the options ask for."""
    options = parse()
    if options.prices:
        print(price_table())
    elif options.measure:
        from benchmarks.scale_measure import measure

        rates = measure(options.measured_films, options.rounds, options.input)
        options.rates.write_text(json.dumps(rates, indent=1) + "\n", "utf-8")
        print(json.dumps(rates, indent=1))
    elif options.simulate:
        print_simulation(options)
    else:
        print_costs(options)


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))  # for a run as a script
    main()
