"""``imgcheck index``: the index of known pictures."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say
from imgcheck.cli.progress import Progress
from imgcheck.quantity import significant

if TYPE_CHECKING:
    from imgcheck.hashing import Match
    from imgcheck.model.documents import IndexMatch

_DATABASE = click.argument("database", metavar="DB", type=click.Path(path_type=Path))


@click.group("index")
def command() -> None:
    """Keep and search an index of known pictures, in one file."""


@command.command("add")
@_DATABASE
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--date", help="Date on which the pictures were published or taken, ISO 8601.")
@click.option("--note", help="Source of the pictures, in a few words.")
@click.option(
    "--jobs",
    "processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes that read the files; the index is the same to the byte.",
)
@options.budget_option
@options.json_option
def add(
    database: Path,
    paths: tuple[Path, ...],
    date: str | None,
    note: str | None,
    processes: int,
    as_json: bool,
) -> int:
    """Add files and folders; pictures that are already in the index are skipped.

    Dates come from --date, or from an items.json in a folder. A GeoTIFF above 4096 pixels
    a side is added as overlapping tiles, a video as a frame of each scene. A run that was ended
    goes on when it is started again; with --jobs, a file that ends its process twice is refused
    and the others are added.

    \b
    Examples:
      imgcheck index add known.db archive/ --date 2015-06
      imgcheck index add known.db archive/ --jobs 4
    """
    from functools import partial

    from imgcheck.known import add_to_index

    work = add_to_index
    if processes > 1:
        from imgcheck.batch import add_in_processes

        work = partial(add_in_processes, processes=processes)
    with Progress("Indexing") as progress:
        result = work(database, list(paths), date=date, note=note, progress=progress)
    if as_json:
        print_document(result)
    else:
        say(f"{result.added} added, {result.known} already known, {result.rows} in all")
        for one in result.refused:
            say(f"refused: {one.reason}", err=True)
    # One stray file in a folder is no failure; nothing added and something refused is.
    return 4 if result.refused and not result.added + result.known else 0


@command.command("search")
@_DATABASE
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--parts",
    type=click.Choice(["auto", "every", "likely", "none"]),
    default="auto",
    show_default=True,
    help="Search for parts of the picture in every known picture (exact), in the most likely "
    "ones (fast), or not at all; auto: every, if there are at most 1,000.",
)
@options.budget_option
@options.json_option
def search(
    database: Path,
    image: Path,
    parts: Literal["auto", "every", "likely", "none"],
    as_json: bool,
) -> int:
    """Search the index for a picture, and for parts of it.

    DB may also be a table that 'index export' wrote as Parquet. It holds only hashes: whole
    pictures are found, parts are not, and the relation of a match is undetermined.

    \b
    Examples:
      imgcheck index search known.db post.jpg
      imgcheck index search known.parquet post.jpg
    """
    from imgcheck import known

    with Progress("Searching"):
        result = known.search(image, database, parts=parts)
    if as_json:
        from imgcheck.model.documents import IndexSearchDocument

        print_document(
            IndexSearchDocument(
                exact=result.exact,
                rows=result.rows,
                listed=result.listed,
                snapshot=result.snapshot,
                parts=result.parts,
                unexamined=result.unexamined,
                matches=tuple(_match(match) for match in result.matches),
            )
        )
        return 0
    scope = {
        "every": "whole pictures and parts",
        "likely": "whole pictures, and parts of the most likely ones only",
        "none": "whole pictures only",
    }[result.parts]
    listed = f" and {result.listed} listed hashes" if result.listed else ""
    count = len(result.matches)
    say(f"{result.rows} known pictures{listed} searched ({scope}); {count} matches")
    for match in result.matches:
        nfa = significant(match.nfa, 2) if match.log10_nfa > -9 else "below 1e-9"
        found = f"found by {match.stage}"
        if match.stage not in ("file", "pixels"):
            found += f", false matches expected: {nfa}"
        say(f"  {match.id:6}  {match.relation:12}  {match.path}  ({found})")
    if result.unexamined:
        say(
            f"{result.unexamined} more look alike and were not compared in detail, because others "
            "match better"
        )
    return 0


def _match(match: "Match") -> "IndexMatch":
    from imgcheck.model.documents import IndexMatch

    return IndexMatch(
        id=match.id,
        path=match.path,
        date=match.known.date,
        list=match.known.listed,
        stage=match.stage,
        relation=match.relation,
        nfa=match.nfa,
        log10_nfa=match.log10_nfa if math.isfinite(match.log10_nfa) else None,
        mirrored=match.mirrored,
        inverted=match.inverted,
        transform=match.transform,
        region=match.region,
        known_region=match.known_region,
        distance=match.distance,
    )


@command.command("remove")
@_DATABASE
@click.argument("ids", metavar="ID...", nargs=-1, type=int)
@click.option("--list", "list_name", help="Remove all hashes of this list.")
@options.json_option
def remove(database: Path, ids: tuple[int, ...], list_name: str | None, as_json: bool) -> int:
    """Remove pictures or listed hashes by their id (shown by search), or a whole list."""
    from imgcheck.hashing import HashIndex

    if not ids and list_name is None:
        raise click.UsageError("name the ids to remove, or a list with --list")
    removed = 0
    with HashIndex.open(database, writable=True) as index:
        for id in ids:
            index.remove(id)
            removed += 1
        if list_name is not None:
            removed += index.remove_list(list_name)
        left = index.stats()
    if as_json:
        from imgcheck.model.documents import IndexRemoveDocument

        print_document(IndexRemoveDocument(removed=removed, rows=left.rows, listed=left.listed))
    else:
        listed = f" and {left.listed} listed hashes" if left.listed else ""
        say(f"{removed} removed, {left.rows}{listed} left")
    return 0


@command.command("import")
@_DATABASE
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    default="auto",
    show_default=True,
    metavar="FORMAT",
    help="pdq, phash64, dhash64, phash256, dhash256 or auto-archiver; auto detects PDQ lists and "
    "files of auto-archiver.",
)
@click.option("--list", "list_name", help="Name of the list; by default that of the file.")
@click.option("--date", help="Date by which the listed pictures existed, ISO 8601.")
@options.json_option
def import_(
    database: Path,
    file: Path,
    format: str,
    list_name: str | None,
    date: str | None,
    as_json: bool,
) -> int:
    """Add a published list of hashes; a match shows the label of its hash.

    Accepts PDQ lists (one hash per line, or CSV hash,quality,filename), ImageHash lists of a stated
    kind, and exports of auto-archiver (CSV, spreadsheet, JSON). If a line cannot be read, nothing
    is added.

    \b
    Example:
      imgcheck index import known.db shared-hashes.csv --list newsroom --date 2017-09
    """
    from imgcheck.known import import_list

    with Progress("Importing"):
        result = import_list(database, file, format=format, list_name=list_name, date=date)
    if as_json:
        print_document(result)
    else:
        say(f"{result.added} added, {result.known} already known, from {result.list}")
    return 0


@command.command("merge")
@_DATABASE
@click.argument(
    "others", metavar="OTHER...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@options.json_option
def merge(database: Path, others: tuple[Path, ...], as_json: bool) -> int:
    """Add the content of other indexes; they are not changed.

    The result does not depend on the order. If several indexes hold a picture, the date that
    proves the earliest existence is kept.

    \b
    Example:
      imgcheck index merge known.db colleague.db archive.db
    """
    from imgcheck.known import merge_indexes

    with Progress("Merging"):
        result = merge_indexes(database, others)
    if as_json:
        from imgcheck.model.documents import IndexMergeDocument

        print_document(IndexMergeDocument(**asdict(result)))
    else:
        say(
            f"{result.added} pictures and {result.listed_added} listed hashes added, "
            f"{result.known} and {result.listed_known} already known, "
            f"{result.dated} now have an earlier date"
        )
    return 0


@command.command("export")
@_DATABASE
@click.argument("output", metavar="OUT", type=options.Output(dir_okay=False))
@click.option("--kind", default="pdq", show_default=True, help="Kind of hash, for CSV.")
@options.json_option
def export(database: Path, output: Path, kind: str, as_json: bool) -> int:
    """Write the hashes as a table: OUT.parquet to be searched, OUT.csv for the PDQ tools.

    Parquet needs DuckDB: pip install 'imgcheck[duckdb]'.

    \b
    Example:
      imgcheck index export known.db hashes.parquet
    """
    from imgcheck.hashing import HashIndex

    with Progress("Exporting"), HashIndex.open(database) as index:
        count = index.export(output, kind=kind)
    if as_json:
        from imgcheck.model.documents import IndexExportDocument

        print_document(IndexExportDocument(rows=count, file=str(output)))
    else:
        say(f"{count} hashes written to {output!s}")
    return 0


@command.command("stats")
@_DATABASE
@options.json_option
def stats(database: Path, as_json: bool) -> int:
    """Show the number of pictures and hashes in the index, and its version."""
    from imgcheck.hashing import HashIndex

    with HashIndex.open(database) as index:
        found = asdict(index.stats())
    if as_json:
        from imgcheck.model.documents import IndexStatsDocument

        found["index_version"] = found.pop("schema")
        print_document(IndexStatsDocument(**found))
    else:
        for name, value in found.items():
            say(f"{name:12} {value!s}")
    return 0


@command.command("verify")
@_DATABASE
@click.option("--relist", is_flag=True, help="First rebuild the lists used to search for parts.")
@options.json_option
def verify(database: Path, relist: bool, as_json: bool) -> int:
    """Check that the index file is undamaged."""
    from imgcheck.hashing import HashIndex

    if relist:
        with HashIndex.open(database, writable=True) as index:
            index.relist()
    with HashIndex.open(database) as index:
        problems = index.verify().problems
    if as_json:
        from imgcheck.model.documents import IndexVerifyDocument

        print_document(IndexVerifyDocument(whole=not problems, problems=tuple(problems)))
    else:
        for problem in problems:
            say(problem, err=True)
        say("the index is damaged" if problems else "the index is undamaged")
    return 4 if problems else 0
