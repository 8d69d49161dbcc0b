"""What a model of one's own genres is worth: moviegenre adapt beside TF-IDF and BERT.

    python -m benchmarks.adapt --full --data data/mmimdb-r
    python -m benchmarks.adapt --full --data data/mmimdb-r --task tags
    python -m benchmarks.adapt --full --data data/mmimdb-r --sizes 500 --draws 1 --bert

Films of the validation split, on which the included model was not trained, are somebody's own: an
overview and a poster each. Each model learns from the same 200, 500, 1,000 or 2,000 of them, fits
its thresholds to films that it did not learn from, and is scored on the test split, for several
random samples. ``--task genres`` learns the data's genres, as far as enough films have them.
``--task tags`` learns tags that the included model has never seen: made by rule from words of the
whole plot, which are then taken out of the overview that is read. ``--bert`` also trains ``bert``,
with MiniLM and on overviews alone. A small run reads 300 films of each split.
"""

import argparse
import csv
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks import harness
from benchmarks.harness import AbsentError, Row
from sklearn.metrics import f1_score

import moviegenre
from moviegenre.adapt.adapt import MIN_FILMS
from moviegenre.adapt.features import compute_features
from moviegenre.adapt.regression import (
    Column,
    Floats,
    fit_regressions,
    thresholds,
)
from moviegenre.adapt.scores import held_out_tfidf, tfidf_log_odds
from moviegenre.apps.cli import main as run_command
from moviegenre.core.decisions import from_log_odds
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.calibration import fit_calibration
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor

TAGS = {
    "Christmas": r"christmas|santa|xmas",
    "Crime job": r"heist|robber\w*|robs?|robbed|burglar\w*|loot",
    "School": r"schools?|teachers?|students?|college|campus|classmates?|university",
    "Prison": r"prisons?|prisoners?|jail\w*|inmates?|convicts?",
    "Sport": r"boxing|boxers?|football|baseball|basketball|hockey|athletes?|olympic\w*|coach\w*",
    "Medicine": r"doctors?|hospitals?|nurses?|surgeons?|patients?|physicians?",
    "Press": r"journalists?|reporters?|newspapers?|editors?",
    "Vampires": r"vampires?|dracula|undead",
    "Wedding": r"weddings?|brides?|groom|fianc\w+|engaged",
}

_SMALL = 300  # films of a split that a small run reads
_STEPS, _BATCH_SIZE = 200, 32  # of training bert, at least
_NONE = "None of these"  # what bert learns of a film without any of the tags


