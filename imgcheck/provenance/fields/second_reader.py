"""ExifTool as a second reader: one process that stays open, fed private copies only.

The caller names the executable; nothing is searched for here. What was learnt about driving it:

- ``-q`` also silences the ``{ready}`` line, and a driver waits for ever: it is never given.
- Arguments go one a line through ``-@ -``, so a file name with a line break would be an
  argument of its own. Files are handed over only as copies under names made here.
- Before 12.38 a name that ends in ``|`` was run as a command (CVE-2022-23935): older ones are
  refused although no such name could reach it.
- It does not end when its standard input does, but waits for more: it has to be killed.
- ``-config ""`` keeps a configuration file, which is Perl code, from being run.
"""

import contextlib
import json
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from imgcheck.errors import MissingDependencyError
from imgcheck.provenance.fields.text import MAX_TEXT
from imgcheck.provenance.fields.value import MAX_ENTRIES

OLDEST = (12, 38)  # CVE-2022-23935 is mended from here on
MEASURED = (12, 57)  # the version whose agreement with this reader was measured
_MAX_OUTPUT = 16 << 20  # bytes of one answer; 120 camera files gave 1 MB together
_MAX_MEMORY = 2 << 30  # address space of the process, where the system can bound it
_MAX_FAILURES = 3  # in a row, then the reader is not started again
_ENDINGS = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp", "gif": "gif",
            "bmp": "bmp", "jp2": "jp2", "heif": "heic", "avif": "avif"}  # fmt: skip
# -n: values as they are stored, not their translations; -H: the number of each tag.
_OPTIONS = ("-j", "-G1", "-n", "-H", "-a", "-charset", "filename=UTF8", "--System:all")

SecondValue: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEntry:
    """One value as the second reader printed it; numbers stay the digits it wrote."""

    group: str
    name: str
    value: SecondValue
    tag: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """What the second reader said of one file.

    Attributes
    ----------
    reader, version : str
        ``exiftool`` and its version.
    entries : tuple of SecondEntry
        Text is untrusted, as everything out of a file; at most 20,000 values.
    problem : str or None
        Why there is no answer: it hung, died, wrote too much or no JSON.
    """

    reader: str
    version: str
    entries: tuple[SecondEntry, ...]
    problem: str | None = None


class _Failure(Exception):
    """The process gave no usable answer; the text says why."""


