"""The origin and licence of a model's initial weights: a section of the model card."""

from collections.abc import Sequence

from moviegenre.artifacts.info import ModelInfo
from moviegenre.models.encoders.packaged import BGE_SMALL, MINILM, MPNET

_BERT = "BERT base, by Google, Apache-2.0"
_BGE = "bge-small-en-v1.5, by the Beijing Academy of Artificial Intelligence, MIT"
_MPNET = "all-mpnet-base-v2, by the Sentence Transformers project, Apache-2.0"
_FROM_SCRATCH = (
    "random weights, trained on posters of the training split alone: nobody else's terms"
)
_KNOWN_ENCODERS = {
    BGE_SMALL: _BGE,
    "BAAI/bge-small-en-v1.5": _BGE,
    MPNET: _MPNET,
    "sentence-transformers/all-mpnet-base-v2": _MPNET,
    MINILM: "all-MiniLM-L6-v2, by the Sentence Transformers project, Apache-2.0",
    "bert-base-uncased": _BERT,
    "google-bert/bert-base-uncased": _BERT,
    "microsoft/resnet-50": "ResNet-50 trained on ImageNet, by Microsoft, Apache-2.0",
    "efficientnet-b4": (
        "EfficientNet-B4 trained on ImageNet, by Google (Tan and Le 2019), Apache-2.0; its "
        "conversion to PyTorch MIT"
    ),
    "scratch": _FROM_SCRATCH,
    "none": _FROM_SCRATCH,
}
"""The known encoders, with the licences that their makers state."""

_ENCODER_FIELDS = ("plot_encoder", "poster_encoder")


def origins(info: ModelInfo, also: Sequence[str] = ()) -> str:
    """Return a Markdown section with the origin of every encoder's weights.

    Args:
        info: The description of the model.
        also: A sentence for each further model that the weights learned from.
    """
    settings = info.config["model"]
    lines = [
        f"- {field.replace('_', ' ').capitalize()}: {_origin(settings[field]['name'])}."
        for field in _ENCODER_FIELDS
        if field in settings
    ]
    if not lines:
        lines = ["- Nothing: its weights were random at first."]
    return "\n".join(
        ["## What it starts from", "", *lines, *(f"- {sentence}" for sentence in also)]
    )


def _origin(name: str) -> str:
    short_name = name.rstrip("/").rsplit("/", 1)[-1] if name.startswith((".", "/", "~")) else name
    if short_name in _KNOWN_ENCODERS:
        return f"{_KNOWN_ENCODERS[short_name]} (`{short_name}`)"
    return f"`{short_name}`, on its owner's terms"
