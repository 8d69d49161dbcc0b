"""The model card: description, intended use, limits, scores and training of a model."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.origins import origins
from moviegenre.artifacts.parity import Parity
from moviegenre.artifacts.torch_folder import portable_settings
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality
from moviegenre.models.registry import model_config_class

_METRICS = {
    "f1_macro": "F1-macro",
    "f1_micro": "F1-micro",
    "f1_samples": "F1-samples",
    "roc_auc": "ROC-AUC",
    "mean_average_precision": "mean average precision",
    "subset_accuracy": "subset accuracy",
    "hamming_loss": "Hamming loss",
}
_PLOT_RULES = {
    "joined": "all joined",
    "sentence": "the first sentence of the first one",
    "random": "one at random, always the same one of a film",
    "each": "the first one",
}
_MODALITY_PHRASES = {
    frozenset({Modality.PLOT}): "plot",
    frozenset({Modality.POSTER}): "poster",
    frozenset(Modality): "plot and poster; either may be missing",
}


def model_card(
    info: ModelInfo,
    point: OperatingPoint,
    scores: Mapping[str, Mapping[str, Any]],
    *,
    data_source: str,
    starts_from: Sequence[str] = (),
    parity: Parity | None,
    onnx_note: str,
) -> str:
    """Return a model card as Markdown, with the front matter for the Hugging Face Hub.

    Args:
        info: The description of the model.
        point: Its calibration and thresholds.
        scores: By split: ``metrics``, and ``per_genre`` if known.
        data_source: The source in the data sheet of the prepared data; may be empty.
        starts_from: A sentence for each further model that its weights learned from.
        parity: The comparison of its ONNX files; None if they were not compared.
        onnx_note: The text about ONNX files if there is no parity.
    """
    kind = model_config_class(info.model_name)
    parts = [
        _front_matter(info),
        f"# Film genres: {kind.title}",
        f"Predicts a film's genres from its {_MODALITY_PHRASES[info.modalities]}. Each of the "
        f"{len(info.genres)} genres gets a probability of its own; a film may have several "
        f"genres, or none: {', '.join(info.genres)}.",
        _USAGE,
        _data(info, data_source),
        origins(info, starts_from),
        _INTENDED_USE,
        _LIMITS,
        _scores(scores, point),
        _onnx(parity, onnx_note),
        _making(info),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _front_matter(info: ModelInfo) -> str:
    values = {
        "library_name": "moviegenre",
        "license": "other",
        "language": "en",
        "pipeline_tag": (
            "text-classification" if Modality.PLOT in info.modalities else "image-classification"
        ),
        "tags": ["film-genres", "multi-label-classification", "multimodal", info.model_name],
        "metrics": ["f1", "roc_auc"],
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False)}---"


_USAGE = """
## Use

```python
import moviegenre

predictor = moviegenre.load("path/to/this/folder")  # or the model's name on the hub
prediction = predictor.predict(plot="A detective ...", poster="poster.jpg")
prediction.genres, prediction.probabilities, prediction.explain()
```
"""


def _data(info: ModelInfo, source: str) -> str:
    config = info.data_config
    height, width = config.image_size
    source_note = f" ({source})" if source else ""
    lines = [
        "## Data",
        "",
        f"Trained on the training split of prepared movies{source_note}, fingerprint "
        f"`{info.data_fingerprint[:16] or 'unknown'}`.",
    ]
    if Modality.PLOT in info.modalities:
        rule = _PLOT_RULES.get(config.plot, f"the {config.plot} one")
        lines.append(f"Of several plots it reads {rule}, at most {config.max_tokens} tokens.")
        if fields := [part for part in ("title", "year") if part in config.reads]:
            lines.append(f"It also reads the {' and the '.join(fields)}, where they are given.")
        if config.plot == "each":
            lines.append("A film's scores are of its mean probability over all its plots.")
        if config.forms:
            lines.append(f"It learned from each film in several forms: {', '.join(config.forms)}.")
    if Modality.POSTER in info.modalities:
        lines.append(f"Posters are brought to {height} x {width} pixels, height first.")
    return "\n".join(lines)


_INTENDED_USE = """
## Intended use

Suggesting genres for films from what a catalogue has of them, for research and for people who look
at the suggestions. It must not be used for decisions about people, for judging whether a film suits
children, or as the only ground on which a film is found or hidden.
"""

_LIMITS = """
## Limits

- Genres are opinions: different sources disagree about the same film, and so does this model.
- Plots are English; films, plots and posters are those of the data set, mostly American and
  European features. Other texts (reviews, advertisements, other languages) it has not seen.
- Rare genres are found less often and less surely than frequent ones; see the scores by genre.
- A probability says how often such a guess is right on films like those it was tested on, no more.
- Posters and plots carry the stereotypes of their time and trade, and the model repeats them.
- The code is Apache-2.0. These weights also depend on the movies and on pretrained encoders, whose
  terms are their owners'; whoever passes the weights on has to look at them.
