"""Landlock: what a process that decodes foreign files may read and write, where the kernel has it.

A decoder that a hostile file has taken over can then neither read other files of the user, write
beside the evidence, start programs, nor open a TCP connection.

References
----------
.. [1] M. Salaün, "Landlock: unprivileged access control", kernel documentation, userspace-api.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

#: What holds for a process: ``partial`` means limits of memory and time alone.
State = Literal["landlock", "partial"]

# The same numbers on every architecture.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_PATH_BENEATH = 1

_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_READ = _READ_FILE | _READ_FOLDER
_MAKE_FOLDER, _REMOVE_FOLDER = 1 << 7, 1 << 4
# Rights on files by the version that has them: 13 at first, then refer, truncate, device ioctl.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NEWEST_RIGHTS = 5
_EXECUTE = 1 << 0
# Execute, write, read, truncate, device ioctl: the rights that a file has.
_ON_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_TCP, _TCP_SINCE = 0b11, 4  # bind, connect
_SCOPES, _SCOPES_SINCE = 0b11, 6  # abstract sockets of other processes, signals to them
_SIZES = {_TCP_SINCE: 16, _SCOPES_SINCE: 24}
# Memory that one process may fill. Decoding has limits of its own, far below; this ends the rest.
# Files that are mapped to be read do not count: a reference may be larger than memory.
_MOST_BYTES = 12 << 30
# What programs and libraries read of the system; no folder of a user.
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev/urandom", "/nix/store", "/gnu/store",
)  # fmt: skip
_NULL = Path("/dev/null")
_state: State = "partial"


class _Rules(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version of Landlock of this kernel, 0 where it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_system().syscall(_CREATE, None, 0, 1)))


def state() -> State:
    """Return what restricts this process."""
    return _state


def restrict(
    *,
    readable: Iterable[Path],
    writable: Iterable[Path],
    parents: Iterable[Path] = (),
    programs: bool = False,
    network: bool = False,
) -> bool:
    """Allow this process and its children these files and folders and the system's own, for ever.

    Parameters
    ----------
    readable, writable : iterable of Path
        Files, or folders with all below them.
    parents : iterable of Path
        Folders in which folders may be made, exchanged and removed when empty, but no file.
    programs : bool, default False
        Whether programs of the system may be started; they are restricted likewise.
    network : bool, default False
        Whether TCP connections may be made.

    Returns
    -------
    bool
        Whether that holds; False where the kernel has no Landlock, or where the process already has
        other threads, which it would not hold.
    """
    global _state
    known = version()
    if known == 0 or len(list(Path("/proc/self/task").iterdir())) > 1:
        return False
    system, every = _system(), _RIGHTS[min(known, _NEWEST_RIGHTS)]
    rules = _Rules(every, 0 if network else _TCP, _SCOPES)
    size = max((size for since, size in _SIZES.items() if known >= since), default=8)
    made = system.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if made < 0:
        return False
    read = _READ | (_EXECUTE if programs else 0)
    try:
        for path in {*map(Path, _SYSTEM), *_own()}:
            _allow(system, made, path, read)
        for path in readable:
            _allow(system, made, path, _READ)
        for path in (*writable, _NULL):
            _allow(system, made, path, every & ~_EXECUTE)
        for path in parents:
            _allow(system, made, path, _MAKE_FOLDER | _REMOVE_FOLDER)
        if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        if system.syscall(_RESTRICT, made, 0) != 0:
            return False
        _state = "landlock"
        return True
    finally:
        os.close(made)


def limit_memory(times: float = 1.0) -> None:
    """Limit the memory that this process may fill, and write no copy of it to disk if it ends."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most, (_, allowed) = int(_MOST_BYTES * times), resource.getrlimit(resource.RLIMIT_DATA)
    if allowed == resource.RLIM_INFINITY or most < allowed:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _own() -> set[Path]:
    """Return where Python and its packages lie."""
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent.parent}
    return found | {Path(entry) for entry in sys.path if entry}


def _allow(system: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    with suppress(OSError):  # what is not there needs no right
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                rights &= _ON_FILES
            rule = _Beneath(rights, opened)
            system.syscall(_ADD, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(opened)


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
