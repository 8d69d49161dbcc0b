"""Write the adapted model as an exported folder: the base model with new outputs."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.adapt.films import OwnFilms
from moviegenre.adapt.graph import write_graph
from moviegenre.adapt.parts import with_parts
from moviegenre.adapt.regression import Fitted
from moviegenre.adapt.scores import SCORE_TITLES, CrossValidated
from moviegenre.artifacts.folder import (
    ADAPTED_FROM,
    CARD_FILE,
    CONFIG_FILE,
    EXPORTED_FILES,
    FORMAT,
    GENRES_FILE,
    IMAGE_FILE,
    METRICS_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    read_info,
)
from moviegenre.artifacts.manifest import write_manifest
from moviegenre.core.digests import known_sha256
from moviegenre.core.files import write_text
from moviegenre.core.folders import atomic_folder
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint

MODEL_NAME = "adapted"
_COPIED = {TOKENIZER_FILE: "plot", TOKENIZER_CONFIG_FILE: "plot", IMAGE_FILE: "poster"}
"""The files that are copied from the base model, each with the part that it is for."""


def write_adapted(
    base: Path,
    weights: Path,
    table: Path,
    films: OwnFilms,
    fitted: Fitted,
    scores: Mapping[str, CrossValidated],
    out: Path,
) -> None:
    """Write the folder of an adapted model in one step.

    Args:
        base: The exported folder of the base model.
        weights: Its ONNX file.
        table: The table of films.
        films: The films in it.
        fitted: The regressions and thresholds.
        scores: Cross-validated scores, by model.
        out: The new folder.

    Raises:
        CheckpointError: The ONNX file has no embeddings.
    """
    ones = np.ones(len(films.genres))
    without = {
        missing: OperatingPoint(
            films.genres, point.thresholds, point.scale, point.shift, _facts(len(point.rows))
        )
        for missing, point in fitted.without.items()
    }
    facts = _facts(len(films))
    point = OperatingPoint(films.genres, fitted.thresholds, ones, 0 * ones, facts, without)
    info = read_info(base)
    config = json.loads((base / CONFIG_FILE).read_text(encoding="utf-8"))
    config |= {
        "model_name": MODEL_NAME,
        "settings": with_parts(info, films.reads).config,
        "data_fingerprint": known_sha256(table),
        ADAPTED_FROM: {"model_name": config["model_name"], "sha256": known_sha256(weights)},
    }
    models = {name: asdict(score) for name, score in scores.items()}
    metrics = {"cross-validation": {"films": len(films), "models": models}}
    with atomic_folder(out) as folder:
        for name, part in _COPIED.items():
            if part in films.reads and (base / name).is_file():
                shutil.copyfile(base / name, folder / name)
        write_graph(weights, fitted.regressions, folder / weights.name, films.reads, info)
        _write_json(folder / CONFIG_FILE, config)
        _write_json(folder / GENRES_FILE, list(films.genres))
        _write_json(folder / METRICS_FILE, metrics)
        point.write(folder / THRESHOLDS_FILE)
        write_text(folder / CARD_FILE, _card(films, scores))
        tokenizer = folder / TOKENIZER_FILE
        write_manifest(
            folder,
            EXPORTED_FILES,
            model_format=FORMAT,
            genres=films.genres,
            tokenizer=tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else None,
        )


def _facts(num_films: int) -> dict[str, Any]:
    return {"rule": "per-genre", "goal": "f1_macro", "movies": num_films}


def _card(films: OwnFilms, scores: Mapping[str, CrossValidated]) -> str:
    """Return the model card."""
    models = "\n".join(
        f"| {title} | {100 * scores[name].f1_macro:.1f} | {100 * scores[name].f1_micro:.1f} |"
        for name, title in SCORE_TITLES.items()
        if name in scores
    )
    per_genre = scores[MODEL_NAME].per_genre
    genres = "\n".join(f"| {name} | {100 * per_genre[name]:.1f} |" for name in films.genres)
    rare = ", ".join(f"{name} ({number})" for name, number in films.rare.items()) or "none"
    with_part = ", ".join(f"{number:,} with a {part}" for part, number in films.with_part.items())
    return f"""# A model of your own genres

`moviegenre adapt` learned it from {len(films):,} films: {with_part}.
It reads a film's {", ".join(films.reads)}. {films.unread_note}
A regression for each genre was fitted to the output of a trained model for these films.
Genres with too few films, left out: {rare}.

## Cross-validated scores, per cent

| model | F1-macro | F1-micro |
|---|---:|---:|
{models}

| genre | F1 |
|---|---:|
{genres}
"""


def _write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
