"""Output of ``moviegenre predict`` for one film: a table, or JSON."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from moviegenre.core.genre_mapping import GenreNames
    from moviegenre.inference.prediction import Explanation, Phrase, Prediction, WordShare
    from moviegenre.inference.predictor import Predictor

_BAR_CELLS = 20
_FRAME = 3  # characters between two columns
_MAX_WORDS = 6  # words and phrases that are printed for each genre
_MAX_REGIONS = 3
_LEAST_SHARE = 0.005  # of a word or a region that is named; a smaller one would be printed as +0.00
_BY_GENRE = (
    "modality_effects",
    "words",
    "phrases",
    "regions",
    "regions_without",
    "probability",
    "notes",
)
"""The parts of an explanation that have a value for each genre."""


def shown_genres(prediction: "Prediction", top: int | None, names: "GenreNames") -> dict[str, str]:
    """Return the names of the most probable genres and of every chosen one, most probable first.

    If several genres have the same name, only the first chosen or most probable one stays.

    Args:
        prediction: The answer.
        top: The number of most probable genres; None for all.
        names: The names of genres; genres without a name are left out.

    Returns:
        The name of each shown genre, by the model's genre.
    """
    genre_of = names.genre_of(prediction.genres, prediction.probabilities)
    name_of = {genre: name for name, genre in genre_of.items()}
    ranked = [genre for genre in prediction.probabilities if genre in name_of]
    selected = set(ranked[:top]) | set(prediction.genres)
    return {genre: name_of[genre] for genre in ranked if genre in selected}


def print_json(
    prediction: "Prediction",
    explanation: "Explanation | None",
    top: int | None,
    names: "GenreNames",
) -> None:
    """Print an answer as one line of JSON."""
    answer: dict[str, Any] = prediction.to_json_dict()
    shown = shown_genres(prediction, top, names)
    answer["genres"] = list(names.of(prediction.genres))
    for key in ("probabilities", "thresholds"):
        answer[key] = _by_name(answer[key], shown)
    if explanation is not None:
        reasons = explanation.to_json_dict()
        for key in _BY_GENRE:
            if key in reasons:
                reasons[key] = _by_name(reasons[key], shown_genres(prediction, None, names))
        answer["explanation"] = reasons
    encoding = sys.stdout.encoding or ""
    typer.echo(json.dumps(answer, ensure_ascii=not encoding.lower().startswith("utf")))


def _by_name(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of some genres by their names."""
    return {name: values[genre] for genre, name in names.items() if genre in values}


