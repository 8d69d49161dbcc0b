"""Starting a model from trained single-modality checkpoints."""

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
        copied: The names of the parameters that were copied.
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
        model: What is to be trained.
        folder: Holds a folder for each trained model.
        sources: Which trained model each modality starts from.
        genres: The model's genre vocabulary.
        tokenizer: The model's tokenizer.

    Returns:
        What was copied, and whether any of it learned from further plots.

    Raises:
        CheckpointError: A checkpoint is missing or was made for other genres, another tokenizer,
            another encoder or a head of another width.
    """
    copied: list[str] = []
    tracks: set[Track] = set()
    for modality, name in sources.items():
        path = folder / name / BEST_FILE
        source = load_checkpoint(path)
        _check_fits(path, source.info, modality, genres, tokenizer)
        tracks.add(source.info.track)
        weights = source.network.state_dict()
        own = model.state_dict()
        prefix = f"{modality.value}_"
        wanted = [key for key in weights if key.startswith(prefix) and key in own]
        misfits = [key for key in wanted if weights[key].shape != own[key].shape]
        encoder_keys = [key for key in own if key.startswith(f"{prefix}encoder.")]
        if misfits and all(key.startswith(f"{prefix}head.") for key in misfits):
            there, here = (tuple(one[misfits[0]].shape) for one in (weights, own))
            raise CheckpointError(
                f"{path} has a {misfits[0]} of {there}, this model one of {here}; give both heads "
                "the same width (hidden_dim there; here model.poster_hidden_dim, for posters)"
            )
        if misfits or not set(encoder_keys) <= set(wanted):
            raise CheckpointError(
                f"{path} has another {modality} encoder than this model; give both the same "
                f"model.{modality}_encoder, or set model.init_{modality}=null"
            )
        with torch.no_grad():
            for key in wanted:
                own[key].copy_(weights[key])
        copied += wanted
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
