"""The trust lists of this user: one folder of PEM files, filled by ``imgcheck doctor``.

``IMGCHECK_TRUST`` names the folder; without it, ``imgcheck/trust`` below ``XDG_CONFIG_HOME`` (else
``~/.config``), on Windows below ``APPDATA``. Each list is kept byte for byte, so that its SHA-256
can be compared with the publisher's; purpose, day of import and SHA-256 are in its name.
"""

import datetime as dt
import os
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import cast

from imgcheck.errors import UnreadableError
from imgcheck.imaging.intake import read_small
from imgcheck.imaging.output import write_atomically
from imgcheck.provenance import TrustBundle, TrustList, read_bundle
from imgcheck.provenance.credentials.trust import MOST_BYTES, Purpose

_NAME = re.compile(
    r"(signers|time-stamps|identities)_\d{4}-\d{2}-\d{2}_"
    r"[0-9a-f]{64}\.pem"
)


def trust_folder() -> Path | None:
    """Return the folder of the user's lists, which may not exist; None without a home folder."""
    own = os.environ.get("IMGCHECK_TRUST")
    if own:
        return Path(own)
    base = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME")
    try:
        return (Path(base) if base else Path.home() / ".config") / "imgcheck" / "trust"
    except RuntimeError:  # a user without an entry in the list of users, as in many containers
        return None


def imported_trust() -> TrustList:
    """Read every list of the user; a list that changed since its import is refused."""
    folder = trust_folder()
    if folder is None:
        return TrustList()
    try:
        found = sorted(p for p in folder.iterdir() if _NAME.fullmatch(p.name))
    except (FileNotFoundError, NotADirectoryError):
        return TrustList()
    except OSError as error:
        raise UnreadableError(f"the folder of trust lists cannot be read: {error}") from error
    return TrustList(bundles=tuple(_parsed(p.name, _bytes(p)) for p in found))


def import_trust(
    path: Path, *, purpose: Purpose | None = None, today: dt.date | None = None
) -> TrustBundle:
    """Check a PEM bundle of certificates and keep it; a list that is already known is kept once."""
    data = _bytes(path)
    date = (today or dt.datetime.now(dt.UTC).date()).isoformat()
    bundle = read_bundle(data, purpose=purpose, date=date, name=path.name)
    folder = trust_folder()
    if folder is None:
        raise UnreadableError(
            "there is no home folder in which to store the trust list; name a folder with "
            "IMGCHECK_TRUST"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = list(folder.glob(f"{bundle.purpose}_*_{bundle.sha256}.pem"))
        if not known:
            target = folder / f"{bundle.purpose}_{date}_{bundle.sha256}.pem"
            write_atomically(target, data)
    except OSError as error:
        raise UnreadableError(
            f"the trust list cannot be stored in {folder}: {error.strerror}; "
            "name another folder with IMGCHECK_TRUST"
        ) from error
    return bundle


def forget_trust() -> int:
    """Remove every list and return their number."""
    folder = trust_folder()
    if folder is None or not folder.is_dir():
        return 0
    found = [path for path in folder.glob("*.pem") if _NAME.fullmatch(path.name)]
    for path in found:
        try:
            path.unlink()
        except OSError as error:
            raise UnreadableError(
                f"{path.name}: the trust list cannot be removed: {error.strerror}", file=path.name
            ) from error
    return len(found)


def _bytes(path: Path) -> bytes:
    try:
        return read_small(path, most_bytes=MOST_BYTES)
    except UnreadableError as error:
        raise UnreadableError(f"the trust list {error.message}", file=path.name) from None


@lru_cache(maxsize=16)
def _parsed(name: str, data: bytes) -> TrustBundle:
    purpose, date, sha256 = name.removesuffix(".pem").split("_")
    bundle = read_bundle(data, purpose=cast("Purpose", purpose), date=date, name=name)
    if bundle.sha256 != sha256:
        raise UnreadableError(
            f"the trust list imported on {date} has changed since; remove the lists with "
            "imgcheck doctor --forget-trust and import them again"
        )
    return bundle
