"""``imgcheck doctor``: what is installed, what is missing, and what that costs."""

import importlib
import importlib.metadata
import platform
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_json, say

if TYPE_CHECKING:
    from imgcheck.provenance import TrustBundle, TrustList
    from imgcheck.provenance.credentials.trust import Purpose

_CORE = (
    ("numpy", "numpy"),
    ("opencv-python", "cv2"),
    ("rasterio", "rasterio"),
    ("scikit-image", "skimage"),
    ("Pillow", "PIL"),
    ("PyYAML", "yaml"),
    ("click", "click"),
    ("rich", "rich"),
    ("scipy", "scipy"),
)
_EXTRAS = (
    ("c2pa-python", "c2pa", "c2pa", "content credentials are found, not validated"),
    ("cryptography", "cryptography", "sign", "cases cannot be signed"),
    ("duckdb", "duckdb", "duckdb", "exported indexes are not searched with DuckDB"),
    ("chdb", "chdb", "clickhouse", "exported indexes are not searched with ClickHouse"),
)
_READABLE = "readable"
_PURPOSES = ("signers", "time-stamps", "identities")


@click.command("doctor")
@click.option(
    "--import-trust",
    "trust_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Trust the certificates of a PEM file when content credentials (C2PA) are validated; "
    "may be repeated.",
)
@click.option(
    "--trust-for",
    type=click.Choice(_PURPOSES),
    help="What the certificates vouch for; default: told from the certificates.",
)
@click.option("--forget-trust", is_flag=True, help="Remove every trust list first.")
@options.json_option
def command(
    trust_files: tuple[Path, ...], trust_for: "Purpose | None", forget_trust: bool, as_json: bool
) -> int:
    """Say what is installed and which parts cannot work on this machine.

    \b
    Example:
      imgcheck doctor --import-trust C2PA-TRUST-LIST.pem
    """
    from imgcheck.case.trust import imported_trust

    done = _change_trust(trust_files, trust_for, forget_trust)
    rows = [_library(name, module) for name, module in _CORE]
    extras = [_extra(*row) for row in _EXTRAS]
    trouble = [row for row in rows if row["problem"]]
    if as_json:
        document = {
            "imgcheck": importlib.metadata.version("imgcheck"),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "libraries": rows,
            "extras": extras,
            "second_reader": _second_reader(),
            "formats": _formats(),
            "trust": [_shown(bundle) for bundle in imported_trust().bundles],
            "healthy": not trouble,
        }
        print_json(document)
        return 3 if trouble else 0
    for words in done:
        say(words)
    say(f"imgcheck {importlib.metadata.version('imgcheck')}")
    say(f"Python   {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    for row in (*rows, *extras):
        words = row["problem"] or "ok"
        say(f"  {row['name']:16} {row['version'] or '-':12} {words}")
    say(f"  {'exiftool':16} {_second_reader()}")
    for name, words in _formats().items():
        say(f"  pixels of {name:5}   {words}")
    for words in _trust_lines(imported_trust()):
        say(f"  {words}")
    say(_summary(trouble, extras))
    return 3 if trouble else 0


def _summary(trouble: "list[dict[str, str | None]]", extras: "list[dict[str, str | None]]") -> str:
    """Say in one line what this installation cannot do."""
    if trouble:
        return "Mend with: pip install imgcheck"
    missing = [str(row["name"]) for row in extras if row["problem"]]
    missing += [f"pixels of {name}" for name, words in _formats().items() if words != _READABLE]
    if not missing:
        return "Nothing missing."
    return f"Everything needed is installed. Not available: {', '.join(missing)}."


def _change_trust(files: tuple[Path, ...], purpose: "Purpose | None", forget: bool) -> list[str]:
    from imgcheck.case.trust import forget_trust, import_trust
    from imgcheck.imaging.text import printable

    done = []
    if forget:
        count = forget_trust()
        done.append(f"Removed {count} trust list{'' if count == 1 else 's'}.")
    for path in files:
        bundle = import_trust(path, purpose=purpose)
        done.append(
            f"Imported {printable(path.name, limit=80)} for {bundle.purpose}: {bundle.label}."
        )
    return done


def _trust_lines(trust: "TrustList") -> list[str]:
    if not trust.bundles:
        return ["no trust list: every signer of content credentials reads as unvouched for"]
    return [f"trust list for {bundle.purpose}: {bundle.label}" for bundle in trust.bundles]


def _shown(bundle: "TrustBundle") -> dict[str, str | int | None]:
    return {
        "purpose": bundle.purpose,
        "sha256": bundle.sha256,
        "date": bundle.date,
        "certificates": bundle.certificates,
    }


def _extra(name: str, module: str, extra: str, cost: str) -> dict[str, str | None]:
    row = _library(name, module)
    if row["version"] is None and row["problem"]:
        row["problem"] = f"not installed: {cost}; pip install 'imgcheck[{extra}]'"
    return row


def _second_reader() -> str:
    """Return the state of exiftool, which ``imgcheck inspect --second-reader`` runs."""
    from imgcheck.errors import MissingDependencyError
    from imgcheck.provenance import ExifTool

    program = shutil.which("exiftool")
    if program is None:
        return "not installed; only 'inspect --second-reader' needs it"
    try:
        tool = ExifTool(program)
        return f"{tool.version:12} " + (" ".join(tool.warnings) or "ok")
    except MissingDependencyError as error:
        return error.message


def _library(name: str, module: str) -> dict[str, str | None]:
    try:
        found: str | None = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        # The headless and contrib builds of OpenCV serve as well as the plain one.
        found = None
    problem = None
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken binary may raise anything while it loads
        problem = f"cannot be loaded: {error}"
    return {"name": name, "version": found, "problem": problem}


def _formats() -> dict[str, str]:
    from PIL import features

    avif = _READABLE if features.check("avif") else "no decoder; Pillow 11.3 and later has one"
    webp = _READABLE if features.check("webp") else "no decoder in this build of Pillow"
    return {"AVIF": avif, "HEIC": "no decoder; metadata is read", "WebP": webp}
