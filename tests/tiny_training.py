"""A training of seconds: a tiny model on the tiny prepared movies."""

from pathlib import Path

from moviegenre.data.config import DataConfig
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.losses import BCEConfig
from moviegenre.training.config import TrainingConfig
from tests.tiny_models import tiny_config
from tests.tiny_movies import IMAGE_SIZE, MAX_TOKENS

_TRAINING = {
    "max_epochs": 3,
    "batch_size": 16,
    "encoder_lr": 2e-3,
    "head_lr": 5e-3,
    "patience": 100,
    "precision": "fp32",
}


def tiny_experiment(
    name: str, data: Path, bert_folder: Path, **training: object
) -> ExperimentConfig:
    """Return the resolved settings of a tiny training; ``training`` changes some of them."""
    return ExperimentConfig(
        model_name=name,
        data=DataConfig(dir=data, plot="first", max_tokens=MAX_TOKENS, image_size=IMAGE_SIZE),
        training=TrainingConfig.parse({**_TRAINING, **training}, "the tiny training"),
        loss=BCEConfig(),
        model=tiny_config(name, bert_folder),
    )
