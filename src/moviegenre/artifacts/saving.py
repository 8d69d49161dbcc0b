"""Write tensors to a stream; if the stream fails, raise its own error."""

from typing import Any, BinaryIO

import torch


def save_tensors(content: Any, stream: BinaryIO) -> None:  # noqa: ANN401 - whatever torch.save takes
    """Write tensors and plain values as ``torch.save`` does.

    After a failed write, PyTorch raises an error about a position in its archive. This function
    raises the original error, such as an OSError for a full disk.

    Args:
        content: The tensors and values.
        stream: The stream to write to.
    """
    try:
        torch.save(content, stream)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError | MemoryError):
            raise error.__context__ from None
        raise
