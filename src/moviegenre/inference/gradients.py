"""Attribution by gradients, computed with Captum; only networks in PyTorch have them.

Captum puts hooks into the network while it works, so nothing else may ask the network meanwhile.
"""

from collections.abc import Sequence
from dataclasses import replace

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
"""Points on the way from the baseline to the plot at which gradients are taken."""

_BATCH = 32  # films computed together, so that long plots and many genres fit into memory


def integrated_gradients(
    network: GenreModel, arrays: BatchArrays, places: Places, pad_id: int, labels: Sequence[int]
) -> Floats:
    """Return the effect of each word of a plot on the logits of some labels (G, W).

    The baseline is the plot with padding in the place of every token that belongs to a word. What
    the tokens of a word add is summed; over all words it comes to about the logit less that of the
    baseline.

    Reference: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks",
    https://arxiv.org/abs/1703.01365.

    Args:
        network: In evaluation mode; it has an inner layer for plots.
        arrays: One film with a plot.
        places: The word that each of its tokens belongs to (T,); W is one more than the largest.
        pad_id: The padding token.
        labels: Which labels, G of them.

    Raises:
        MissingExtraError: Captum is not installed.
    """
    layer = network.inner_layer(Modality.PLOT)
    assert layer is not None, "the caller looked for it"
    try:
        from captum.attr import LayerIntegratedGradients
    except ImportError:
        raise MissingExtraError("captum", "explain", "attribution by gradients") from None
    device = device_of(network)
    with torch.no_grad():
        batch = network.encoded(to_batch(arrays).to(device), Modality.POSTER)

    def logits(input_ids: Tensor) -> Tensor:
        films = replace(_repeated(batch, len(input_ids)), input_ids=input_ids)
        return network(network.encoded(films, Modality.PLOT)).logits  # type: ignore[no-any-return]

    word_of = torch.from_numpy(places)
    baseline = batch.input_ids.masked_fill((word_of >= 0).to(device), pad_id)
    attributed = LayerIntegratedGradients(logits, layer).attribute(
        batch.input_ids.expand(len(labels), -1),
        baseline.expand(len(labels), -1),
        target=torch.tensor(labels, device=device),
        n_steps=STEPS,
        internal_batch_size=_BATCH,
    )
    tokens = attributed.detach().sum(dim=2).cpu()  # (G, T)
    words = torch.zeros(len(labels), int(places.max(initial=-1)) + 1)
    words.index_add_(1, word_of[word_of >= 0], tokens[:, word_of >= 0])
    return words.numpy()


def grad_cam(network: GenreModel, arrays: BatchArrays, labels: Sequence[int]) -> Floats:
    """Return the effect of each poster region on the logits of some labels (G, rows, columns).

    Reference: Selvaraju et al., "Grad-CAM", https://arxiv.org/abs/1610.02391; differs in that
    regions that speak against a label keep their sign.

    Args:
        network: In evaluation mode; it has an inner layer for posters.
        arrays: One film with a poster.
        labels: Which labels, G of them.

    Raises:
        MissingExtraError: Captum is not installed.
    """
    layer = network.inner_layer(Modality.POSTER)
    assert layer is not None, "the caller looked for it"
    try:
        from captum.attr import LayerGradCam
    except ImportError:
        raise MissingExtraError("captum", "explain", "attribution by gradients") from None
    device = device_of(network)
    with torch.no_grad():
        batch = network.encoded(to_batch(arrays).to(device), Modality.PLOT)

    def logits(image: Tensor) -> Tensor:
        films = replace(_repeated(batch, len(image)), image=image)
        return network(network.encoded(films, Modality.POSTER)).logits  # type: ignore[no-any-return]

    # Whole numbers have no gradients, and those of a frozen network begin at its input.
    image = batch.image.float().expand(len(labels), -1, -1, -1).requires_grad_()
    maps: Tensor = LayerGradCam(logits, layer).attribute(
        image, target=torch.tensor(labels, device=device)
    )
    return maps.detach().squeeze(1).cpu().numpy()


def _repeated(batch: Batch, times: int) -> Batch:
    """Return the one film of a batch so many times."""
    repeated = {
        name: value.expand(times, *value.shape[1:]) if isinstance(value, Tensor) else value
        for name, value in vars(batch).items()
    }
    return Batch(**repeated)
