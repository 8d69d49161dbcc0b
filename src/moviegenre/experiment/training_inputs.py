"""The inputs of a training: the untrained model, its movies and its loss."""

import logging
from dataclasses import dataclass, replace

import lightning
import numpy as np
import numpy.typing as npt
from torch import nn

from moviegenre.artifacts.checkpoint import load_checkpoint, package_versions
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Modality, Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.extra import ExtraPlots, training_texts
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.experiment.predictions import predict_split
from moviegenre.models.base import BuildContext, GenreModel, label_frequencies
from moviegenre.models.inputs import load_movies, load_scored_movies
from moviegenre.nn.processes import broadcast_from_first
from moviegenre.training.hardware import uses_bf16
from moviegenre.training.initialise import initialise_from

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingInputs:
    """The inputs of a training.

    Attributes:
        model: The untrained model.
        info: Its description.
        movies: The training and the validation split.
        loss: The loss of logits and labels; a weighted loss has the weights of the training labels.
    """

    model: GenreModel
    info: ModelInfo
    movies: tuple[MovieTensors, MovieTensors]
    loss: nn.Module


def load_inputs(experiment: ExperimentConfig, data: PreparedData) -> TrainingInputs:
    """Build the model and load its movies, in every process of a training.

    Args:
        experiment: The resolved settings.
        data: The prepared data.

    Raises:
        PretrainedError: A pretrained encoder cannot be loaded.
        CheckpointError: An initial model does not fit.
        ConfigError: The model does not support the settings.
    """
    extra = _extra_plots(experiment, data)
    teacher = None
    if not experiment.model.fitted and experiment.training.teacher is not None:
        teacher = load_checkpoint(experiment.training.teacher)
    model, info = _build(experiment, data, extra)
    if teacher is not None and teacher.info.track == "open":
        info = info.model_copy(update={"track": "open"})
    # A measurement, which could differ between processes; the name of their shared cache uses it.
    bf16 = broadcast_from_first(lambda: uses_bf16(experiment.training))
    movies = (
        load_movies(data, Split.TRAIN, experiment.data, model, info.tokenizer, extra, bf16=bf16),
        load_scored_movies(data, Split.VAL, experiment.data, model, info.tokenizer),
    )
    if experiment.data.plot == "random" and extra is not None and not experiment.data.forms:
        movies = (replace(movies[0], drawn_from=extra.films), movies[1])
    model.prepare(movies[0])
    if teacher is not None:
        labels = _teacher_labels(movies[0], teacher, experiment, data)
        movies = (replace(movies[0], labels=labels), movies[1])
    assert movies[0].labels is not None, "prepared movies are labelled"
    return TrainingInputs(model, info, movies, experiment.loss.build(movies[0].labels))


def _teacher_labels(
    movies: MovieTensors, teacher: TorchModel, experiment: ExperimentConfig, data: PreparedData
) -> npt.NDArray[np.float32]:
    """Return labels (N, L) mixed with a teacher's probabilities.

    Reference: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network",
    https://arxiv.org/abs/1503.02531; differs in that the labels are independent, and that labels
    and probabilities are mixed instead of two losses.
    """
    assert movies.labels is not None, "training movies are labelled"
    weight = experiment.training.teacher_weight
    probs = broadcast_from_first(lambda: predict_split(teacher, data, Split.TRAIN).probs)
    stored = np.arange(len(movies)) if movies.stored is None else movies.stored
    is_movie = stored < len(probs)  # extra plots follow; they keep their labels
    labels = movies.labels.copy()
    labels[is_movie] = (1 - weight) * labels[is_movie] + weight * probs[stored[is_movie]]
    return labels


def _extra_plots(experiment: ExperimentConfig, data: PreparedData) -> ExtraPlots | None:
    """Return the extra plots for training, if the model reads plots."""
    if Modality.PLOT not in experiment.model.modalities:
        return None
    in_epochs = not experiment.model.fitted
    return training_texts(data, experiment.data, experiment.training.seed, epochs=in_epochs)


def _build(
    experiment: ExperimentConfig, data: PreparedData, extra: ExtraPlots | None
) -> tuple[GenreModel, ModelInfo]:
    """Return the untrained model and its description."""
    lightning.seed_everything(experiment.training.seed, verbose=False)
    settings = experiment.model

    def train_plots() -> list[str]:
        if extra is not None and extra.movies is not None:
            return extra.plots
        plots = data.plots(Split.TRAIN, experiment.data.plot, experiment.data.reads)
        return plots if extra is None else plots + extra.plots

    tokenizer = settings.load_tokenizer(train_plots)
    context = BuildContext(
        num_labels=len(data.genres),
        tokenizer=tokenizer,
        label_frequencies=label_frequencies(data.labels(Split.TRAIN)),
    )
    model = settings.build(context)
    is_open = extra is not None and experiment.data.extra is not None
    copied: list[str] = []
    if (initial_models := settings.initial_models()) is not None:
        folder, sources = initial_models
        initial = initialise_from(model, folder, sources, data.genres, tokenizer)
        logger.info("copied %d tensors from %s", len(initial.copied), ", ".join(sources.values()))
        copied = initial.copied
        is_open |= initial.track == "open"
    elif settings.starts_from_others:
        logger.info(
            "%s starts from pretrained encoders alone; model.init_from=FOLDER starts it from the "
            "trained bert and resnet in FOLDER, as reproduce does",
            experiment.model_name,
        )
    if random_weights := sorted(model.frozen_head_weights() - set(copied)):
        raise ConfigError(
            f"model.frozen_poster_head would leave {random_weights[0]} as it was drawn; start from "
            "a trained poster model (model.init_from, model.init_poster) whose hidden_dim is this "
            "model's poster_hidden_dim"
        )
    info = ModelInfo(
        model_name=experiment.model_name,
        architectures={},
        config=experiment.to_dict(),
        genres=data.genres,
        tokenizer=tokenizer,
        metrics={},
        epoch=0.0,
        revisions=settings.revisions(),
        versions=package_versions(),
        data_fingerprint=data.fingerprint,
        track="open" if is_open else "closed",
    )
    return model, info