class ExifTool:
    """Drive one ``exiftool -stay_open`` process; a context manager.

    Parameters
    ----------
    executable : path
        The program itself; the caller decides which one is trusted.
    timeout_s : float, default 10
        Seconds for one file; then the process is killed and started anew for the next one.

    Attributes
    ----------
    version : str
    warnings : tuple of str
        Sentences to show once, for example that the version is older than the measured one.

    Raises
    ------
    MissingDependencyError
        If the program cannot be started, does not answer, or is older than 12.38.
    """

    def __init__(self, executable: str | os.PathLike[str], *, timeout_s: float = 10.0) -> None:
        self._executable = os.fspath(executable)
        self._timeout = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._chunks: queue.Queue[bytes] = queue.Queue(maxsize=64)
        self._failures = 0
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="imgcheck-second-reader-")
        try:
            self.version, self.warnings = self._check_version()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "ExifTool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and remove the private folder."""
        self._kill()
        self._folder.cleanup()

    def read(self, data: bytes, *, format: str) -> SecondReading:
        """Read one file's bytes; never raises for what a file or the process does.

        Several threads may call it; they wait for one another.
        """
        with self._lock:
            return self._read(data, format)

    def _read(self, data: bytes, format: str) -> SecondReading:
        problem: str | None = None
        entries: tuple[SecondEntry, ...] = ()
        if self._failures >= _MAX_FAILURES:
            problem = f"not asked: it failed {_MAX_FAILURES} times in a row"
            return SecondReading(
                reader="exiftool", version=self.version, entries=(), problem=problem
            )
        name = f"picture-{secrets.token_hex(8)}.{_ENDINGS.get(format, 'bin')}"
        path = Path(self._folder.name) / name
        try:
            path.write_bytes(data)
            entries = _entries(self._ask(*_OPTIONS, str(path)))
            self._failures = 0
        except (_Failure, OSError) as failure:
            self._failures += 1
            self._kill()
            problem = str(failure)[:200]
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        return SecondReading(
            reader="exiftool", version=self.version, entries=entries, problem=problem
        )

    def _check_version(self) -> tuple[str, tuple[str, ...]]:
        try:
            answer = self._ask("-ver").decode("ascii", "replace").strip()
        except (_Failure, OSError) as failure:
            raise MissingDependencyError(
                f"exiftool at {self._executable} cannot be used ({failure}); "
                "give the path of a working one or leave it out"
            ) from failure
        match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})", answer)
        if match is None:
            raise MissingDependencyError(
                f"{self._executable} does not answer like exiftool; "
                "give the path of a working one or leave it out"
            )
        found = (int(match[1]), int(match[2]))
        if found < OLDEST:
            raise MissingDependencyError(
                f"exiftool {answer} runs commands hidden in file names (CVE-2022-23935); "
                "update to 12.38 or later, or leave it out"
            )
        older = found < MEASURED
        note = f"exiftool {answer} is older than 12.57, with which agreement was measured"
        return answer, (note,) if older else ()

    def _ask(self, *arguments: str) -> bytes:
        """Send one command; give what it printed before its ready line."""
        if any(not text or "\n" in text or "\r" in text or "\0" in text for text in arguments):
            raise _Failure("an argument with a line break")  # cannot happen: names are made here
        process = self._started()
        number = secrets.randbelow(10**9)
        lines = "\n".join((*arguments, f"-execute{number}", ""))
        try:
            assert process.stdin is not None
            process.stdin.write(lines.encode())
            process.stdin.flush()
        except (OSError, ValueError) as error:
            raise _Failure("it ended by itself") from error
        # JSON escapes line breaks in text, so a file cannot print this line.
        return self._until(b"{ready%d}" % number)

    def _until(self, mark: bytes) -> bytes:
        end = time.monotonic() + self._timeout
        answer = bytearray()
        while True:
            try:
                chunk = self._chunks.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise _Failure(f"no answer within {self._timeout:g} s") from None
            if not chunk:
                raise _Failure("it ended by itself")
            answer += chunk
            if len(answer) > _MAX_OUTPUT:
                raise _Failure(f"its answer is longer than {_MAX_OUTPUT >> 20} MB")
            tail = bytes(answer[-len(mark) - 2 :]).rstrip(b"\r\n")
            if tail.endswith(mark):
                return bytes(answer).rstrip(b"\r\n")[: -len(mark)]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._kill()
        windows = sys.platform == "win32"
        self._process = subprocess.Popen(
            [self._executable, "-config", "", "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            # A fixed environment: no PERL5OPT of the caller, the same output everywhere.
            env=None if windows else {"PATH": os.defpath, "LC_ALL": "C"},
            cwd=self._folder.name, start_new_session=not windows,
        )  # fmt: skip
        # It does not end when its input does: it must not outlive this object or this program.
        self._end = weakref.finalize(self, _end, self._process)
        _bound_memory(self._process.pid)
        self._chunks = queue.Queue(maxsize=64)
        assert self._process.stdout is not None
        threading.Thread(
            target=_pump, args=(self._process.stdout, self._chunks), daemon=True
        ).start()
        return self._process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._end()
        with contextlib.suppress(queue.Empty):  # let a waiting pump see that nobody reads
            while True:
                self._chunks.get_nowait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process with its children, and forget its pipe."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:  # a wrapper script may have children
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    if process.stdin is not None:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.close()


def _pump(stream: IO[bytes], chunks: "queue.Queue[bytes]") -> None:
    """Move output into the queue; an empty chunk means the end."""
    with stream:
        while True:
            try:
                chunk = os.read(stream.fileno(), 1 << 16)
            except (OSError, ValueError):
                chunk = b""
            try:
                # Nobody takes chunks of a killed process: give up after a while.
                chunks.put(chunk, timeout=30)
            except queue.Full:
                return
            if not chunk:
                return


def _bound_memory(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


def _entries(answer: bytes) -> tuple[SecondEntry, ...]:
    """Read the JSON of one file; anything else is a failure, not an exception of another kind."""
    try:
        text = answer.decode("utf-8", "replace")
        rows = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise _Failure("its answer is no JSON") from error
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
        raise _Failure("its answer is not about one file")
    found: list[SecondEntry] = []
    for key, item in rows[0].items():
        group, mark, name = key.partition(":")
        if not mark or not isinstance(item, dict) or group == "System":
            continue
        if len(found) >= MAX_ENTRIES:
            break
        number = item.get("id")
        tag = None
        if isinstance(number, str) and re.fullmatch(r"0x[0-9a-f]{1,8}", number):
            tag = int(number, 16)
        value = _plain(item.get("val"))
        found.append(SecondEntry(group=group[:80], name=name[:80], value=value, tag=tag))
    return tuple(found)


def _plain(value: object) -> SecondValue:
    if isinstance(value, list):
        return tuple(str(item)[:MAX_TEXT] for item in value[:1000])
    return str(value)[:MAX_TEXT]
