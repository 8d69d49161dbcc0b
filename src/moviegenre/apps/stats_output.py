"""Printing facts about prepared data."""

from rich.console import Console
from rich.table import Table

from moviegenre.data.stats import PERCENTILES, DataStats

_MAX_TOGETHER = 4


def print_stats(stats: DataStats, *, synthetic: bool) -> None:
    """Print the facts."""
    console = Console()
    if synthetic:
        console.print("[yellow]made-up movies: nothing measured on them is a result[/yellow]")
    parts = ", ".join(
        f"{name} {count:,} ({100 * stats.shares[name]:.1f} %)"
        for name, count in stats.splits.items()
    )
    console.print(f"movies: {stats.num_movies:,} ({parts})", highlight=False, soft_wrap=True)
    console.print(
        f"genres: {len(stats.genres)}, {stats.mean_genres:.2f} a movie, "
        f"imbalance in train {stats.imbalance}",
        highlight=False,
        soft_wrap=True,
    )
    without = f"without plot {stats.without_plot:,}, without poster {stats.without_poster:,}"
    plots = ", ".join(f"{n}: {m:,} movies" for n, m in stats.plots_per_movie.items())
    console.print(f"plots a movie: {plots}; {without}", highlight=False, soft_wrap=True)
    lengths = Table(title="lengths and sizes")
    rows = {f"words, plot: {rule}": values for rule, values in stats.plot_words.items()}
    rows |= {"poster width, px": stats.poster_width, "poster height, px": stats.poster_height}
    headings = [*(f"p{p}" for p in PERCENTILES), "mean", "max"]
    lengths.add_column("")
    for heading in headings:
        lengths.add_column(heading, justify="right")
    for name, values in rows.items():
        lengths.add_row(name, *(f"{values[h]:,.0f}" if h in values else "" for h in headings))
    console.print(lengths)
    table = Table(title="genres")
    for heading in ("genre", *stats.splits, "share of movies"):
        table.add_column(heading, justify="left" if heading == "genre" else "right")
    for genre, counts in stats.genres.items():
        share = sum(counts.values()) / stats.num_movies
        table.add_row(genre, *(f"{n:,}" for n in counts.values()), f"{100 * share:.1f} %")
    console.print(table)
    together = Table("genre", "its movies also have, %", title="genres that occur together")
    for genre, others in stats.together.items():
        most = list(others.items())[:_MAX_TOGETHER]
        together.add_row(genre, ", ".join(f"{name} {share:.0f}" for name, share in most if share))
    console.print(together)
