"""What a table of a million films, or of a hundred million, costs on many machines.

    python benchmarks/scale.py --films 1e6 1e8    # two tables
    python benchmarks/scale.py --simulate         # slow and failing machines
    python benchmarks/scale.py --prices           # prices and limits, with their sources
    python benchmarks/scale.py --measure          # the rates again, on this machine: a minute

``--page docs/scale.md`` also writes the tables into the page; ``--picture`` draws the simulation.

The rates are measured (``benchmarks/rates.json`` names the machine); prices and limits of the
object store are inputs, and the default of each names its source and date. No rate of a GPU is
measured, so GPU hours are printed only with ``--gpu-rate``.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))  # where `benchmarks` lies

from benchmarks.scale_costs import (
    INPUTS,
    WORKS,
    WRITES_OF_A_SHARD,
    Cost,
    cost_table,
    price_table,
    summary,
)
from benchmarks.scale_simulation import Setting, simulate_all, simulation_png, simulation_table

RATES_FILE = Path(__file__).with_name("rates.json")
_SIZES = (300, 1_000, 3_000, 10_000, 30_000, 100_000)  # films a shard, of the simulation
_FAILURES = (0.0, 0.01, 0.05)  # share of the machines that fail in an hour


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--films", type=_count, nargs="+", default=[1_000_000, 100_000_000])
    parser.add_argument("--workers", type=_count, default=1_000)
    parser.add_argument("--vcpus", type=_count, default=2, help="of a worker")
    parser.add_argument("--shard-films", type=_count, default=3_000)
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
    parser.add_argument("--picture", type=Path, help="a PNG of the simulation")
    parser.add_argument("--page", type=Path, help="a page with marks, into which tables go")
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


def show(options: argparse.Namespace, name: str, text: str) -> None:
    """Print a text, and write it between its marks in the page if one is given."""
    print(text)
    if options.page:
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        page = options.page.read_text("utf-8")
        if start not in page or end not in page:
            raise SystemExit(f"{options.page} has no marks {start.strip()} and {end}")
        before, after = page.split(start)[0], page.split(end)[1]
        options.page.write_text(f"{before}{start}\n{text}\n\n{end}{after}", "utf-8")


def show_costs(options: argparse.Namespace) -> None:
    """Show a table for each number of films."""
    rates = read_rates(options)
    tables = []
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
        tables.append(cost_table(costs))
    show(options, "summary", summary(costs))
    show(options, "costs", "\n\n".join(tables))
    plain, posters = rates["overview"], rates["overview_and_poster"]
    show(
        options,
        "rates",
        f"{plain['films_per_core_second']} films a second of one CPU with the overview, "
        f"{posters['films_per_core_second']} with a poster of 1000 x 1500 pixels too: "
        f"{rates['model']}, {rates['films']} films of {rates['source']}, "
        f"{rates['words_of_a_plot']} words a plot, median of {rates['rounds']}, "
        f"{rates['measured']}, {rates['machine']}.",
    )


def show_simulation(options: argparse.Namespace) -> None:
    """Show completion times for the largest number of films, and draw them if asked to."""
    rates = read_rates(options)
    requests = rates["reads_of_a_shard"] + WRITES_OF_A_SHARD
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
    show(
        options,
        "simulation",
        f"{simulation_table(setting, outcomes)}\n\n"
        f"{setting.films:,} films with overview and poster on {setting.workers:,} workers; medians "
        f"of {setting.seeds} runs, in brackets the multiple of the ideal "
        f"{setting.ideal_seconds / 60:.1f} minutes.",
    )
    if options.picture:
        options.picture.write_bytes(simulation_png(setting, outcomes))


def main() -> None:
    """Print what the options ask for."""
    options = parse()
    if options.prices:
        show(options, "prices", price_table())
    elif options.measure:
        from benchmarks.scale_measure import measure

        rates = measure(options.measured_films, options.rounds, options.input)
        options.rates.write_text(json.dumps(rates, indent=1) + "\n", "utf-8")
        print(json.dumps(rates, indent=1))
    elif options.simulate:
        show_simulation(options)
    else:
        show_costs(options)


if __name__ == "__main__":
    main()