def print_prediction(
    prediction: "Prediction",
    explanation: "Explanation | None",
    top: int | None,
    names: "GenreNames",
) -> None:
    """Print a table: genre, probability as a bar, threshold, chosen or not, and why."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for warning in prediction.warnings:
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
    if not prediction.modalities:
        console.print("No genres: there is nothing to predict from.")
        return
    table = Table(title=f"read: {' and '.join(prediction.modalities)}", title_justify="left")
    shown = shown_genres(prediction, top, names)
    effects_titles = list(next(iter(explanation.effects.values()))) if explanation else []
    # Numbers stay whole on a narrow console: the bar shrinks first, then headings and genres fold.
    titles = [max(shown.values(), key=len, default="genre"), "threshold", "chosen", *effects_titles]
    others = sum(len(title) + _FRAME for title in titles) + _FRAME + 1
    bar_cells = max(0, min(_BAR_CELLS, console.width - others - len(" 0.0000")))
    full, empty = "#." if console.options.ascii_only else "█·"
    table.add_column("genre", overflow="fold")
    table.add_column("probability", no_wrap=True)
    table.add_column("threshold", justify="right", overflow="fold", min_width=len("0.0000"))
    table.add_column("chosen", overflow="fold", min_width=len("yes"))
    for title in effects_titles:
        table.add_column(title, justify="right", overflow="fold", min_width=len("+10.0"))
    for genre, name in shown.items():
        probability = prediction.probabilities[genre]
        num_cells = round(bar_cells * probability)
        threshold = prediction.thresholds[genre]
        digits = 2 if f"{probability:.2f}" != f"{threshold:.2f}" else 4
        bar = (
            f"{full * num_cells}{empty * (bar_cells - num_cells)} {probability:.{digits}f}".strip()
        )
        chosen = "yes" if genre in prediction.genres else ""
        effects = explanation.effects[genre].values() if explanation else ()
        shown_effects = [f"{effect:+.1f}" for effect in effects]
        shown_threshold = f"{threshold:.{digits}f}"
        table.add_row(
            Text(name),
            bar,
            shown_threshold,
            chosen,
            *shown_effects,
            style="bold" if chosen else None,
        )
    console.print(table)
    if prediction.likeliest:
        likeliest = _by_name(prediction.likeliest, shown_genres(prediction, None, names))
        genres = ", ".join(f"{name} {value:.0%}" for name, value in likeliest.items())
        console.print(f"No genre reaches its threshold. Not sure: {genres}", highlight=False)
    elif not prediction.genres:
        console.print("No genre reaches its threshold, and none is likely.")
    if explanation is not None:
        share = ", ".join(f"{part} {value:.0%}" for part, value in explanation.share().items())
        console.print(f"share in the answer: {share}")
        _print_explanation(console, explanation, shown_genres(prediction, None, names))


def _print_explanation(
    console: "Console", explanation: "Explanation", names: Mapping[str, str]
) -> None:
    if explanation.attention is not None:
        gate = ", ".join(f"{name} {value:.0%}" for name, value in explanation.attention.items())
        console.print(f"weights of the model's gate: {gate}")
    for genre, name in names.items():
        if genre in explanation.probability:
            _print_parts(console, explanation, genre, name)
    console.print(
        "The last columns show how far the log-odds of a genre would fall without that part."
    )


def _print_parts(console: "Console", explanation: "Explanation", genre: str, name: str) -> None:
    """Print the words and regions that are evidence for a genre, strongest first."""
    words: Sequence[Phrase | WordShare] = explanation.words.get(genre, ())
    words = explanation.phrases.get(genre, words)
    effects: dict[str, str] = {}
    for word in sorted(words, key=lambda word: -(word.share or 0)):
        if word.share is not None and word.share >= _LEAST_SHARE:
            effects.setdefault(word.text.lower(), _effect(word.share, word.without))
    strongest = [f"{text} {effect}" for text, effect in list(effects.items())[:_MAX_WORDS]]
    grid = explanation.regions.get(genre)
    if grid is not None:
        without = explanation.regions_without.get(genre)
        cells = [divmod(int(index), grid.shape[1]) for index in (-grid).argsort(axis=None)]
        regions = [
            f"row {row + 1}, column {column + 1} "
            + _effect(
                float(grid[row, column]), None if without is None else float(without[row, column])
            )
            for row, column in cells[:_MAX_REGIONS]
            if grid[row, column] >= _LEAST_SHARE
        ]
    title = f"{name} {explanation.probability[genre]:.0%}"
    lines = []
    if genre in explanation.words:
        lines.append(f"words for {title}: {'; '.join(strongest) or 'none'}")
    if grid is not None:
        size = f" of {grid.shape[0]} x {grid.shape[1]}" if regions else ""
        lines.append(f"regions{size} for {title}: {'; '.join(regions) or 'none'}")
    for line in [*lines, *explanation.notes.get(genre, ())]:
        console.print(line, highlight=False, markup=False)


def _effect(share: float, without: float | None) -> str:
    """Return the effect of a part: the probability without it, or its share of the log-odds."""
    return f"{share:+.2f}" if without is None else f"({without:.0%} without it)"


def print_examples(predictor: "Predictor", names: "GenreNames") -> None:
    """Print a table of the example films that the model can read, with the genres of each."""
    from rich.console import Console
    from rich.table import Table

    from moviegenre.core.types import Modality
    from moviegenre.examples import example_films

    table = Table(title="films that do not exist", title_justify="left")
    for name in ("film", "read", "genres"):
        table.add_column(name, overflow="fold")
    for film in example_films():
        inputs = {Modality.PLOT: film.plot, Modality.POSTER: film.poster}
        if not any(inputs[modality] for modality in predictor.model.modalities):
            continue
        prediction = predictor.predict(plot=film.plot, poster=film.poster)
        shown = shown_genres(prediction, None, names)
        chosen = [genre for genre in prediction.genres if genre in shown]
        genres = [f"{shown[genre]} {prediction.probabilities[genre]:.2f}" for genre in chosen]
        table.add_row(film.title, " and ".join(prediction.modalities), ", ".join(genres) or "none")
    Console().print(table)
