"""Refuse a model file that is no ONNX, or that reaches beyond itself, before anything loads it.

The fields are those of ``onnx.proto``; weights are skipped, not read.
"""

from collections.abc import Iterator

from imgcheck.errors import RefusedError
from imgcheck.imaging.text import printable

# Fields that hold other messages, by the kind of message; of a tensor only these are read.
_INNER = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}
_LOCATION, _EXTERNAL = 14, 1
_DEEPEST = 24
# A large network has some ten thousand; a walk through this many takes a second.
_MOST_FIELDS = 1_000_000
_OUT = (
    "export the model to ONNX (torch.onnx.export, or `yolo export format=onnx`) and give that file"
)
PICKLE = (
    "is a PyTorch or pickle file, which can run any program while it is read, so it is never "
    f"opened; {_OUT}"
)


def check(content: bytes) -> None:
    """Check the bytes of a model file; the sentence of an error lacks its name.

    Raises
    ------
    RefusedError
        If it is a pickle or another format, is damaged, or refers to data in another file.
    """
    if content.startswith((b"PK\x03\x04", b"\x80")):
        raise RefusedError(PICKLE)
    try:
        _walk(content)
    except RefusedError:
        raise
    except (ValueError, IndexError):
        raise RefusedError(f"is no ONNX file, or a damaged one; {_OUT}") from None


def _walk(content: bytes) -> None:
    left: list[tuple[str, memoryview, int]] = [("model", memoryview(content), 0)]
    fields, graphs = 0, 0
    while left:
        kind, message, depth = left.pop()
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
        for number, value in _fields(message):
            fields += 1
            if fields > _MOST_FIELDS:
                raise ValueError("too many fields")
            inner = _INNER[kind].get(number)
            if kind == "tensor" and (number == 13 or (number, value) == (_LOCATION, _EXTERNAL)):
                raise _elsewhere(value)
            if inner is not None:
                if isinstance(value, int):
                    raise ValueError("a number in place of a message")
                graphs += inner == "graph" and kind == "model"
                left.append((inner, value, depth + 1))
    if graphs != 1:
        raise ValueError("no graph")


def _elsewhere(value: int | memoryview) -> RefusedError:
    words = ""
    if not isinstance(value, int):
        entry = {n: bytes(v) for n, v in _fields(value) if not isinstance(v, int)}
        if entry.get(1) == b"location":
            words = f' ("{printable(entry.get(2, b"").decode("utf-8", "replace"), limit=80)}")'
    return RefusedError(
        f"refers to weights in another file{words}, and only what is in the file itself is read; "
        "export the model as one file, with external_data=False"
    )


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the value of each field; fixed-width numbers as 0."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        value: int | memoryview = 0
        if wire == 0:
            value, at = _varint(message, at)
        elif wire == 2:
            size, at = _varint(message, at)
            value = message[at : at + size]
            at += size
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("no wire type of ONNX")
        if at > end:
            raise ValueError("cut off")
        yield number, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of over ten bytes")
