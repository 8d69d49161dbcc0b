"""``lstm``: a bidirectional LSTM on plots, trained from scratch."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from moviegenre.core.errors import PretrainedError, missing_path_message
from moviegenre.core.types import Architectures, Family, Modality
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import BuildContext, GenreModel, ModelConfig
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.pooling import masked_max, masked_mean


class LSTM(GenreModel):
    """Word embeddings, a packed bidirectional LSTM, mean and maximum over time, logits.

    Reference: Hochreiter and Schmidhuber, "Long short-term memory",
    https://doi.org/10.1162/neco.1997.9.8.1735.

    Args:
        vocab_size: The number of words, with padding and unknown.
        pad_id: The id of the padding word.
        embedding_dim: Size of a word's vector.
        hidden_dim: Size of each direction's state.
        num_layers: The number of LSTM layers.
        num_labels: L.
        dropout: On word vectors, between layers and before the logits.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
    """

    modalities = frozenset({Modality.PLOT})

    def __init__(
        self,
        *,
        vocab_size: int,
        pad_id: int,
        embedding_dim: int,
        hidden_dim: int,
        num_layers: int,
        num_labels: int,
        dropout: float,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        nn.init.normal_(self.embedding.weight, std=embedding_dim**-0.5)
        with torch.no_grad():
            self.embedding.weight[pad_id].zero_()
        self.embedding_dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(
            embedding_dim,
            hidden_dim,
            num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.head = ClassificationHead(
            4 * hidden_dim, num_labels, dropout=dropout, label_frequencies=label_frequencies
        )

    def architectures(self) -> Architectures:
        """Return the size of word vectors, which may depend on a file."""
        return {"embedding": {"dim": self.embedding.embedding_dim}}

    def inner_layer(self, modality: Modality) -> nn.Module | None:
        """Return the word embeddings (B, T, D)."""
        return self.embedding if modality is Modality.PLOT else None

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L); a movie without a plot gets the label prior."""
        word_vectors = self.embedding_dropout(self.embedding(batch.input_ids))
        lengths = (
            batch.attention_mask.sum(dim=1).clamp(min=1).cpu()
        )  # packing needs a length of at least 1
        packed = pack_padded_sequence(word_vectors, lengths, batch_first=True, enforce_sorted=False)
        states: Tensor = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=word_vectors.shape[1]
        )[0]
        mask = batch.attention_mask
        pooled = torch.cat([masked_mean(states, mask), masked_max(states, mask)], dim=1)
        return ModelOutput(self.head(pooled))


_MAX_WEIGHTS = 200_000_000  # 800 MB


class LSTMConfig(ModelConfig):
    """Settings of ``lstm``.

    Attributes:
        max_words: Size of the vocabulary, built from the training plots.
        glove: A file of initial word vectors, see ``read_word_vectors``; their length replaces
            ``embedding_dim``.
        embedding_dim: Size of a word's vector without ``glove``.
        hidden_dim: Size of each direction's state.
        num_layers: The number of LSTM layers.
        dropout: On word vectors, between layers and before the logits.
    """

    model_name = "lstm"
    title = "LSTM text"
    modalities = LSTM.modalities
    family: ClassVar[Family] = Family.SINGLE
    default_loss: ClassVar[str] = "focal"

    max_words: int = Field(default=20_000, ge=3, le=2_000_000)
    glove: Path | None = None
    embedding_dim: int = Field(default=128, ge=1, le=4096)
    hidden_dim: int = Field(default=128, ge=1, le=4096)
    num_layers: int = Field(default=1, ge=1, le=16)
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _limit_weights(self) -> Self:
        state_dim = self.hidden_dim
        input_dim = max(self.embedding_dim, 2 * state_dim)
        # Two directions, with four gates each.
        layers = 8 * state_dim * self.num_layers * (input_dim + state_dim + 2)
        weights = self.max_words * self.embedding_dim + layers
        if weights > _MAX_WEIGHTS:
            raise ValueError(
                f"max_words, embedding_dim, hidden_dim and num_layers make {weights:,} weights; "
                f"expected at most {_MAX_WEIGHTS:,}"
            )
        return self

    @property
    def is_pretrained(self) -> bool:
        """Whether it starts from given word vectors."""
        return self.glove is not None

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer:
        """Return the vocabulary of the training plots."""
        return PlotTokenizer.from_words(plots(), self.max_words)

    def build(self, context: BuildContext) -> LSTM:
        """Return the model with random weights, and with word vectors from ``glove`` if it is set.

        Raises:
            PretrainedError: The file of word vectors is missing or has another format.
        """
        stored = context.architectures.get("embedding")
        vectors = read_word_vectors(self.glove) if self.glove and stored is None else {}
        embedding_dim = len(next(iter(vectors.values()))) if vectors else self.embedding_dim
        if stored is not None:
            embedding_dim = int(stored["dim"])
        tokenizer = context.plot_tokenizer
        model = LSTM(
            vocab_size=tokenizer.vocab_size,
            pad_id=tokenizer.pad_id,
            embedding_dim=embedding_dim,
            hidden_dim=self.hidden_dim,
            num_layers=self.num_layers,
            num_labels=context.num_labels,
            dropout=self.dropout,
            label_frequencies=context.label_frequencies,
        )
        with torch.no_grad():
            for word, row in tokenizer.vocabulary.items():
                if word in vectors:
                    model.embedding.weight[row] = torch.tensor(vectors[word])
        return model


def read_word_vectors(path: Path) -> dict[str, list[float]]:
    """Read word vectors of equal length.

    Args:
        path: A text file in GloVe's format (a word and its numbers on each line), or ``.json``
            (an object from word to list of numbers).

    Raises:
        PretrainedError: The file is missing or has another format.
    """
    if not path.is_file():
        step = "name a file of word vectors, or set model.glove=null"
        raise PretrainedError(missing_path_message(path, "a file of word vectors", step))
    try:
        text = path.read_text(encoding="utf-8")
        vectors: dict[str, list[float]] = (
            json.loads(text) if path.suffix == ".json" else _parse_glove(text)
        )
        sizes = {len(vector) for vector in vectors.values()}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise PretrainedError(f"{path}: {error}; expected a word and its numbers") from None
    if len(sizes) != 1:
        raise PretrainedError(f"{path} has vectors of {len(sizes)} lengths; expected one length")
    return vectors


def _parse_glove(text: str) -> dict[str, list[float]]:
    # Not splitlines, which also splits at U+0085, a word of GloVe.
    rows = (line.split(" ") for line in text.split("\n") if line)
    return {row[0]: [float(number) for number in row[1:]] for row in rows}
