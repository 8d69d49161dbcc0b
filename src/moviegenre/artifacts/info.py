"""The stored description of a model, read from a checkpoint or an exported folder."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from moviegenre.core.errors import CheckpointError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Architectures, Track
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PlotTokenizer


class StoredModel(BaseModel):
    """A trained model without its weights, as plain values.

    Attributes:
        model_name: Which model, as on the command line.
        architectures: Architecture of each pretrained encoder.
        config: The resolved settings it was trained with, ``model`` among them.
        genres: What its logits mean, in order.
        tokenizer: The JSON text of what it reads plots with; None if it reads none.
        metrics: Validation scores.
        epoch: After how many epochs the weights were taken.
        revisions: Hub revisions of pretrained parts.
        versions: Package versions it was trained with.
        data_fingerprint: Hash of the prepared data it was trained on.
        track: ``open`` if it learned from further labelled plots too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    model_name: str
    architectures: Architectures
    config: dict[str, Any]
    genres: list[str]
    tokenizer: str | None
    metrics: dict[str, float]
    epoch: float = Field(ge=0, allow_inf_nan=False)
    revisions: dict[str, str]
    versions: dict[str, str]
    data_fingerprint: str
    track: Track = "closed"  # older ones do not say

    @field_validator("config")
    @classmethod
    def _has_groups(cls, config: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(config.get("model"), dict):
            raise ValueError("'model' is missing, or is no group of settings")
        return config

    @classmethod
    def parse(cls, content: Mapping[str, Any], where: str) -> Self:
        """Check plain values.

        Args:
            content: What was read.
            where: From where, for the message.

        Raises:
            CheckpointError: Values are missing or of another type; the message names all.
        """
        try:
            return cls.model_validate(dict(content))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
                for item in error.errors()
            ]
            raise CheckpointError(
                f"{where} is damaged ({'; '.join(faults)}); write the model again, "
                "or fetch it again"
            ) from None

    def vocabulary(self) -> GenreVocabulary:
        """Return the genres.

        Raises:
            DataError: A name is empty or given twice, or there is none.
        """
        return GenreVocabulary(tuple(self.genres))

    def plot_tokenizer(self) -> PlotTokenizer | None:
        """Return the tokenizer of plots, if there is one.

        Raises:
            PretrainedError: The text is no tokenizer.
        """
        return None if self.tokenizer is None else PlotTokenizer(self.tokenizer)


def stored_data_config(config: Mapping[str, Any]) -> DataConfig:
    """Return the data settings that a model was trained with.

    Args:
        config: All its settings.

    Raises:
        CheckpointError: They are missing.
        ConfigError: They are no data settings.
    """
    if not isinstance(config.get("data"), Mapping):
        raise CheckpointError(
            "the model's settings lack those of its data, so films cannot be read for it; train or "
            "fetch it again"
        )
    return DataConfig.parse(config["data"], "the model's data settings")
