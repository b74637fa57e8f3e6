"""Before a command opens foreign files, its process gives up what it does not need.

It may then read the files and folders that its arguments name, with what may lie beside them, and
write where its outputs go. What a hostile file makes a decoder do ends there.
"""

import atexit
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import click

import imgcheck
from imgcheck import sandbox
from imgcheck.cli import options
from imgcheck.errors import UnreadableError
from imgcheck.imaging.intake import IS_ADDRESS, is_address
from imgcheck.imaging.limits import Limits, default_limits
from imgcheck.imaging.output import prepare_folder
from imgcheck.imaging.text import printable

#: "off" leaves a command unrestricted, for systems whose libraries or data lie in unusual places.
VARIABLE = "IMGCHECK_SANDBOX"

# They decode no file from outside in their own process.
_FREE = ("batch", "case", "doctor", "explain", "sun")
# Parameters that name databases: a journal is written beside one even when it is only read.
_DATABASES = ("database", "index", "others")
# What may lie beside any file, whatever its name: dates of references, names of classes.
_BESIDE = ("items.json", "classes.txt", "obj.names")


def confined(name: str, command: click.Command) -> click.Command:
    """Return a command, or a group of them, that restricts the process before it works."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            confined(name, each)
    elif command.callback is not None and not hasattr(command.callback, "__wrapped__"):
        command.callback = _within(command.callback, free=name in _FREE)
    return command


def _within(work: Callable[..., Any], *, free: bool) -> Callable[..., Any]:
    @wraps(work)
    def call(**given: Any) -> Any:
        context = click.get_current_context()
        for name, value in given.items():
            for path in _paths(name, value):
                _refuse_address(path)
        if free or not context.find_root().obj or os.environ.get(VARIABLE) == "off":
            return work(**given)
        with _confinement(context.command.params, given):
            return work(**given)

    return call


def _refuse_address(path: Path) -> None:
    if is_address(path):
        # A path keeps one of the two slashes.
        address = printable(re.sub(":/+", "://", str(path), count=1))
        raise UnreadableError(f"{address}: {IS_ADDRESS}", file=address)


@contextmanager
def _confinement(parameters: list[click.Parameter], given: dict[str, Any]) -> Iterator[None]:
    """Restrict this process for good; remove afterwards what was made for it and not used."""
    before = tempfile.gettempdir()
    scratch = Path(tempfile.mkdtemp(prefix="imgcheck-"))
    # At the very end: what other libraries keep there they remove at their own end.
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    tempfile.tempdir = os.environ["TMPDIR"] = str(scratch)
    made, parents = list[Path](), [scratch.parent]
    readable, writable = list(_trusted()), [scratch]
    try:
        for parameter in parameters:
            name, kind = parameter.name or "", parameter.type
            for path in _paths(name, given.get(name)):
                if not isinstance(kind, options.Output):
                    readable += _read(path.absolute())
                    if name in _DATABASES:
                        writable.append(path.resolve().parent)
                    elif name == "case_folder":
                        writable.append(path)
                elif kind.file_okay:
                    writable.append(path.resolve().parent)
                else:
                    made += _prepared(path.resolve())
                    parents.append(path.resolve().parent)
                    writable += [path, *made]
        _compile_once()
        sandbox.restrict(
            readable=readable,
            writable=writable,
            parents=parents,
            programs=bool(given.get("model") or given.get("second"))
            or given.get("processes", 1) > 1,
            network=bool(given.get("dask")),
        )
        sandbox.limit_memory(max(1.0, default_limits().pixels / Limits().pixels))
        yield
    finally:
        tempfile.tempdir = os.environ["TMPDIR"] = before
        for folder in reversed(made):
            with suppress(OSError):  # results are in it, or it took the place of older ones
                folder.rmdir()


def _paths(name: str, value: Any) -> Iterator[Path]:
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, Path):
            yield one
        elif name == "references":
            yield Path(one) if Path(one).exists() else Path(one.rpartition("@")[0] or one)


def _read(path: Path) -> Iterator[Path]:
    """Yield a file and those that may belong to it; of a folder also what its links point to."""
    yield path
    if path.is_dir():
        for place, _, names in os.walk(path):
            yield from (file for name in names if (file := Path(place, name)).is_symlink())
        return
    with suppress(OSError), os.scandir(path.parent) as found:
        for one in found:
            # The picture of an overlay has a name of its own.
            near = one.name.startswith(path.stem) or one.name in _BESIDE
            if (near or path.suffix.lower() == ".kml") and one.is_file():
                yield Path(one.path)


def _prepared(folder: Path) -> list[Path]:
    """Make a folder of results where it is missing, and the one to put them together in."""
    made = [one for one in (folder, *folder.parents) if not one.exists()][::-1]
    with suppress(OSError):  # the command says what is wrong
        folder.mkdir(parents=True, exist_ok=True)
        made.append(prepare_folder(folder.parent))
    return made


def _trusted() -> list[Path]:
    from imgcheck.case.trust import trust_folder

    folder = trust_folder()
    return [] if folder is None else [folder]


def _compile_once() -> None:
    """Import everything where Python has not stored it compiled: a restricted process cannot."""
    package = Path(imgcheck.__file__).parent
    stored = Path(importlib.util.cache_from_source(str(package / "verification.py")))
    if not sys.dont_write_bytecode and not stored.exists() and os.access(package, os.W_OK):
        from imgcheck.batch.running import load_everything

        load_everything()
