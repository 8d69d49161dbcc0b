"""``resnet``: a vision network on posters, pretrained or from scratch."""

from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator
from torch import nn

from moviegenre.core.types import Family, Modality
from moviegenre.models.base import MAX_WIDTH, BuildContext, GenreModel, ModelConfig
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.encoders.poster import PosterEncoder, PosterEncoderConfig
from moviegenre.nn.heads import ClassificationHead


class ResNet(GenreModel):
    """An encoder, an average over poster regions, logits.

    Reference: He et al., "Deep residual learning for image recognition",
    https://arxiv.org/abs/1512.03385; any other vision encoder works the same way.

    Args:
        poster_encoder: Computes the region vectors.
        num_labels: L.
        hidden_dim: Width of a hidden layer before the logits; 0 for none.
        dropout: Before each layer of the head.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
        members: The number of heads that share the hidden layer; see ``ClassificationHead``.
    """

    modalities = frozenset({Modality.POSTER})

    def __init__(
        self,
        poster_encoder: PosterEncoder,
        *,
        num_labels: int,
        hidden_dim: int,
        dropout: float,
        label_frequencies: Sequence[float] | None = None,
        members: int = 1,
    ) -> None:
        super().__init__()
        self.poster_encoder = poster_encoder
        # Channels of a frozen network differ in scale by orders of magnitude.
        self.poster_norm = nn.LayerNorm(poster_encoder.dim)
        self.poster_head = ClassificationHead(
            poster_encoder.dim,
            num_labels,
            hidden_dim=hidden_dim,
            dropout=dropout,
            label_frequencies=label_frequencies,
            members=members,
        )

    def embedding_head(self) -> nn.Module | None:
        """Return the head, whose input (B, D) is the film's embedding."""
        return self.poster_head

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L); a movie without a poster gets the label prior."""
        embedding = self.poster_norm(self.poster_encoder(batch).mean(dim=1))
        return ModelOutput(self.poster_head(embedding * batch.has_poster.unsqueeze(1)))


class ResNetConfig(ModelConfig):
    """Settings of ``resnet``.

    Attributes:
        poster_encoder: The network.
        hidden_dim: Width of a hidden layer before the logits; 0 for none.
        dropout: Before each layer of the head.
        members: The number of heads of equal width that share the hidden layer; they are averaged.
    """

    model_name = "resnet"
    title = "ResNet vision"
    modalities = ResNet.modalities
    family: ClassVar[Family] = Family.SINGLE
    baseline: ClassVar[str | None] = "cnn"

    poster_encoder: PosterEncoderConfig = PosterEncoderConfig()
    hidden_dim: int = Field(default=0, ge=0, le=MAX_WIDTH)
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    members: int = Field(default=1, ge=1, le=1_000)

    @model_validator(mode="after")
    def _check_poster_encoder(self) -> Self:
        self.poster_encoder.refuse_untrained(started=False)
        return self

    @property
    def is_pretrained(self) -> bool:
        """Whether the encoder is pretrained."""
        return self.poster_encoder.is_pretrained

    def build(self, context: BuildContext) -> ResNet:
        """Return the model, with a pretrained encoder unless the context has its architecture."""
        return ResNet(
            self.poster_encoder.build(context.architectures.get("poster_encoder")),
            num_labels=context.num_labels,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            label_frequencies=context.label_frequencies,
            members=self.members,
        )

    def revisions(self) -> dict[str, str]:
        """Return the Hub revision of the encoder, if it is from the Hub."""
        return self.poster_encoder.revisions()
