"""Communication between the processes of a distributed training.

Outside ``together``, and in a process that trains alone, every function here works as if there were
one process: nothing is sent, shares are the whole.
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
    """Work with the other processes, all of which run the same code.

    Args:
        value: False has this process work alone for a while.
    """
    token = _is_together.set(value)
    try:
        yield
    finally:
        _is_together.reset(token)


def rank() -> int:
    """Return the number of this process; the first, which alone writes files, is 0."""
    return distributed.get_rank() if _is_together.get() else 0


def num_processes() -> int:
    """Return how many processes work together."""
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
    """Return the values of all processes, the first one's first."""
    if num_processes() == 1:
        return [value]
    values: list[Any] = [None] * num_processes()
    distributed.all_gather_object(values, value)
    return values


def gather_to_first(value: T) -> list[T]:
    """Return the values of all processes in the first one, and nothing in the others."""
    if num_processes() == 1:
        return [value]
    values: list[Any] | None = [None] * num_processes() if rank() == 0 else None
    distributed.gather_object(value, values)
    return values or []


def broadcast_from_first(compute: Callable[[], T]) -> T:
    """Return what the first process computes, alone, in all of them."""
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
    """Let the first process go through a block before the others: it fills caches, they read."""
    if rank() > 0:
        wait_for_all()
    yield
    if rank() == 0:
        wait_for_all()


@contextmanager
def batch_statistics_of(films: Tensor) -> Iterator[None]:
    """Set which films (B,) of this process's share count in the statistics of a batch.

    A share without films has a stand-in, and an encoder may read a film that it need not.

    Args:
        films: True where the film counts.
    """
    token = _films_in_statistics.set(films)
    try:
        yield
    finally:
        _films_in_statistics.reset(token)


def films_in_statistics() -> Tensor | None:
    """Return which films count in batch statistics (B,); None in a process that works alone."""
    return _films_in_statistics.get()


def sum_with_gradients(values: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes, whose losses all depend on it."""
    result: Tensor = _Total.apply(values)  # type: ignore[no-untyped-call]
    return result


class _Total(torch.autograd.Function):
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