"""


def _scores(scores: Mapping[str, Mapping[str, Any]], point: OperatingPoint) -> str:
    scored_splits = {name: split for name, split in scores.items() if split.get("metrics")}
    lines = ["## Scores", ""]
    if not scored_splits:
        return "\n".join([*lines, "None are known."])
    lines += [
        f"| metric | {' | '.join(scored_splits)} |",
        f"|---|{'---|' * len(scored_splits)}",
    ]
    for key, title in _METRICS.items():
        format_value = _number if key == "hamming_loss" else _percent
        cells = [format_value(split["metrics"].get(key)) for split in scored_splits.values()]
        if any(cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += [
        "",
        "In percent, but for Hamming loss, the share of wrong decisions, where less is better. "
        "Validation scores chose the weights and are a little too good.",
    ]
    for name, split in scored_splits.items():
        if split.get("per_genre"):
            lines += ["", f"By genre, on {name}:", "", *_genre_rows(split["per_genre"], point)]
    if point.fitted:
        settings = ", ".join(f"{name} {value}" for name, value in point.fitted.items())
        lines += ["", f"How calibration and thresholds were fitted: {settings}."]
    return "\n".join(lines)


def _genre_rows(per_genre: Mapping[str, Mapping[str, Any]], point: OperatingPoint) -> list[str]:
    thresholds = point.threshold_by_genre()
    columns = ("f1", "precision", "recall", "roc_auc")
    rows = ["| genre | F1 | precision | recall | ROC-AUC | films | threshold |", "|---" * 7 + "|"]
    for genre, values in per_genre.items():
        cells = [_score(values[name]) for name in columns]
        cells += [str(values["support"]), f"{thresholds[genre]:.2f}"]
        rows.append(f"| {genre} | {' | '.join(cells)} |")
    return rows


def _onnx(parity: Parity | None, note: str) -> str:
    lines = ["## ONNX", ""]
    if parity is None:
        return "\n".join([*lines, note])
    lines += [
        f"Compared with PyTorch on {parity.num_movies:,} movies ({parity.source}), whose F1-macro "
        f"by PyTorch is {_score(parity.f1_macro)}:",
        "",
        "| file | equal decisions | largest difference of a probability | F1-macro |",
        "|---|---|---|---|",
    ]
    for name, file in parity.files.items():
        lines.append(
            f"| {name} | {file.equal_decisions:.3%} | {file.largest_difference:.1e} "
            f"| {_score(file.f1_macro)} |"
        )
    if any(file.refitted for file in parity.files.values()):
        lines.append(
            "\nEqual decisions were counted with the same thresholds on both sides. Each F1-macro "
            "uses thresholds fitted to the answers of that file, or of PyTorch."
        )
    return "\n".join([*lines, *(f"\nNot as promised: {fault}." for fault in parity.faults)])


def _making(info: ModelInfo) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in info.versions.items())
    settings = portable_settings(info.config)
    sections = {key: settings.get(key) for key in ("training", "loss", "model")}
    settings_text = yaml.safe_dump(sections, sort_keys=False, default_flow_style=None, width=100)
    return f"""
## How it was made

`{info.model_name}` of the package moviegenre, weights after epoch {info.epoch:g}
(best validation F1-macro); {versions or "versions unknown"}.

```yaml
{settings_text.strip()}
```
"""


def with_scores(card: str, scores: Mapping[str, Mapping[str, Any]], point: OperatingPoint) -> str:
    """Return a model card with other scores and thresholds.

    Args:
        card: A card from ``model_card``.
        scores: By split: ``metrics``, and ``per_genre`` if known.
        point: The calibration and thresholds of the scores.
    """
    return with_section(card, _scores(scores, point))


def with_forms(card: str, split: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """Return a model card with scores by form of film.

    Args:
        card: A card from ``model_card``.
        split: The split of the scores.
        rows: ``f1_macro``, ``f1_micro``, ``ece``, ``mean_chosen`` and ``mean_true`` by form of
            film.
    """
    lines = [
        "## Scores by what is given",
        "",
        f"On {split}, by the file in this folder, at the thresholds and the calibration for what "
        "each film has and how long its plot is; in percent.",
        "",
        "| what is given | F1-macro | F1-micro | calibration error | genres chosen | true |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        scores = [_percent(row[key]) for key in ("f1_macro", "f1_micro", "ece")]
        counts = [f"{row[key]:.2f}" for key in ("mean_chosen", "mean_true")]
        lines.append(f"| {name} | {' | '.join([*scores, *counts])} |")
    return with_section(card, "\n".join(lines))


def with_parity(card: str, parity: Parity) -> str:
    """Return a model card with another comparison of its ONNX files.

    Args:
        card: A card from ``model_card``.
        parity: The comparison.
    """
    return with_section(card, _onnx(parity, ""))


def with_section(card: str, section: str) -> str:
    """Return a card with the section of the same heading replaced, or added at the end.

    Args:
        card: A card from ``model_card``.
        section: Markdown; its first line is the heading.
    """
    heading = section.split("\n", 1)[0]
    before, _, rest = card.partition(f"\n{heading}\n")
    _, next_heading, after = rest.partition("\n## ")
    return f"{before}\n{section}\n{next_heading}{after}"


def _percent(value: object) -> str:
    return f"{100 * value:.1f}" if isinstance(value, int | float) else ""


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else ""


def _score(value: float | None) -> str:
    """Return a score in per cent."""
    return "undefined" if value is None or math.isnan(value) else _percent(value)
