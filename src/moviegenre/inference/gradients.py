"""Attribution by gradients, computed with Captum; only networks in PyTorch have gradients.

Captum puts hooks into the network while it works, so nothing else may use the network then.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from moviegenre.core.errors import MissingExtraError
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from moviegenre.inference.occlusion import Floats, Places
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import Batch, to_batch
from moviegenre.nn.devices import device_of

STEPS = 16
"""Points on the line from the baseline to the plot at which gradients are computed."""

_BATCH = 32  # films computed together, so that long plots and many genres fit into memory


def integrated_gradients(
    network: GenreModel, arrays: BatchArrays, places: Places, pad_id: int, labels: Sequence[int]
) -> Floats:
    """Return the effect of each word of a plot on the logits of some labels (G, W).

    The baseline is the plot with padding in place of every token that belongs to a word. The
    effects of a word's tokens are summed. The effects of all words add up to about the logit
    minus the baseline's logit.

    Reference: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks",
    https://arxiv.org/abs/1703.01365.

    Args:
        network: In evaluation mode; it has an inner layer for plots.
        arrays: One film with a plot.
        places: The word that each of its tokens belongs to (T,); W is one more than the largest.
        pad_id: The padding token.
        labels: The G labels.

    Raises:
        MissingExtraError: Captum is not installed.
    """
    attr = _captum_attr()
    layer, batch, logits = _layer_and_logits(network, arrays, Modality.PLOT, "input_ids")
    device = batch.input_ids.device
    word_indices = torch.from_numpy(places)
    baseline = batch.input_ids.masked_fill((word_indices >= 0).to(device), pad_id)
    attributed = attr.LayerIntegratedGradients(logits, layer).attribute(
        batch.input_ids.expand(len(labels), -1),
        baseline.expand(len(labels), -1),
        target=torch.tensor(labels, device=device),
        n_steps=STEPS,
        internal_batch_size=_BATCH,
    )
    tokens = attributed.detach().sum(dim=2).cpu()  # (G, T)
    words = torch.zeros(len(labels), int(places.max(initial=-1)) + 1)
    words.index_add_(1, word_indices[word_indices >= 0], tokens[:, word_indices >= 0])
    return words.numpy()


def grad_cam(network: GenreModel, arrays: BatchArrays, labels: Sequence[int]) -> Floats:
    """Return the effect of each poster region on the logits of some labels (G, rows, columns).

    Reference: Selvaraju et al., "Grad-CAM", https://arxiv.org/abs/1610.02391; differs in that
    regions that speak against a label keep their sign.

    Args:
        network: In evaluation mode; it has an inner layer for posters.
        arrays: One film with a poster.
        labels: The G labels.

    Raises:
        MissingExtraError: Captum is not installed.
    """
    attr = _captum_attr()
    layer, batch, logits = _layer_and_logits(network, arrays, Modality.POSTER, "image")
    # Integers have no gradients; the gradients of a frozen network start at its input.
    image = batch.image.float().expand(len(labels), -1, -1, -1).requires_grad_()
    maps: Tensor = attr.LayerGradCam(logits, layer).attribute(
        image, target=torch.tensor(labels, device=image.device)
    )
    return maps.detach().squeeze(1).cpu().numpy()


def _captum_attr() -> Any:  # noqa: ANN401 - a module without types
    try:
        import captum.attr
    except ImportError:
        raise MissingExtraError("captum", "explain", "attribution by gradients") from None
    return captum.attr


def _layer_and_logits(
    network: GenreModel, arrays: BatchArrays, modality: Modality, name: str
) -> tuple[Any, Batch, Callable[[Tensor], Tensor]]:
    """Return a modality's inner layer, a film, and the logits of inputs in place of the film's.

    The other modality is encoded once.
    """
    layer = network.inner_layer(modality)
    assert layer is not None, "the caller has checked it"
    (other,) = set(Modality) - {modality}
    with torch.no_grad():
        batch = network.encoded(to_batch(arrays).to(device_of(network)), other)

    def logits(inputs: Tensor) -> Tensor:
        changes: dict[str, Any] = {name: inputs}
        films = replace(_repeated(batch, len(inputs)), **changes)
        return network(network.encoded(films, modality)).logits  # type: ignore[no-any-return]

    return layer, batch, logits


def _repeated(batch: Batch, times: int) -> Batch:
    """Return the one film of a batch several times."""
    repeated = {
        name: value.expand(times, *value.shape[1:]) if isinstance(value, Tensor) else value
        for name, value in vars(batch).items()
    }
    return Batch(**repeated)