@dataclass(frozen=True)
class Films:
    """Films of a split with labels.

    Attributes:
        ids: As in the data.
        texts: The overview of each (N), as it is read.
        features: What the regressions read (N, F).
        labels: (N, L), 0 or 1.
    """

    ids: list[str]
    texts: list[str]
    features: Floats
    labels: npt.NDArray[np.float32]

    def take(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> "Films":
        """Return some of the films, with some of the labels."""
        return Films(
            [self.ids[row] for row in rows],
            [self.texts[row] for row in rows],
            self.features[rows],
            self.labels[np.ix_(rows, columns)],
        )


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield F1-macro and F1-micro for each number of films; the rival is TF-IDF, or also BERT.

    Raises:
        AbsentError: There are no prepared data.
    """
    if not given.data.is_dir():
        raise AbsentError(f"no prepared films in {given.data}; name their folder with --data")
    data, predictor = PreparedData(given.data), moviegenre.load(threads=1)
    names = list(predictor.model.genres) if given.task == "genres" else list(TAGS)
    limit = None if given.full else _SMALL
    own = read(data, Split.VAL, predictor, given.task, limit)
    test = read(data, Split.TEST, predictor, given.task, limit)
    for size in given.sizes if given.full else given.sizes[:1]:
        by_draw = []
        for draw in range(given.draws if given.full else 3):
            rows = np.random.default_rng(draw).permutation(len(own.texts))[:size]
            columns = np.flatnonzero(own.labels[rows].sum(axis=0) >= MIN_FILMS)
            learned, asked = own.take(rows, columns), test.take(np.arange(len(test.texts)), columns)
            by_model = {"adapt": adapted(learned, asked), "TF-IDF": tfidf(learned, asked)}
            if given.bert:
                by_model["bert"] = bert(learned, asked, [names[column] for column in columns])
            by_draw.append(by_model)
        for rival, (place, metric) in product(
            list(by_draw[0])[1:], enumerate(("F1-macro", "F1-micro"))
        ):
            ours, theirs = (
                [100 * one[name][place] for one in by_draw] for name in ("adapt", rival)
            )
            work = f"{metric} of {given.task} learned from {size} films, {len(test.ids):,} scored"
            yield Row(work, "%", ours, theirs, rival)


def read(
    data: PreparedData, split: Split, predictor: Predictor, task: str, limit: int | None
) -> Films:
    """Return the films of a split, as their owner has them; no more than the limit."""
    ids: list[str] = []
    texts: list[str] = []
    labels: list[list[float]] = []
    patterns = [re.compile(rf"\b({words})\b", re.IGNORECASE) for words in TAGS.values()]
    masked = re.compile("|".join(pattern.pattern for pattern in patterns), re.IGNORECASE)
    columns = ["id", "plots", "poster", "genres"]

    def films() -> Iterator[Film]:
        for batch in data.poster_file(split).iter_batches(64, columns=columns):
            for row in batch.to_pylist():
                whole = " ".join(row["plots"])
                text = row["plots"][0]
                if task == "tags":
                    labels.append([float(bool(one.search(whole))) for one in patterns])
                    text = masked.sub("", text) or "A film."
                else:
                    labels.append(predictor.model.genres.encode(row["genres"]).tolist())
                ids.append(row["id"])
                texts.append(text)
                yield predictor.reader.read(text, row["poster"] and row["poster"]["bytes"])

    features = compute_features(predictor, islice(films(), limit))
    return Films(ids, texts, features, np.array(labels, dtype=np.float32))


def adapted(own: Films, test: Films) -> tuple[float, float]:
    """Return F1-macro and F1-micro of the regressions of moviegenre adapt."""
    fitted = fit_regressions(own.features, own.labels)
    probs = from_log_odds(fitted.regressions.logits(test.features))
    return scores(probs >= fitted.thresholds, test.labels)


def tfidf(own: Films, test: Films) -> tuple[float, float]:
    """Return the same of logistic regressions on words and pairs of words."""
    held_out = held_out_tfidf(own.texts, own.labels)
    scale, shift = fit_calibration(from_log_odds(held_out), own.labels, "platt")
    fitted = thresholds(from_log_odds(held_out * scale + shift), own.labels)
    odds = tfidf_log_odds(own.texts, own.labels, test.texts)
    return scores(from_log_odds(odds * scale + shift) >= fitted, test.labels)


def bert(own: Films, test: Films, names: list[str]) -> tuple[float, float]:
    """Return the same of ``moviegenre train bert`` on these films, a seventh of them held out.

    The best epoch, calibration and thresholds are those of the seventh.
    """
    with tempfile.TemporaryDirectory() as folder:
        _train_bert(own, test, names, Path(folder))
        predictor = moviegenre.load(Path(folder) / "bert")
        columns = [predictor.model.genres.names.index(name) for name in names]
        held_out = np.arange(0, len(own.ids), 7)
        odds, asked = (
            _logits(predictor, texts)[:, columns]
            for texts in ([own.texts[row] for row in held_out], test.texts)
        )
    labels = own.labels[held_out]
    scale, shift = fit_calibration(from_log_odds(odds), labels, "platt")
    fitted = thresholds(from_log_odds(odds * scale + shift), labels)
    chosen = from_log_odds(asked * scale + shift) >= fitted
    return scores(chosen, test.labels)


def _logits(predictor: Predictor, texts: list[str]) -> Column:
    films = [predictor.reader.read(text) for text in texts]
    return predictor.answer(films).logits.astype(np.float64)


def _train_bert(own: Films, test: Films, names: list[str], folder: Path) -> None:
    """Train ``bert`` for at least 200 steps; few films are seen more often."""
    table, data = folder / "films.csv", folder / "data"
    rows = [(own, row, "val" if row % 7 == 0 else "train") for row in range(len(own.ids))]
    rows += [(test, row, "test") for row in range(len(test.ids))]
    known = [*names, *([_NONE] if (own.labels.sum(axis=1) == 0).any() else [])]
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "plot", "genres", "split"])
        for films, row, split in rows:
            has = [name for name, one in zip(names, films.labels[row], strict=True) if one]
            writer.writerow([films.ids[row], films.texts[row], "|".join(has) or _NONE, split])
    prepare = f"data prepare {table} --out {data} --split-column split --id-column id"
    _run(*prepare.split(), "--genres", ",".join(known), "--keep-incomplete", "--quiet")
    epochs = max(8, _STEPS * _BATCH_SIZE // len(own.ids))
    train = f"train bert --data {data} --out {folder} --quiet --set training.max_epochs={epochs}"
    train += f" --set training.batch_size={_BATCH_SIZE}"
    train += " --set training.patience=8 --set model.plot_encoder.name=minilm"
    _run(*train.split())


def _run(*arguments: str) -> None:
    try:
        run_command(list(arguments))
    except SystemExit as stopped:
        if stopped.code:
            raise


def scores(chosen: npt.NDArray[np.bool_], labels: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return F1-macro and F1-micro."""
    truth = labels > 0
    macro = f1_score(truth, chosen, average="macro", zero_division=0)
    return float(macro), float(f1_score(truth, chosen, average="micro", zero_division=0))


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--task", choices=("genres", "tags"), default="genres")
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 500, 1000, 2000])
    parser.add_argument("--draws", type=int, default=5, help="samples of films of each size")
    parser.add_argument("--bert", action="store_true", help="also train bert on the same films")
    harness.main(run, parser)
