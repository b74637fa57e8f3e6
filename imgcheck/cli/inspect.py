"""``imgcheck inspect``: what a file says about itself."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgcheck.cli import options
from imgcheck.cli.failure import report_failure
from imgcheck.cli.printing import columns, print_json, say
from imgcheck.cli.progress import Progress
from imgcheck.errors import ImgcheckError

if TYPE_CHECKING:
    from imgcheck.case import Inspection
    from imgcheck.provenance import ExifTool


@click.command("inspect")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Show every tag and the whole structure.")
@click.option(
    "--html",
    "page",
    type=options.Output(dir_okay=False),
    help="Write one HTML page about all the files, with their embedded pictures.",
)
@click.option(
    "--second-reader",
    "second",
    is_flag=True,
    help="Also read the files with exiftool, and list the fields it reads differently.",
)
@options.force_option
@options.case_option
@options.budget_option
@options.json_option
def command(
    images: tuple[Path, ...],
    everything: bool,
    page: Path | None,
    second: bool,
    force: bool,
    case_folder: Path | None,
    as_json: bool,
) -> int:
    """Read structure, metadata, times and traces of a file, without judging it.

    \b
    Examples:
      imgcheck inspect post.jpg --json
      imgcheck inspect *.jpg --html files.html
    """
    from imgcheck.case import inspect
    from imgcheck.report import inspection as rendering

    ours = options.replacing(force=force)
    if page is not None:
        ours.check(page)
    kept: list[Inspection] = []
    documents: list[dict[str, Any]] = []
    worst = 0
    width = columns(most=120)
    reader = _second_reader() if second else None
    with Progress("inspect") as progress:
        for position, path in enumerate(images):
            progress(path.name, position, len(images))
            try:
                found = inspect(path, second_reader=reader)
                found.image.examine()
            except ImgcheckError as error:
                if len(images) == 1:
                    raise
                worst = max(worst, error.exit_code)
                documents.append({"error": _words(error)})
                if not as_json:
                    report_failure(error.message, code=error.code, exit_code=error.exit_code)
                continue
            if as_json:
                documents.append(found.to_json())
            else:
                click.echo(rendering.terminal(found, everything=everything, width=width), nl=False)
            if case_folder is not None:
                from imgcheck.publication import publish_inspection_in_case

                kept_at = publish_inspection_in_case(found, case_folder, path)
                click.echo(str(kept_at), err=as_json)
            if page is not None:
                kept.append(found)
    if page is not None and kept:
        from imgcheck.publication import publish_inspections

        publish_inspections(kept, page, replacing=ours)
        say(f"page: {page}", err=True)
    if as_json:
        from imgcheck.model.documents import InspectionsDocument

        several = {"schema": InspectionsDocument.SCHEMA, "files": documents}
        whole = documents[0] if len(images) == 1 else several
        print_json(whole)
    return worst


def _second_reader() -> "ExifTool":
    """Return the exiftool that is installed; its lack is an error."""
    from imgcheck.errors import MissingDependencyError
    from imgcheck.provenance import ExifTool

    program = shutil.which("exiftool")
    if program is None:
        raise MissingDependencyError(
            "exiftool is not installed; install it, or leave --second-reader out"
        )
    tool = ExifTool(program)
    for warning in tool.warnings:
        say(f"imgcheck: {warning}", err=True)
    return tool


def _words(error: ImgcheckError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "file": error.file}
