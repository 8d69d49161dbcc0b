"""Read weights out of an ONNX file with numpy alone.

ONNX Runtime computes a file but gives none of its weights, and the package onnx is not installed
where films are only answered. The format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto,
encoded as https://protobuf.dev/programming-guides/encoding/ says.
"""

import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_GRAPH, _INITIALIZER = 7, 5  # fields of a model and of its graph
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9  # fields of a tensor
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # wire types
_TYPES: dict[int, type[np.generic]] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    7: np.int64,
    10: np.float16,
}


def read_weights(path: Path, names: Collection[str]) -> dict[str, Array]:
    """Return the weights of an ONNX file that have these names; missing ones are left out.

    They are views of the mapped file, so unused weights are not read.

    Args:
        path: The file.
        names: Which weights.

    Raises:
        ValueError: The file is no ONNX file.
    """
    content = np.memmap(path, dtype=np.uint8, mode="r")
    weights: dict[str, Array] = {}
    for number, graph in _fields(content):
        if number != _GRAPH or isinstance(graph, int):
            continue
        for part, tensor in _fields(graph):
            if part == _INITIALIZER and not isinstance(tensor, int):
                name, values = _tensor(tensor)
                if name in names and values is not None:
                    weights[name] = values
    return weights


def _fields(content: Array) -> Iterator[tuple[int, int | Array]]:
    """Yield the number of each field of a message and its value: a whole number or bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        if wire == _LENGTH:
            length, at = _varint(content, at)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if wire == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"found wire type {wire}; expected an ONNX file")
        if at + length > len(content):
            raise ValueError("the file ends early; expected an ONNX file")
        yield number, content[at : at + length]
        at += length


def _varint(content: Array, at: int) -> tuple[int, int]:
    """Return a whole number and where it ends."""
    value = shift = 0
    while at < len(content) and shift < 64:
        byte = int(content[at])
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number has no end; expected an ONNX file")


def _tensor(message: Array) -> tuple[str, Array | None]:
    """Return the name of a tensor and its values; None if they are of another kind."""
    name, dims, kind, raw = "", list[int](), 0, None
    for number, value in _fields(message):
        if isinstance(value, int):
            if number == _DIMS:
                dims.append(value)
            elif number == _TYPE:
                kind = value
        elif number == _DIMS:  # packed
            at = 0
            while at < len(value):
                dim, at = _varint(value, at)
                dims.append(dim)
        elif number == _NAME:
            name = value.tobytes().decode("utf-8", "replace")
        elif number == _RAW:
            raw = value
    if raw is None or kind not in _TYPES:
        return name, None
    values = np.frombuffer(raw, dtype=np.dtype(_TYPES[kind]).newbyteorder("<"))
    return name, values.reshape(dims) if len(values) == math.prod(dims) else None
