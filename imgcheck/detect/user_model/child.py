"""Run a network on windows from standard input, in a process of its own.

Started by its path, with the largest memory in bytes, the seconds of one window, and the side of
its input; it imports nothing of imgcheck. Numbers are little-endian 64-bit integers:

- in: the length of the model and its bytes, then windows (1, 3, side, side) float32;
- out, once for the model and once for each window: the number of arrays, of each its number of
  dimensions, its shape and its float32 values; or minus the length of a message, and the message.
"""

import os
import struct
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Forward = Callable[[NDArray[numpy.float32]], Sequence[Any]]

_MOST_BYTES = 64 << 20  # of one answer


def _limit(memory: int, seconds: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    _extend(seconds)


def _extend(seconds: int) -> None:
    """Allow this much more processor time: ends a loop even if nobody waits for the answer."""
    if sys.platform != "win32":
        import resource

        spent = resource.getrusage(resource.RUSAGE_SELF)
        most = int(spent.ru_utime + spent.ru_stime + seconds * (os.cpu_count() or 1)) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _loaded(content: bytes) -> "Forward":
    """Return a function from an input to the outputs: by onnxruntime if installed, or OpenCV."""
    try:
        import onnxruntime  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        import cv2
        import numpy

        net = cv2.dnn.readNetFromONNX(numpy.frombuffer(content, numpy.uint8))

        def forward(window: "NDArray[numpy.float32]") -> Any:
            net.setInput(window)
            return net.forward(net.getUnconnectedOutLayersNames())

        return forward
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ValueError(f"it has {len(inputs)} inputs, and one picture is given")
    return lambda window: session.run(None, {inputs[0].name: window})


def _send(target: BinaryIO, arrays: Sequence[Any]) -> None:
    import numpy

    made = [numpy.ascontiguousarray(one, numpy.float32) for one in arrays]
    if sum(one.nbytes for one in made) > _MOST_BYTES:
        raise ValueError(f"its output for one window is larger than {_MOST_BYTES >> 20} MB")
    target.write(struct.pack("<q", len(made)))
    for one in made:
        target.write(struct.pack(f"<{1 + one.ndim}q", one.ndim, *one.shape) + one.tobytes())
    target.flush()


def main() -> None:
    memory, seconds, side = (int(word) for word in sys.argv[1:])
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        import numpy

        _limit(memory, seconds)
        (size,) = struct.unpack("<q", source.read(8))
        forward = _loaded(source.read(size))
        _send(target, [])
        while data := source.read(3 * side * side * 4):
            _extend(seconds)
            _send(target, forward(numpy.frombuffer(data, "<f4").reshape(1, 3, side, side).copy()))
    except MemoryError:
        words = "not enough memory"
    except Exception as error:  # whatever a library raises, the other side gets a sentence
        words = str(error) or type(error).__name__
    else:
        return
    said = words.encode("utf-8", "replace")
    target.write(struct.pack("<q", -len(said)) + said)
    target.flush()


if __name__ == "__main__":
    main()
