"""Make a case folder, whole or not at all."""

import hashlib
import os
import shutil
import uuid
from pathlib import Path

from imgcheck.custody import layout
from imgcheck.custody.copying import flush_folder, write_new
from imgcheck.custody.entry import NO_LINE, Entry, now, this_tool
from imgcheck.custody.fault import said
from imgcheck.custody.head import Head
from imgcheck.custody.origin import text
from imgcheck.errors import UsageError
from imgcheck.imaging.text import printable


def create(
    folder: Path,
    *,
    title: str | None = None,
    reference: str | None = None,
    operator: str | None = None,
) -> Head:
    """Make a case folder; give its first head.

    It is made beside its place and takes its name in one step, so there is never half a case.

    Parameters
    ----------
    folder : Path
        Must not exist, or be empty.
    title, reference, operator : str, optional
        What the case is about, its number elsewhere, and who is at work.

    Raises
    ------
    UsageError
        If something is there already.
    UnreadableError
        If the folder cannot be made.
    """
    shown = printable(str(folder))
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        already = os.path.lexists(folder / layout.LOG)
        words = "is a case already" if already else "exists and is not an empty folder"
        raise UsageError(f"{shown}: {words}; choose another name", file=shown)
    detail = {
        key: text(value, f"--{key}")
        for key, value in (("reference", reference), ("title", title))
        if value is not None
    }
    entry = Entry(
        sequence=1,
        previous=NO_LINE,
        case=str(uuid.uuid4()),
        action="init",
        time=now(),
        operator=None if operator is None else text(operator, "--operator"),
        detail=detail,
        tool=this_tool(),
    )
    with said(shown):
        folder.parent.mkdir(parents=True, exist_ok=True)
        return _make(folder, entry)


def _make(folder: Path, entry: Entry) -> Head:
    line = entry.line()
    digest = hashlib.sha256(line).hexdigest()
    head = Head(case=entry.case, lines=1, sha256=digest, log_bytes=len(line) + 1)
    draft = folder.absolute().with_name(f".{uuid.uuid4().hex}.part")
    draft.mkdir()
    try:
        for name in layout.FOLDERS:
            (draft / name).mkdir()
        write_new(draft / layout.LOG, line + b"\n")
        write_new(draft / layout.HEAD, head.text())
        flush_folder(draft)
        if os.path.lexists(folder) and os.name == "nt":
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    flush_folder(folder.absolute().parent)
    return head
