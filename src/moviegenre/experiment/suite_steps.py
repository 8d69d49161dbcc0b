"""The steps of a whole experiment: prepare the movies, train each model.

Finished steps are not repeated: prepared data and finished models are kept, and an interrupted
training is resumed after its last completed interval. A model that was trained with other settings
is trained again only with ``restart``.
"""

import logging
import shlex
from collections.abc import Sequence
from pathlib import Path

from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.core.errors import CheckpointError, ConfigError, DataError
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.config import ExperimentConfig, PrepareConfig, Suite
from moviegenre.experiment.earlier_training import changes_since, has_work, initial_checkpoints
from moviegenre.experiment.runs import read_run
from moviegenre.experiment.train import train

logger = logging.getLogger(__name__)

SYNTHETIC = "synthetic"
OTHER_CHECKPOINTS = "choose another folder with `checkpoints`=DIR"


def command_line(command: str, config: Path, overrides: Sequence[str]) -> str:
    """Return the command line that runs a config file.

    Args:
        command: ``reproduce`` or ``ablate``.
        config: The YAML file.
        overrides: ``a.b=c`` settings.
    """
    words = ["moviegenre", command, "--config", str(config)]
    words += [word for override in overrides for word in ("--set", override)]
    return shlex.join(words)


def prepare_once(suite: Suite, *, progress: bool) -> None:
    """Prepare the movies, unless they were prepared from the same source before.

    Args:
        suite: The settings; they name the source and the folder.
        progress: Show progress bars.

    Raises:
        DataError: The source cannot be prepared, or the folder has other data.
    """
    from moviegenre.data.prepare import prepare

    settings, folder = suite.prepare, suite.data.dir
    if folder.is_dir() and any(folder.iterdir()):
        _check_source(PreparedData(folder), settings)
        logger.info("prepared data are in %s", folder)
        return
    source = settings.source
    if source == SYNTHETIC:
        source = str(_synthetic_movies(settings, folder))
    logger.info("preparing %s", source)
    prepare(
        source,
        folder,
        split=settings.split,
        seed=settings.seed,
        min_movies=settings.min_movies,
        progress=progress,
    )


def _synthetic_movies(settings: PrepareConfig, folder: Path) -> Path:
    """Generate synthetic movies beside the prepared folder, unless they exist."""
    from moviegenre.data.synthetic.generate import synthesize

    name = f"{folder.name}-movies-{settings.synthetic_movies}-seed-{settings.seed}"
    movies = folder.parent / name
    if not movies.is_dir():
        logger.info("making up %d movies in %s", settings.synthetic_movies, movies)
        synthesize(movies, settings.synthetic_movies, settings.seed)
    return movies


def _check_source(data: PreparedData, settings: PrepareConfig) -> None:
    """Raise an error if the prepared data differ in kind from the config."""
    if data.is_synthetic != (settings.source == SYNTHETIC):
        kind = "synthetic" if data.is_synthetic else "real"
        raise DataError(
            f"{data.root} holds {kind} movies, but prepare.source is {settings.source!r}; "
            "name another folder with `data.dir`=DIR, or delete this one"
        )


def train_once(
    experiment: ExperimentConfig,
    checkpoints: Path,
    data: PreparedData,
    *,
    restart: bool = False,
    progress: bool = True,
) -> bool:
    """Train a model, resume its training, or keep a finished one.

    Args:
        experiment: Its settings.
        checkpoints: The folder of the models' folders.
        data: The prepared data.
        restart: Train the model again if its settings, data or initial checkpoints have changed.
        progress: Show a progress bar.

    Returns:
        Whether the model was trained; False if it was finished before.

    Raises:
        ConfigError: Settings, data or initial checkpoints have changed, and ``restart`` is false.
        CheckpointError: An initial model is missing or does not fit.
    """
    name = experiment.model_name
    folder = checkpoints / name
    try:
        run = read_run(folder)
    except CheckpointError:
        if not restart:
            raise
        run = None
    if run is None:
        if has_work(folder) and not restart:
            raise ConfigError(trained_differently(folder, ["run.json is missing"]))
        logger.info("training %s", folder)
        train(experiment, checkpoints, overwrite=restart, progress=progress)
        return True
    changed = changes_since(experiment, folder, data)
    if run.get("initialised_from") != initial_checkpoints(experiment.model):
        changed.append("the checkpoints it starts from")
    if changed and not restart:
        raise ConfigError(trained_differently(folder, changed))
    if changed:
        logger.info("training %s anew", folder)
        train(experiment, checkpoints, overwrite=True, progress=progress)
    elif run.get("status") != "finished":
        logger.info("going on with %s", folder)
        train(experiment, checkpoints, resume=True, progress=progress)
    elif not (folder / BEST_FILE).is_file():
        logger.info("training %s anew, whose weights are gone", folder)
        train(experiment, checkpoints, overwrite=True, progress=progress)
    else:
        logger.info("%s is trained already", folder)
        return False
    return True


def trained_differently(folder: Path, changed: Sequence[str]) -> str:
    """Return the error for a model that was trained with other settings or data."""
    return (
        f"{folder} was trained differently ({', '.join(changed)}); train it anew with "
        f"`restart`, or keep it and {OTHER_CHECKPOINTS}"
    )
