"""How ``moviegenre predict`` shows the answer to one film: a table, or JSON."""

import json
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
_MAX_WORDS = 6  # words and phrases that are printed of each genre
_MAX_REGIONS = 3
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

    Of several genres with one name, a chosen one stays, else the most probable one.

    Args:
        prediction: The answer.
        top: How many of the most probable; None is all.
        names: What genres are called; one without a name is left out.

    Returns:
        The name by the model's genre.
    """
    genre_of: dict[str, str] = {}
    for genre in [*prediction.genres, *prediction.probabilities]:
        for name in names.of([genre]):
            genre_of.setdefault(name, genre)
    name_of = {genre: name for name, genre in genre_of.items()}
    ranked = [genre for genre in prediction.probabilities if genre in name_of]
    first = set(ranked[:top]) | set(prediction.genres)
    return {genre: name_of[genre] for genre in ranked if genre in first}


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
        answer[key] = _named(answer[key], shown)
    if explanation is not None:
        reasons = explanation.to_json_dict()
        for key in _BY_GENRE:
            if key in reasons:
                reasons[key] = _named(reasons[key], shown_genres(prediction, None, names))
        answer["explanation"] = reasons
    typer.echo(json.dumps(answer, ensure_ascii=False))


def _named(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
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
    shown = shown_genres(prediction, top, names)
    parts = next(iter(explanation.effects.values())) if explanation else ()
    for modality in parts:
        table.add_column(_part(modality, prediction), justify="right")
    for genre, name in shown.items():
        probability = prediction.probabilities[genre]
        cells = round(_BAR_CELLS * probability)
        threshold = prediction.thresholds[genre]
        digits = 2 if f"{probability:.2f}" != f"{threshold:.2f}" else 4
        bar = f"{'█' * cells}{'·' * (_BAR_CELLS - cells)} {probability:.{digits}f}"
        chosen = "yes" if genre in prediction.genres else ""
        effects = explanation.effects[genre].values() if explanation else ()
        shown_effects = [f"{effect:+.1f}" for effect in effects]
        shown_threshold = f"{threshold:.{digits}f}"
        table.add_row(
            name, bar, shown_threshold, chosen, *shown_effects, style="bold" if chosen else None
        )
    console.print(table)
    if prediction.likeliest:
        likeliest = _named(prediction.likeliest, shown_genres(prediction, None, names))
        named = ", ".join(f"{name} {value:.0%}" for name, value in likeliest.items())
        console.print(f"No genre reaches its threshold. Not sure: {named}", highlight=False)
    if explanation is not None:
        share = ", ".join(
            f"{_part(modality, prediction)} {value:.0%}"
            for modality, value in explanation.share().items()
        )
        console.print(f"share in the answer: {share}")
        _print_explanation(console, explanation, shown_genres(prediction, None, names))


def _part(modality: str, prediction: "Prediction") -> str:
    """Return what a modality of a film is called: the text may be a title alone."""
    return "title" if modality == "plot" and "title" in prediction.modalities else str(modality)


def _print_explanation(
    console: "Console", explanation: "Explanation", names: Mapping[str, str]
) -> None:
    if explanation.attention is not None:
        gate = ", ".join(f"{n} {v:.0%}" for n, v in explanation.attention.items())
        console.print(f"weight in the model's own gate: {gate}")
    for genre, name in names.items():
        if genre in explanation.probability:
            _print_parts(console, explanation, genre, name)
    console.print(
        "The last columns say how far the log-odds of a genre would fall without that part."
    )


def _print_parts(console: "Console", explanation: "Explanation", genre: str, name: str) -> None:
    """Print the words and regions that speak for a genre, strongest first."""
    words: Sequence[Phrase | WordShare] = explanation.words.get(genre, ())
    words = explanation.phrases.get(genre, words)
    effects: dict[str, str] = {}
    for word in sorted(words, key=lambda word: -(word.share or 0)):
        if word.share and word.share > 0:
            effects.setdefault(word.text.lower(), _effect(word.share, word.without))
    strongest = [f"{text} {effect}" for text, effect in list(effects.items())[:_MAX_WORDS]]
    grid = explanation.regions.get(genre)
    if grid is not None:
        left = explanation.regions_without.get(genre)
        places = [divmod(int(place), grid.shape[1]) for place in (-grid).argsort(axis=None)]
        regions = [
            f"row {row + 1}, column {column + 1} "
            + _effect(float(grid[row, column]), None if left is None else float(left[row, column]))
            for row, column in places[:_MAX_REGIONS]
            if grid[row, column] > 0
        ]
    whole = f"{name} {explanation.probability[genre]:.0%}"
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


def print_examples(predictor: "Predictor", names: "GenreNames") -> None:
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
        shown = shown_genres(prediction, None, names)
        chosen = [genre for genre in prediction.genres if genre in shown]
        named = [f"{shown[genre]} {prediction.probabilities[genre]:.2f}" for genre in chosen]
        table.add_row(film.title, " and ".join(prediction.modalities), ", ".join(named) or "none")
    Console().print(table)
