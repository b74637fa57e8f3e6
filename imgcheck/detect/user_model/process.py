"""The process in which a network runs: limits of memory and time, and only numbers come back."""

import contextlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import RefusedError
from imgcheck.imaging.text import printable

Outputs = tuple[NDArray[np.float32], ...]

_CHILD = Path(__file__).with_name("child.py")
# Address space. OpenCV and its threads take about 1 GB; a detector of 100 MB runs in 2 more.
MEMORY_BYTES = 6 << 30
# For one window: the largest usual detectors take 5 s on a busy core.
SECONDS = 60.0
_MOST_ARRAYS, _MOST_DIMENSIONS, _MOST_BYTES, _LONGEST = 16, 8, 64 << 20, 10_000


class NetworkProcess:
    """A network in a process of its own, for use in a ``with`` block.

    Raises
    ------
    RefusedError
        From `run` or on entry, if the file cannot be loaded or run within the limits; the
        sentence lacks the name of the file.
    """

    def __init__(self, content: bytes, *, side: int, seconds: float = SECONDS) -> None:
        self._content = content
        self._side = side
        self._seconds = seconds
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as ends:
            folder = ends.enter_context(tempfile.TemporaryDirectory(prefix="imgcheck-model-"))
            words = (MEMORY_BYTES, int(self._seconds) + 1, self._side)
            self._process = subprocess.Popen(
                # -P: modules beside the script are none of the libraries that it imports.
                [sys.executable, "-P", str(_CHILD), *map(str, words)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=folder, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )  # fmt: skip
            ends.callback(self._end)
            self._exchange(struct.pack("<q", len(self._content)), self._content)
            self._ends = ends.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.close()

    def run(self, window: NDArray[np.float32]) -> Outputs:
        """Return the outputs of the network for one input (1, 3, side, side)."""
        return self._exchange(window.astype("<f4").tobytes())

    def _end(self) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.communicate()

    def _exchange(self, *parts: bytes) -> Outputs:
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.start()
        assert self._process.stdin is not None
        try:
            with contextlib.suppress(OSError):  # it has ended, perhaps with a message
                for part in parts:
                    self._process.stdin.write(part)
                self._process.stdin.flush()
            return self._answer()
        except EOFError:
            if late.is_set():
                raise RefusedError(
                    f"gave no answer within {self._seconds:g} s and was ended; a detector for "
                    "windows of this size answers in a few seconds"
                ) from None
            raise RefusedError(
                "ended its process without an answer: it needs more than "
                f"{MEMORY_BYTES >> 30} GB of memory, or is damaged"
            ) from None
        finally:
            timer.cancel()

    def _answer(self) -> Outputs:
        (count,) = self._integers(1)
        if count < 0:
            raise _failure(self._read(min(-count, _LONGEST)))
        if count > _MOST_ARRAYS:
            raise EOFError
        return tuple(self._array() for _ in range(count))

    def _array(self) -> NDArray[np.float32]:
        (dimensions,) = self._integers(1)
        if not 0 <= dimensions <= _MOST_DIMENSIONS:
            raise EOFError
        shape = self._integers(dimensions)
        size = 4
        for one in shape:
            size *= one
        if min(shape, default=0) < 0 or size > _MOST_BYTES:
            raise EOFError
        return np.frombuffer(self._read(size), "<f4").astype(np.float32).reshape(shape)

    def _integers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}q", self._read(8 * count))

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise EOFError
        return data


def _failure(said: bytes) -> RefusedError:
    """Return the error for a message of the other process; of OpenCV only its last sentence."""
    words = said.decode("utf-8", "replace").strip()
    if re.search(r"memory|bad_?alloc", words, re.IGNORECASE):
        return RefusedError(f"needs more than {MEMORY_BYTES >> 30} GB of memory; use a smaller one")
    short = printable(" ".join(re.sub(r"^.*?error: \([^)]*\)\s*", "", words, flags=re.S).split()))
    return RefusedError(
        f'could not be run: "{short[:160]}"; check `side` in its manifest, and, '
        "if OpenCV lacks one of its operators, run pip install 'imgcheck[onnx]'"
    )
