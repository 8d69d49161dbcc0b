"""Write the adapted model as an exported folder: the base model with new outputs."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.adapt.films import OwnFilms
from moviegenre.adapt.regression import Fitted, Regressions
from moviegenre.adapt.scores import SCORE_TITLES, CrossValidated
from moviegenre.artifacts.folder import (
    CARD_FILE,
    CONFIG_FILE,
    EXPORTED_FILES,
    FORMAT,
    GENRES_FILE,
    IMAGE_FILE,
    METRICS_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
)
from moviegenre.artifacts.manifest import write_manifest
from moviegenre.artifacts.trained import EMBEDDING
from moviegenre.core.digests import known_sha256
from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import write_text
from moviegenre.core.folders import atomic_folder
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint

MODEL_NAME = "adapted"
_COPIED = (TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, IMAGE_FILE)


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
    config = json.loads((base / CONFIG_FILE).read_text(encoding="utf-8"))
    config |= {
        "model_name": MODEL_NAME,
        "data_fingerprint": known_sha256(table),
        "adapted_from": {"model_name": config["model_name"], "sha256": known_sha256(weights)},
    }
    models = {name: asdict(score) for name, score in scores.items()}
    metrics = {"cross-validation": {"films": len(films), "models": models}}
    with atomic_folder(out) as folder:
        for name in _COPIED:
            if (base / name).is_file():
                shutil.copyfile(base / name, folder / name)
        _write_graph(weights, fitted.regressions, folder / weights.name)
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


def _write_graph(weights: Path, regressions: Regressions, out: Path) -> None:
    """Write a copy of an ONNX file with regressions on its embedding and its logits."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(weights)
    graph = model.graph
    if EMBEDDING not in [output.name for output in graph.output]:
        raise CheckpointError(f"{weights} gives no embeddings; export the model again")
    for node in graph.node:
        node.output[:] = ["base/logits" if name == "logits" else name for name in node.output]
    graph.initializer.extend(
        [
            numpy_helper.from_array(regressions.weight.astype(np.float32), "adapted/weight"),
            numpy_helper.from_array(regressions.bias.astype(np.float32), "adapted/bias"),
        ]
    )
    features = helper.make_node(
        "Concat", [EMBEDDING, "base/logits"], ["adapted/features"], axis=1, name="adapted/features"
    )
    linear = helper.make_node(
        "Gemm", ["adapted/features", "adapted/weight", "adapted/bias"], ["logits"], name="adapted"
    )
    graph.node.extend([features, linear])
    embedding = next(output for output in graph.output if output.name == EMBEDDING)
    num_genres = len(regressions.bias)
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["films", num_genres])
    outputs = [logits, embedding]
    del graph.output[:]
    graph.output.extend(outputs)
    onnx.save(model, out)


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
    return f"""# A model of your own genres

`moviegenre adapt` learned it from {len(films):,} films.
A trained model reads plot and poster; a regression for each genre was fitted to its
output for these films. Genres with too few films, left out: {rare}.

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
