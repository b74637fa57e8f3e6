"""Write small ONNX files by hand, field by field as in ``onnx.proto``."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOAT, INT64, BOOL = 1, 7, 9


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | str | bytes) -> bytes:
    """Return one field: a number, a text, or the bytes of an inner message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def tensor(name: str, values: NDArray) -> bytes:
    kind = {"float32": FLOAT, "int64": INT64, "bool": BOOL}[values.dtype.name]
    dims = b"".join(field(1, size) for size in values.shape)
    return dims + field(2, kind) + field(8, name) + field(9, values.tobytes())


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], *attributes: bytes) -> bytes:
    words = b"".join(field(1, one) for one in inputs) + b"".join(field(2, one) for one in outputs)
    return words + field(4, kind) + b"".join(field(5, one) for one in attributes)


def ints(name: str, values: Sequence[int]) -> bytes:
    return field(1, name) + b"".join(field(8, one) for one in values) + field(20, 7)


def graph_attribute(name: str, inner: bytes) -> bytes:
    return field(1, name) + field(6, inner) + field(20, 5)


def tensor_attribute(name: str, inner: bytes) -> bytes:
    return field(1, name) + field(5, inner) + field(20, 4)


def value_info(name: str, shape: Sequence[int], kind: int = FLOAT) -> bytes:
    dims = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def graph(
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    return (
        b"".join(field(1, one) for one in nodes)
        + field(2, "g")
        + b"".join(field(5, one) for one in tensors)
        + b"".join(field(11, one) for one in inputs)
        + b"".join(field(12, one) for one in outputs)
    )


def model(inner: bytes) -> bytes:
    return field(1, 8) + field(7, inner) + field(8, field(1, "") + field(2, 13))


def fixed(*answers: NDArray, side: int) -> bytes:
    """Return a model that gives these arrays whatever the picture (1, 3, side, side) shows."""
    nodes, tensors, outputs = [node("GlobalAveragePool", ["images"], ["mean"])], [], []
    for k, answer in enumerate(answers):
        values = answer.astype(np.float32)
        flat = values.reshape(-1)
        tensors += [
            tensor(f"w{k}", np.zeros((len(flat), 3, 1, 1), np.float32)),
            tensor(f"b{k}", flat),
            tensor(f"s{k}", np.array(values.shape, np.int64)),
        ]
        nodes += [
            node("Conv", ["mean", f"w{k}", f"b{k}"], [f"c{k}"], ints("kernel_shape", [1, 1])),
            node("Reshape", [f"c{k}", f"s{k}"], [f"out{k}"]),
        ]
        outputs.append(value_info(f"out{k}", values.shape))
    images = value_info("images", (1, 3, side, side))
    return model(graph(nodes, tensors, [images], outputs))


def filled(*sizes: int, side: int) -> bytes:
    """Return a model of a few hundred bytes whose answer has this shape, (1, 3, ...)."""
    one = tensor("", np.ones(1, np.float32))
    shape = tensor("shape", np.array(sizes, np.int64))
    nodes = [
        node("ConstantOfShape", ["shape"], ["huge"], tensor_attribute("value", one)),
        node("GlobalAveragePool", ["images"], ["mean"]),
        node("Add", ["mean", "huge"], ["out"]),
    ]
    images = value_info("images", (1, 3, side, side))
    return model(graph(nodes, [shape], [images], [value_info("out", sizes)]))


def endless(side: int) -> bytes:
    """Return a model with a loop that ends after 2^62 rounds."""
    body = graph(
        [node("Identity", ["go"], ["on"]), node("Relu", ["v"], ["w"])],
        [],
        [value_info("i", (), INT64), value_info("go", (), BOOL), value_info("v", (1, 3, 1, 1))],
        [value_info("on", (), BOOL), value_info("w", (1, 3, 1, 1))],
    )
    nodes = [
        node("GlobalAveragePool", ["images"], ["mean"]),
        node("Loop", ["rounds", "start", "mean"], ["last"], graph_attribute("body", body)),
        node("Relu", ["last"], ["out"]),
    ]
    start = [tensor("rounds", np.array(1 << 62, np.int64)), tensor("start", np.array(True))]
    images = value_info("images", (1, 3, side, side))
    return model(graph(nodes, start, [images], [value_info("out", (1, 3, 1, 1))]))
