"""Communication between the processes of a distributed training.

Outside ``together``, and in a single process, every function works as for one process: no messages
are sent, and a share has all items.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

T = TypeVar("T")

_is_together: ContextVar[bool] = ContextVar("is_together", default=False)
_films_in_statistics: ContextVar[Tensor | None] = ContextVar("films_in_statistics", default=None)


@contextmanager
def together(value: bool = True) -> Iterator[None]:
    """Communicate with the other processes, which run the same code.

    Args:
        value: False lets this process work alone in the block.
    """
    token = _is_together.set(value)
    try:
        yield
    finally:
        _is_together.reset(token)


def rank() -> int:
    """Return the number of this process; only process 0 writes files."""
    return distributed.get_rank() if _is_together.get() else 0


def num_processes() -> int:
    """Return the number of processes that work together."""
    return distributed.get_world_size() if _is_together.get() else 1


def share(items: Sequence[T]) -> list[T]:
    """Return this process's share of items: every N-th one of N processes."""
    return list(items[rank() :: num_processes()])


def sum_over_processes(values: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes."""
    if num_processes() == 1:
        return values
    result = values.clone()
    distributed.all_reduce(result)
    return result


def gather_all(value: T) -> list[T]:
    """Return the values of all processes, in their order."""
    if num_processes() == 1:
        return [value]
    values: list[Any] = [None] * num_processes()
    distributed.all_gather_object(values, value)
    return values


def gather_to_first(value: T) -> list[T]:
    """Return the values of all processes in the first process; empty in the others."""
    if num_processes() == 1:
        return [value]
    values: list[Any] | None = [None] * num_processes() if rank() == 0 else None
    distributed.gather_object(value, values)
    return values or []


def broadcast_from_first(compute: Callable[[], T]) -> T:
    """Return, in all processes, a value that only the first process computes."""
    if num_processes() == 1:
        return compute()
    values: list[Any] = [None]
    if rank() == 0:
        with together(False):
            values = [compute()]
    distributed.broadcast_object_list(values)
    result: T = values[0]
    return result


def wait_for_all() -> None:
    """Wait until all processes have called this."""
    if num_processes() > 1:
        distributed.barrier()


@contextmanager
def first_before_others() -> Iterator[None]:
    """Run a block in the first process, which fills caches, before the other processes."""
    if rank() > 0:
        wait_for_all()
    yield
    if rank() == 0:
        wait_for_all()


@contextmanager
def batch_statistics_of(films: Tensor) -> Iterator[None]:
    """Set the films (B,) of this process's share that count in batch statistics.

    An empty share is filled with a film, and an encoder may read a film without a poster.

    Args:
        films: True where the film counts.
    """
    token = _films_in_statistics.set(films)
    try:
        yield
    finally:
        _films_in_statistics.reset(token)


def films_in_statistics() -> Tensor | None:
    """Return whether each film counts in batch statistics (B,); None in a single process."""
    return _films_in_statistics.get()


def sum_with_gradients(values: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes, with gradients from all their losses."""
    result: Tensor = _SumOverProcesses.apply(values)  # type: ignore[no-untyped-call]
    return result


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes, with gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ANN401 - of autograd
        """Return the sum."""
        result = values.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401 - of autograd
        """Return the sum of the gradients: every process's loss depends on the values."""
        result = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(result)
        return result
