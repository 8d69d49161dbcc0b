"""Audit prepared data: near duplicates, genre names in plots, label errors, a clean split."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.locate import weights_file
from moviegenre.core.decisions import from_log_odds, log_odds
from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Split
from moviegenre.data.film_text import choose_plot
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.calibration import fit_calibration
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.compare import model_folders
from moviegenre.experiment.predictions import cache_file
from moviegenre.studies.audit.clean import check_clean_target, write_clean
from moviegenre.studies.audit.cross_fit import cross_fitted
from moviegenre.studies.audit.findings import Audit
from moviegenre.studies.audit.genre_words import find_genre_words
from moviegenre.studies.audit.label_errors import LabelError, find_label_errors
from moviegenre.studies.audit.movies import AuditMovies
from moviegenre.studies.audit.pairs import Pair, clusters, leak_pairs, leaked_rows
from moviegenre.studies.audit.plot_pairs import find_plot_pairs, too_short
from moviegenre.studies.audit.poster_pairs import find_poster_pairs
from moviegenre.studies.audit.settings import AuditSettings

OnStep = Callable[[str], None]
Probs = npt.NDArray[np.float64]
_HELD_OUT = (Split.VAL, Split.TEST)


def audit(
    data_dir: Path,
    settings: AuditSettings,
    *,
    checkpoints: Path | None = None,
    judge_labels: bool = True,
    drop_leaks: Path | None = None,
    on_step: OnStep = lambda text: None,
    report: Callable[[Audit], None] = lambda result: None,
) -> Audit:
    """Audit prepared data; the folders of the data and of the models stay unchanged.

    Args:
        data_dir: The prepared data.
        settings: The limits of the audit.
        checkpoints: Trained models; their cached predictions judge the labels of val and test.
        judge_labels: Search for label errors, which takes longest.
        drop_leaks: Write a clean split into this new folder.
        on_step: Called with the name of each step.
        report: Writes the findings, before the clean split is written.

    Raises:
        CheckpointError: No model in ``checkpoints`` has cached predictions for these movies.
        DataError: The data cannot be read, or the folder ``drop_leaks`` is not empty.
        MissingExtraError: scipy or scikit-learn is not installed.
    """
    data = PreparedData(data_dir)
    if drop_leaks is not None:
        check_clean_target(drop_leaks)
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        on_step(name)
        start = time.monotonic()
        yield
        seconds[name] = time.monotonic() - start

    judges: dict[str, Probs] = {}
    if checkpoints is not None and judge_labels:
        judges = _judges(checkpoints, data)
    movies = AuditMovies.read(data)
    with timed("plots"):
        pairs = find_plot_pairs(movies.plots, settings.plot_similarity)
    with timed("posters"):
        poster_pairs, plain = find_poster_pairs(movies, settings.poster_distance)
    pairs = sorted([*pairs, *poster_pairs], key=lambda p: (-p.similarity, p.first, p.second))
    texts = [choose_plot(plots, settings.plot) for plots in movies.plots]
    with timed("genre words"):
        words = find_genre_words(texts, movies.labels, movies.genres)
    sources: dict[str, str] = {}
    errors: list[LabelError] = []
    if judge_labels:
        with timed("labels"):
            sources, errors = _label_errors(movies, texts, pairs, judges, settings, on_step)
    dropped = leaked_rows(leak_pairs(pairs, settings.leaks), movies.splits)
    result = Audit(
        movies=movies,
        settings=settings,
        pairs=pairs,
        plain_posters=plain,
        short_plots=too_short(movies.plots),
        words=sorted(words, key=lambda w: -np.nan_to_num(w.with_label - w.without_label)),
        sources=sources,
        errors=errors,
        dropped=dropped,
        synthetic=data.is_synthetic,
        seconds=seconds,
    )
    report(result)
    if drop_leaks is not None:  # last, because the same audit is refused if the folder exists
        thresholds = {
            "plot_similarity": settings.plot_similarity,
            "poster_distance": settings.poster_distance,
            "leaks": settings.leaks,
        }
        with timed("clean split"):
            write_clean(data, movies, dropped, drop_leaks, thresholds)
    return result


def _judges(checkpoints: Path, data: PreparedData) -> dict[str, Probs]:
    """Return the calibrated log-odds of each model for val and test, in one array.

    A model with equal predictions for all movies, such as ``prior``, is left out.
    """
    judges: dict[str, Probs] = {}
    for folder in model_folders(checkpoints, None):
        files = [cache_file(weights_file(folder), data, split) for split in _HELD_OUT]
        if not all(file.is_file() for file in files):
            continue
        val, test = map(Predictions.load, files)
        if np.ptp(val.probs, axis=0).max(initial=0) == 0:
            continue
        scale, shift = fit_calibration(val.probs, val.labels, "platt")
        odds = log_odds(np.concatenate([val.probs, test.probs]))
        judges[folder.name] = odds * scale + shift
    if not judges:
        raise CheckpointError(
            f"no model in {checkpoints} has predictions for val and test of {data.root}; make "
            f"them with: moviegenre compare {checkpoints} --data {data.root}"
        )
    return judges


def _label_errors(
    movies: AuditMovies,
    texts: list[str],
    pairs: list[Pair],
    judges: dict[str, Probs],
    settings: AuditSettings,
    on_step: OnStep,
) -> tuple[dict[str, str], list[LabelError]]:
    """Return the models that judged each split, and the likely label errors, the worst first."""
    groups = clusters(pairs, len(movies))
    raw = cross_fitted(texts, movies.labels, groups, folds=settings.folds, on_step=on_step)
    readable = np.array([bool(text.strip()) for text in texts])
    rows = movies.rows_of(Split.TRAIN) if judges else np.arange(len(movies))
    rows = rows[readable[rows]]
    labels = movies.labels[rows]
    errors = find_label_errors(_calibrated(raw[rows], labels), labels, rows)
    bag_of_words = f"TF-IDF of plots ({settings.plot}), {settings.folds} folds"
    sources = {split.value: bag_of_words for split in Split}
    if judges:
        held_out = np.concatenate([movies.rows_of(split) for split in _HELD_OUT])
        mean = from_log_odds(np.mean(list(judges.values()), axis=0))
        labels = movies.labels[held_out]
        errors += find_label_errors(_calibrated(mean, labels), labels, held_out)
        sources |= {split.value: f"the mean of {', '.join(judges)}" for split in _HELD_OUT}
    return sources, sorted(errors, key=lambda error: (error.score, error.row, error.genre))


def _calibrated(probs: Probs, labels: npt.NDArray[np.bool_]) -> Probs:
    """Return probabilities calibrated with a scale and a shift of the log-odds of each genre."""
    scale, shift = fit_calibration(probs, labels, "platt")
    return from_log_odds(log_odds(probs) * scale + shift)
