"""Write tensors to a stream so that the caller sees a failure of the stream."""

from typing import Any, BinaryIO

import torch


def save_tensors(content: Any, stream: BinaryIO) -> None:  # noqa: ANN401 - whatever torch.save takes
    """Write tensors and plain values as ``torch.save`` does.

    PyTorch answers a failed write with an error of its own, about a position in its archive; here
    the failure itself is raised: a full disk as an OSError, say.

    Args:
        content: What to write.
        stream: Where to.
    """
    try:
        torch.save(content, stream)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError | MemoryError):
            raise error.__context__ from None
        raise
