"""``imgcheck index``: the index of known pictures."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from imgcheck.cli import options
from imgcheck.cli.progress import Progress

_DATABASE = click.argument("database", metavar="DB", type=click.Path(path_type=Path))


@click.group("index")
def command() -> None:
    """Keep and search an index of known pictures, in one file."""


@command.command("add")
@_DATABASE
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--date", help="When the pictures were published or taken, ISO 8601.")
@click.option("--note", help="Where they come from, in a few words.")
@options.json_option
def add(
    database: Path, paths: tuple[Path, ...], date: str | None, note: str | None, as_json: bool
) -> int:
    """Add files and folders; a picture that is already in is left as it is.

    Dates are taken from --date, or from an items.json in a folder.

    \b
    Example:
      imgcheck index add known.db archive/ --date 2015-06
    """
    from imgcheck.known import add_to_index

    with Progress("Indexing") as progress:
        result = add_to_index(database, list(paths), date=date, note=note, progress=progress)
    if as_json:
        refused = [{"path": r.path, "reason": r.reason} for r in result.refused]
        _print_json(
            {"added": result.added, "known": result.known, "refused": refused, "rows": result.rows}
        )
    else:
        click.echo(f"{result.added} added, {result.known} already known, {result.rows} in all")
        for one in result.refused:
            click.echo(f"refused: {_plain(one.reason)}", err=True)
    # One stray file in a folder is no failure; nothing added and something refused is.
    return 4 if result.refused and not result.added + result.known else 0


@command.command("search")
@_DATABASE
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--parts/--no-parts", default=True, help="Also look for parts of known pictures.")
@options.json_option
def search(database: Path, image: Path, parts: bool, as_json: bool) -> int:
    """Look whether a picture, or a part of it, is among the known ones.

    \b
    Example:
      imgcheck index search known.db post.jpg
    """
    from imgcheck.hashing import HashIndex
    from imgcheck.imaging import Image

    with Progress("Searching"):
        picture = Image.open(image)
        with HashIndex.open(database) as index:
            result = index.search(picture, parts=parts)
    if as_json:
        matches = [_match(match) for match in result.matches]
        _print_json(
            {
                "exact": result.exact,
                "rows": result.rows,
                "snapshot": result.snapshot,
                "parts": result.parts,
                "matches": matches,
            }
        )
        return 0
    scope = "whole pictures and parts" if parts else "whole pictures"
    click.echo(f"{result.rows} known pictures searched ({scope}); {len(result.matches)} matches")
    for match in result.matches:
        found = f"found by {match.stage}, {match.nfa:.2g} expected by chance"
        click.echo(f"  {match.id:6}  {match.relation:12}  {_plain(match.path)}  ({found})")
    return 0


def _match(match: Any) -> dict[str, Any]:
    """Give one match in the words of the machine contract."""
    return {
        "id": match.id,
        "path": match.path,
        "date": match.known.date,
        "stage": match.stage,
        "relation": match.relation,
        "nfa": match.nfa,
        "log10_nfa": match.log10_nfa if math.isfinite(match.log10_nfa) else None,
        "mirrored": match.mirrored,
        "inverted": match.inverted,
        "transform": match.transform,
        "region": match.region,
        "known_region": match.known_region,
        "distance": match.distance,
    }


@command.command("remove")
@_DATABASE
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=int)
@options.json_option
def remove(database: Path, ids: tuple[int, ...], as_json: bool) -> int:
    """Take pictures out of the index by their id (shown by search and stats)."""
    from imgcheck.hashing import HashIndex

    with HashIndex.open(database, writable=True) as index:
        for id in ids:
            index.remove(id)
        removed = len(ids)
        rows = index.stats().rows
    if as_json:
        _print_json({"removed": removed, "rows": rows})
    else:
        click.echo(f"{removed} removed, {rows} left")
    return 0


@command.command("stats")
@_DATABASE
@options.json_option
def stats(database: Path, as_json: bool) -> int:
    """Say how many pictures the index holds and of which version it is."""
    from imgcheck.hashing import HashIndex

    with HashIndex.open(database) as index:
        found = asdict(index.stats())
    if as_json:
        _print_json(found)
    else:
        for name, value in found.items():
            click.echo(f"{name:12} {_plain(str(value))}")
    return 0


@command.command("verify")
@_DATABASE
@options.json_option
def verify(database: Path, as_json: bool) -> int:
    """Check that the index file is whole."""
    from imgcheck.hashing import HashIndex

    with HashIndex.open(database) as index:
        problems = index.verify().problems
    if as_json:
        _print_json({"whole": not problems, "problems": list(problems)})
    else:
        for problem in problems:
            click.echo(_plain(problem), err=True)
        click.echo("the index is damaged" if problems else "the index is whole")
    return 4 if problems else 0


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, sort_keys=True))


def _plain(text: str) -> str:
    from imgcheck.imaging.text import printable

    return printable(text)
