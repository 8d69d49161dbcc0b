"""``ModelInfo``: the description of a trained model, without its weights. No PyTorch."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from moviegenre.core.errors import CheckpointError
from moviegenre.core.faults import fault_message
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Architectures, Modality, Part, Track
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

    Every checkpoint and exported folder has these fields, and they are checked when it is read.

    Attributes:
        model_name: Its name on the command line.
        architectures: Architecture of each pretrained encoder.
        config: The resolved settings of its training: ``data, training, model, loss``.
        genres: The genre of each logit, in order.
        tokenizer: Its tokenizer; None if it reads no plots.
        metrics: Validation scores, fractions in [0, 1].
        epoch: The number of epochs after which the weights were saved.
        revisions: Hub revisions of pretrained parts.
        versions: Package versions it was trained with.
        data_fingerprint: Hash of the prepared data it was trained on.
        track: ``closed`` if it learned from the training split alone; ``open`` if it, or the model
            that it started from, also learned from other labelled plots.
        modalities: The modalities it reads. Not stored: the network or the folder has them.
        members: The members of an ensemble; empty for other models. Not stored.
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
    track: Track = "closed"  # older files have no track
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
        """Read the result of ``stored``.

        Args:
            content: Plain values.
            where: Their source, for the message.

        Raises:
            CheckpointError: Values are missing or have the wrong type; the message names all.
            DataError: There are no genres, or they are not distinct.
            PretrainedError: The tokenizer's text is no tokenizer.
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
        """Return the fields in a model's files, as plain values."""
        values = {name: value for name, value in self if name not in ("modalities", "members")}
        return values | {"genres": list(self.genres), "tokenizer": self.tokenizer_json}

    @property
    def tokenizer_json(self) -> str | None:
        """The JSON text of the tokenizer, if there is one."""
        return self.tokenizer.to_json() if self.tokenizer else None

    @property
    def data_config(self) -> DataConfig:
        """The data settings of its training.

        Raises:
            CheckpointError: The data settings are missing.
            ConfigError: They are not valid.
        """
        if not isinstance(self.config.get("data"), Mapping):
            raise CheckpointError(
                "the model's settings lack those of its data, so films cannot be read for it; "
                "train or fetch it again"
            )
        return DataConfig.parse(self.config["data"], "the model's data settings")

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of a film that it reads, in the order of ``Part``; title and year with a plot.

        Raises:
            CheckpointError: The data settings are missing.
            ConfigError: They are not valid.
        """
        parts: list[Part] = [one.value for one in Modality if one in self.modalities]
        if Modality.PLOT in self.modalities:
            headings: tuple[Part, ...] = ("title", "year")
            parts += [part for part in headings if part in self.data_config.reads]
        return tuple(parts)


def joint_track(members: Iterable[ModelInfo]) -> Track:
    """Return the track of an ensemble: open if a member is open."""
    return "open" if any(member.track == "open" for member in members) else "closed"
