"""Read weights out of an ONNX file with numpy alone.

ONNX Runtime does not return a file's weights, and predicting does not need the package onnx.
Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, encoded as in
https://protobuf.dev/programming-guides/encoding/.
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

    The weights are views of the mapped file, so unused weights are not read.

    Args:
        path: The file.
        names: The names of the weights.

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
    position = 0
    while position < len(content):
        key, position = _varint(content, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, position = _varint(content, position)
            yield number, value
            continue
        if wire == _LENGTH:
            length, position = _varint(content, position)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if wire == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"found wire type {wire}; expected an ONNX file")
        if position + length > len(content):
            raise ValueError("the file ends early; expected an ONNX file")
        yield number, content[position : position + length]
        position += length


def _varint(content: Array, position: int) -> tuple[int, int]:
    """Return a whole number and the position after it."""
    value = shift = 0
    while position < len(content) and shift < 64:
        byte = int(content[position])
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise ValueError("a number has no end; expected an ONNX file")


def _tensor(message: Array) -> tuple[str, Array | None]:
    """Return the name of a tensor and its values; None for values of another type."""
    name, dims, kind, raw = "", list[int](), 0, None
    for number, value in _fields(message):
        if isinstance(value, int):
            if number == _DIMS:
                dims.append(value)
            elif number == _TYPE:
                kind = value
        elif number == _DIMS:  # packed
            position = 0
            while position < len(value):
                dim, position = _varint(value, position)
                dims.append(dim)
        elif number == _NAME:
            name = value.tobytes().decode("utf-8", "replace")
        elif number == _RAW:
            raw = value
    if raw is None or kind not in _TYPES:
        return name, None
    values = np.frombuffer(raw, dtype=np.dtype(_TYPES[kind]).newbyteorder("<"))
    return name, values.reshape(dims) if len(values) == math.prod(dims) else None
