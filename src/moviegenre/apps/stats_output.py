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
    missing = f"without plot {stats.without_plot:,}, without poster {stats.without_poster:,}"
    plots_text = ", ".join(
        f"{num_plots}: {num_movies:,} movies"
        for num_plots, num_movies in stats.plots_per_movie.items()
    )
    console.print(f"plots a movie: {plots_text}; {missing}", highlight=False, soft_wrap=True)
    lengths = Table(title="lengths and sizes")
    rows = {f"words, plot: {rule}": values for rule, values in stats.plot_words.items()}
    rows |= {"poster width, px": stats.poster_width, "poster height, px": stats.poster_height}
    headings = [*(f"p{percentile}" for percentile in PERCENTILES), "mean", "max"]
    lengths.add_column("", overflow="fold")
    for heading in headings:
        lengths.add_column(heading, justify="right", no_wrap=True)
    for name, values in rows.items():
        cells = (f"{values[key]:,.0f}" if key in values else "" for key in headings)
        lengths.add_row(name, *cells)
    console.print(lengths)
    table = Table(title="genres")
    for heading in ("genre", *stats.splits, "share of movies"):
        table.add_column(
            heading, justify="left" if heading == "genre" else "right", overflow="fold"
        )
    for genre, counts in stats.genres.items():
        share = sum(counts.values()) / stats.num_movies
        table.add_row(genre, *(f"{count:,}" for count in counts.values()), f"{100 * share:.1f} %")
    console.print(table)
    together = Table("genre", "its movies also have, %", title="genres that occur together")
    for genre, shares in stats.together.items():
        top = list(shares.items())[:_MAX_TOGETHER]
        together.add_row(genre, ", ".join(f"{name} {share:.0f}" for name, share in top if share))
    console.print(together)
