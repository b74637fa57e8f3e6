"""Landlock: what a process of a batch may read and write, where the kernel has it.

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

# The same numbers on every architecture.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_PATH_BENEATH = 1

_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_READ = _READ_FILE | _READ_FOLDER
# Rights on files by the version that has them: 13 at first, then refer, truncate, device ioctl.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NEWEST_RIGHTS = 5
_EXECUTE = 1 << 0
_TCP, _TCP_SINCE = 0b11, 4  # bind, connect
# What programs and libraries read of the system; no folder of a user.
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev/null", "/dev/urandom")


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version of Landlock of this kernel, 0 where it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_system().syscall(_CREATE, None, 0, 1)))


def restrict(*, readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Allow this process and its children these folders and the system's own, for ever.

    Returns
    -------
    bool
        Whether that holds; False where the kernel has no Landlock.
    """
    known = version()
    if known == 0:
        return False
    system, every = _system(), _RIGHTS[min(known, _NEWEST_RIGHTS)]
    rules = _Rules(every, _TCP if known >= _TCP_SINCE else 0)
    size = ctypes.sizeof(rules) if known >= _TCP_SINCE else 8
    made = system.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if made < 0:
        return False
    try:
        for path in {*map(Path, _SYSTEM), *_own(), *readable}:
            _allow(system, made, path, _READ)
        for path in writable:
            _allow(system, made, path, every & ~_EXECUTE)
        if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        return bool(system.syscall(_RESTRICT, made, 0) == 0)
    finally:
        os.close(made)


def _own() -> set[Path]:
    """Return where Python and its packages lie."""
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[1]}
    return found | {Path(entry) for entry in sys.path if entry}


def _allow(system: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    with suppress(OSError):  # what is not there needs no right
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                rights &= ~_READ_FOLDER
            rule = _Beneath(rights, opened)
            system.syscall(_ADD, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(opened)


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
