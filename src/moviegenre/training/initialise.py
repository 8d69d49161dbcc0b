"""Initialise a model from trained single-modality checkpoints."""

from dataclasses import dataclass
from pathlib import Path

import torch

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.errors import CheckpointError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality, Track
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import GenreModel


@dataclass(frozen=True)
class Initial:
    """The initial weights of a model.

    Attributes:
        copied: The names of the copied parameters.
        track: ``open`` if any source is of the open track.
    """

    copied: list[str]
    track: Track


def initialise_from(
    model: GenreModel,
    folder: Path,
    sources: dict[Modality, str],
    genres: GenreVocabulary,
    tokenizer: PlotTokenizer | None,
) -> Initial:
    """Copy parameters of the same name and shape from trained checkpoints into ``model``.

    Args:
        model: The model to be trained.
        folder: The folder with a folder for each trained model.
        sources: The name of the trained model for each modality.
        genres: The model's genre vocabulary.
        tokenizer: The model's tokenizer.

    Returns:
        The copied weights and their track.

    Raises:
        CheckpointError: A checkpoint is missing or has other genres, another tokenizer, another
            encoder or a head of another width.
    """
    copied: list[str] = []
    tracks: set[Track] = set()
    for modality, name in sources.items():
        path = folder / name / BEST_FILE
        source = load_checkpoint(path)
        _check_fits(path, source.info, modality, genres, tokenizer)
        tracks.add(source.info.track)
        weights = source.network.state_dict()
        model_weights = model.state_dict()
        prefix = f"{modality.value}_"
        shared = [key for key in weights if key.startswith(prefix) and key in model_weights]
        resized = [key for key in shared if weights[key].shape != model_weights[key].shape]
        encoder_keys = [key for key in model_weights if key.startswith(f"{prefix}encoder.")]
        if resized and all(key.startswith(f"{prefix}head.") for key in resized):
            key = resized[0]
            raise CheckpointError(
                f"{path} has a {key} of {tuple(weights[key].shape)}, this model one of "
                f"{tuple(model_weights[key].shape)}; give both heads the same width (hidden_dim "
                "there; here model.poster_hidden_dim, for posters)"
            )
        if resized or not set(encoder_keys) <= set(shared):
            raise CheckpointError(
                f"{path} has another {modality} encoder than this model; give both the same "
                f"model.{modality}_encoder, or set model.init_{modality}=null"
            )
        with torch.no_grad():
            for key in shared:
                model_weights[key].copy_(weights[key])
        copied += shared
    return Initial(copied, "open" if "open" in tracks else "closed")


def _check_fits(
    path: Path,
    source: ModelInfo,
    modality: Modality,
    genres: GenreVocabulary,
    tokenizer: PlotTokenizer | None,
) -> None:
    if source.genres != genres:
        raise CheckpointError(
            f"{path} was trained for the genres {', '.join(source.genres)}; expected "
            f"{', '.join(genres)}; train it again on these data"
        )
    if modality is not Modality.PLOT or source.tokenizer is None or tokenizer is None:
        return
    if source.tokenizer.identity != tokenizer.identity:
        raise CheckpointError(f"{path} reads plots with another tokenizer than this model")
