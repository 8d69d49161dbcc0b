"""How ``moviegenre predict`` shows the answer to one film: a table, or JSON."""

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from moviegenre.inference.prediction import Explanation, Phrase, Prediction, WordShare
    from moviegenre.inference.predictor import Predictor

_BAR_CELLS = 20
_NAMED = 6  # words and phrases that are printed of each genre
_NAMED_REGIONS = 3


def shown_genres(prediction: "Prediction", top: int | None) -> list[str]:
    """Return the most probable genres, and every chosen one, most probable first.

    Args:
        prediction: The answer.
        top: How many of the most probable; None is all.
    """
    ranked = list(prediction.probabilities)
    first = set(ranked[:top]) | set(prediction.genres)
    return [genre for genre in ranked if genre in first]


def print_json(
    prediction: "Prediction", explanation: "Explanation | None", top: int | None
) -> None:
    """Print an answer as one line of JSON."""
    answer: dict[str, Any] = prediction.to_json_dict()
    genres = shown_genres(prediction, top)
    for key in ("probabilities", "thresholds"):
        answer[key] = {genre: answer[key][genre] for genre in genres}
    if explanation is not None:
        answer["explanation"] = explanation.to_json_dict()
    typer.echo(json.dumps(answer, ensure_ascii=False))


def print_prediction(
    prediction: "Prediction", explanation: "Explanation | None", top: int | None
) -> None:
    """Print a table: genre, probability as a bar, threshold, chosen or not, and why."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for warning in prediction.warnings:
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
    if not prediction.modalities:
        console.print("No genres: there is nothing to predict from.")
        return
    table = Table(title=f"read: {' and '.join(prediction.modalities)}", title_justify="left")
    table.add_column("genre")
    table.add_column("probability", no_wrap=True)
    table.add_column("threshold", justify="right")
    table.add_column("chosen")
    for modality in prediction.modalities if explanation else ():
        table.add_column(modality, justify="right")
    for genre in shown_genres(prediction, top):
        probability = prediction.probabilities[genre]
        cells = round(_BAR_CELLS * probability)
        bar = f"{'█' * cells}{'·' * (_BAR_CELLS - cells)} {probability:.2f}"
        chosen = "yes" if genre in prediction.genres else ""
        effects = explanation.effects[genre].values() if explanation else ()
        shown_effects = [f"{effect:+.1f}" for effect in effects]
        threshold = f"{prediction.thresholds[genre]:.2f}"
        table.add_row(
            genre, bar, threshold, chosen, *shown_effects, style="bold" if chosen else None
        )
    console.print(table)
    if prediction.likeliest:
        named = ", ".join(f"{name} {value:.0%}" for name, value in prediction.likeliest.items())
        console.print(f"No genre reaches its threshold. Not sure: {named}", highlight=False)
    if explanation is not None:
        _print_explanation(console, explanation)


def _print_explanation(console: "Console", explanation: "Explanation") -> None:
    share = ", ".join(f"{name} {value:.0%}" for name, value in explanation.share().items())
    console.print(f"share in the answer: {share}")
    if explanation.attention is not None:
        gate = ", ".join(f"{n} {v:.0%}" for n, v in explanation.attention.items())
        console.print(f"weight in the model's own gate: {gate}")
    for genre in explanation.probability:
        _print_parts(console, explanation, genre)
    console.print(
        "The last columns say how far the log-odds of a genre would fall without that part."
    )


def _print_parts(console: "Console", explanation: "Explanation", genre: str) -> None:
    """Print the words and regions that speak for a genre, strongest first."""
    words: Sequence[Phrase | WordShare] = explanation.words.get(genre, ())
    words = explanation.phrases.get(genre, words)
    effects: dict[str, str] = {}
    for word in sorted(words, key=lambda word: -(word.share or 0)):
        if word.share and word.share > 0:
            effects.setdefault(word.text.lower(), _effect(word.share, word.without))
    strongest = [f"{text} {effect}" for text, effect in list(effects.items())[:_NAMED]]
    grid = explanation.regions.get(genre)
    if grid is not None:
        left = explanation.regions_without.get(genre)
        places = [divmod(int(place), grid.shape[1]) for place in (-grid).argsort(axis=None)]
        regions = [
            f"row {row + 1}, column {column + 1} "
            + _effect(float(grid[row, column]), None if left is None else float(left[row, column]))
            for row, column in places[:_NAMED_REGIONS]
            if grid[row, column] > 0
        ]
    whole = f"{genre} {explanation.probability[genre]:.0%}"
    lines = []
    if genre in explanation.words:
        lines.append(f"words for {whole}: {'; '.join(strongest) or 'none'}")
    if grid is not None:
        size = f" of {grid.shape[0]} x {grid.shape[1]}" if regions else ""
        lines.append(f"regions{size} for {whole}: {'; '.join(regions) or 'none'}")
    for line in [*lines, *explanation.notes.get(genre, ())]:
        console.print(line, highlight=False, markup=False)


def _effect(share: float, without: float | None) -> str:
    """Return what leaving out a part does: the probability without it, or its log-odds."""
    return f"{share:+.2f}" if without is None else f"({without:.0%} without it)"


def print_examples(predictor: "Predictor") -> None:
    """Print a table of the example films that the model can read, with the genres of each."""
    from rich.console import Console
    from rich.table import Table

    from moviegenre.core.types import Modality
    from moviegenre.examples import example_films

    table = Table(title="films that do not exist", title_justify="left")
    for name in ("film", "read", "genres"):
        table.add_column(name)
    for film in example_films():
        has = {Modality.PLOT: film.plot, Modality.POSTER: film.poster}
        if not any(has[modality] for modality in predictor.model.modalities):
            continue
        prediction = predictor.predict(plot=film.plot, poster=film.poster)
        named = [f"{genre} {prediction.probabilities[genre]:.2f}" for genre in prediction.genres]
        table.add_row(film.title, " and ".join(prediction.modalities), ", ".join(named) or "none")
    Console().print(table)
