"""``imgcheck doctor``: what is installed, what is missing, and what that costs."""

import importlib
import importlib.metadata
import json
import platform
import sqlite3

import click

from imgcheck.cli import options

_CORE = (
    ("numpy", "numpy"),
    ("opencv-python", "cv2"),
    ("rasterio", "rasterio"),
    ("scikit-image", "skimage"),
    ("Pillow", "PIL"),
    ("PyYAML", "yaml"),
    ("click", "click"),
    ("rich", "rich"),
)


@click.command("doctor")
@options.json_option
def command(as_json: bool) -> int:
    """Say what is installed and which parts cannot work on this machine."""
    rows = [_library(name, module) for name, module in _CORE]
    trouble = [row for row in rows if row["problem"]]
    if as_json:
        document = {
            "imgcheck": importlib.metadata.version("imgcheck"),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "libraries": rows,
            "formats": _formats(),
            "healthy": not trouble,
        }
        click.echo(json.dumps(document, indent=2, sort_keys=True))
        return 3 if trouble else 0
    click.echo(f"imgcheck {importlib.metadata.version('imgcheck')}")
    click.echo(f"Python   {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    for row in rows:
        words = row["problem"] or "ok"
        click.echo(f"  {row['name']:16} {row['version'] or '-':12} {words}")
    for name, words in _formats().items():
        click.echo(f"  pixels of {name:5}   {words}")
    click.echo("Nothing missing." if not trouble else "Mend with: pip install imgcheck")
    return 3 if trouble else 0


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

    avif = "readable" if features.check("avif") else "no decoder; Pillow 11.3 and later has one"
    webp = "readable" if features.check("webp") else "no decoder in this build of Pillow"
    return {"AVIF": avif, "HEIC": "no decoder; metadata is read", "WebP": webp}
