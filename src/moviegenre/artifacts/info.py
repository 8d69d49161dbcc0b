"""``ModelInfo``: the description of a trained model, without its weights. No PyTorch."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from moviegenre.core.errors import CheckpointError
from moviegenre.core.faults import fault_message
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Architectures, Modality, Track
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PlotTokenizer


def _vocabulary(genres: object) -> GenreVocabulary:
    """Return the genres of a list of names."""
    if isinstance(genres, GenreVocabulary):
        return genres
    if not isinstance(genres, list):
        raise ValueError("expected a list")
    if not all(isinstance(name, str) for name in genres):
        raise ValueError("expected a list of names")
    return GenreVocabulary(tuple(genres))


def _tokenizer(tokenizer: object) -> object:
    """Return the tokenizer of a JSON text."""
    return PlotTokenizer(tokenizer) if isinstance(tokenizer, str) else tokenizer


class ModelInfo(BaseModel):
    """A trained model without its weights.

    A fact that is added here is in every checkpoint and every exported folder, and is checked when
    these are read.

    Attributes:
        model_name: Which model, as on the command line.
        architectures: Architecture of each pretrained encoder.
        config: The resolved settings it was trained with: ``data, training, model, loss``.
        genres: The genre of each logit, in order.
        tokenizer: Its tokenizer; None if it reads no plots.
        metrics: Validation scores, fractions in [0, 1].
        epoch: After how many epochs the weights were taken.
        revisions: Hub revisions of pretrained parts.
        versions: Package versions it was trained with.
        data_fingerprint: Hash of the prepared data it was trained on.
        track: ``closed`` if it learned from the training split alone, ``open`` if from further
            labelled plots as well, itself or what it started from.
        modalities: The modalities it reads. Not stored, as the network or the folder has them.
        members: The models that an ensemble is made of; none for all others. Not stored.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", strict=True, arbitrary_types_allowed=True
    )

    model_name: str
    architectures: Architectures
    config: dict[str, Any]
    genres: Annotated[GenreVocabulary, BeforeValidator(_vocabulary)]
    tokenizer: Annotated[PlotTokenizer | None, BeforeValidator(_tokenizer)]
    metrics: dict[str, float]
    epoch: float = Field(ge=0, allow_inf_nan=False)
    revisions: dict[str, str]
    versions: dict[str, str]
    data_fingerprint: str
    track: Track = "closed"  # older ones do not say
    modalities: frozenset[Modality] = frozenset()
    members: tuple["ModelInfo", ...] = ()

    @field_validator("config")
    @classmethod
    def _has_groups(cls, config: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(config.get("model"), dict):
            raise ValueError("'model' is missing, or is no group of settings")
        return config

    @classmethod
    def parse(cls, content: Mapping[str, Any], where: str) -> Self:
        """Read what ``stored`` returned.

        Args:
            content: Plain values.
            where: Their source, for the message.

        Raises:
            CheckpointError: Values are missing or of another type; the message names all.
            DataError: The genres are none, or not distinct.
            PretrainedError: The tokenizer is none.
        """
        try:
            return cls.model_validate(dict(content))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, item['loc']))}: {fault_message(dict(item))}"
                for item in error.errors()
            ]
            raise CheckpointError(
                f"{where} is damaged ({'; '.join(faults)}); write the model again, "
                "or fetch it again"
            ) from None

    def stored(self) -> dict[str, Any]:
        """Return the facts in a model's files, as plain values."""
        plain = {name: value for name, value in self if name not in ("modalities", "members")}
        return plain | {"genres": list(self.genres), "tokenizer": self.tokenizer_json}

    @property
    def tokenizer_json(self) -> str | None:
        """The JSON text of the tokenizer, if there is one."""
        return self.tokenizer.to_json() if self.tokenizer else None

    @property
    def data_config(self) -> DataConfig:
        """The data settings it was trained with.

        Raises:
            CheckpointError: They are missing.
            ConfigError: They are no data settings.
        """
        if not isinstance(self.config.get("data"), Mapping):
            raise CheckpointError(
                "the model's settings lack those of its data, so films cannot be read for it; "
                "train or fetch it again"
            )
        return DataConfig.parse(self.config["data"], "the model's data settings")


def joint_track(members: Iterable[ModelInfo]) -> Track:
    """Return the track of an ensemble: open if a member is open."""
    return "open" if any(member.track == "open" for member in members) else "closed"
