"""``bert``: a pretrained transformer on plots."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field
from torch import nn

from moviegenre.core.types import Family, Modality
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import MAX_WIDTH, BuildContext, GenreModel, ModelConfig
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.encoders.plot import PlotEncoder, PlotEncoderConfig
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.pooling import masked_mean


class Bert(GenreModel):
    """A pretrained encoder, an average over plot tokens, logits.

    Reference: Devlin et al., "BERT", https://arxiv.org/abs/1810.04805; differs in that tokens are
    averaged (Reimers and Gurevych, https://arxiv.org/abs/1908.10084), which suits sentence
    encoders and shows every token's share.

    Args:
        plot_encoder: Computes the token vectors.
        num_labels: L.
        hidden_dim: Width of a hidden layer before the logits; 0 for none.
        dropout: Before each layer of the head.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
    """

    modalities = frozenset({Modality.PLOT})

    def __init__(
        self,
        plot_encoder: PlotEncoder,
        *,
        num_labels: int,
        hidden_dim: int,
        dropout: float,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.plot_encoder = plot_encoder
        self.plot_head = ClassificationHead(
            plot_encoder.dim,
            num_labels,
            hidden_dim=hidden_dim,
            dropout=dropout,
            label_frequencies=label_frequencies,
        )

    def embedding_head(self) -> nn.Module | None:
        """Return the head, whose input (B, D) is the film's embedding."""
        return self.plot_head

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L); a movie without a plot gets the label prior."""
        embedding = masked_mean(self.plot_encoder(batch), self.plot_encoder.mask(batch))
        return ModelOutput(self.plot_head(embedding))


class BertConfig(ModelConfig):
    """Settings of ``bert``.

    Attributes:
        plot_encoder: The pretrained encoder.
        init_from: A folder of trained models with a ``bert`` to start from, for example one
            trained on short plots; None starts from the pretrained encoder.
        hidden_dim: Width of a hidden layer before the logits; 0 for none.
        dropout: Before each layer of the head.
    """

    model_name = "bert"
    title = "BERT text"
    modalities = Bert.modalities
    family: ClassVar[Family] = Family.SINGLE
    baseline: ClassVar[str | None] = "lstm"

    plot_encoder: PlotEncoderConfig = PlotEncoderConfig()
    init_from: Path | None = None
    hidden_dim: int = Field(default=0, ge=0, le=MAX_WIDTH)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)

    @property
    def is_pretrained(self) -> bool:
        """True: there is no encoder without pretrained weights."""
        return True

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer:
        """Return the tokenizer of the encoder."""
        return self.plot_encoder.load_tokenizer()

    def build(self, context: BuildContext) -> Bert:
        """Return the model, with a pretrained encoder unless the context has its architecture."""
        return Bert(
            self.plot_encoder.build(context.architectures.get("plot_encoder")),
            num_labels=context.num_labels,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            label_frequencies=context.label_frequencies,
        )

    def initial_models(self) -> tuple[Path, dict[Modality, str]] | None:
        """Return the folder with the ``bert`` that plot encoder and head start from."""
        return None if self.init_from is None else (self.init_from, {Modality.PLOT: "bert"})

    def revisions(self) -> dict[str, str]:
        """Return the Hub revision of the encoder, if it is from the Hub."""
        return self.plot_encoder.revisions()
