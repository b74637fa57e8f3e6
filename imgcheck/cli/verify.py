"""``imgcheck verify``: the main job."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgcheck.cli import options
from imgcheck.cli.failure import report_failure
from imgcheck.cli.printing import columns
from imgcheck.cli.progress import Progress
from imgcheck.errors import ImgcheckError
from imgcheck.imaging.text import printable

if TYPE_CHECKING:
    from imgcheck.case import Case
    from imgcheck.imaging.output import Replacing
    from imgcheck.model import Report
    from imgcheck.quantity import LonLat


@click.command("verify")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.claim_option
@options.reference_option
@options.corners_option
@options.index_option
@options.annotations_option
@options.output_option
@options.force_option
@options.case_option
@options.budget_option
@options.json_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "sarif"]),
    default="text",
    show_default=True,
    help="What to print; --json prints the report itself.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print every finding with its limits.")
@click.option("-q", "--quiet", is_flag=True, help="Print the table of statements alone.")
@options.exit_zero_option
def command(
    images: tuple[Path, ...],
    claim: Path | None,
    references: tuple[str, ...],
    corners: "tuple[LonLat, ...]",
    index: Path | None,
    annotations: Path | None,
    output: Path | None,
    force: bool,
    case_folder: Path | None,
    as_json: bool,
    form: str,
    verbose: bool,
    quiet: bool,
    exit_zero: bool,
) -> int:
    """Test what is claimed about a picture, statement by statement.

    Runs every check that the inputs allow, and states why the others did not run. Without
    a claim it reports what the checks observe.

    \b
    Examples:
      imgcheck verify post.jpg
      imgcheck verify post.jpg --claim claim.yml --reference before.tif@2017-09-01 -o report/
      imgcheck verify post.jpg --claim claim.yml --case euphrates/
      imgcheck verify post.jpg --claim claim.yml --annotations reviewed.json
    """
    from imgcheck.model import Claim

    if folder := next((image for image in images if image.is_dir()), None):
        raise click.UsageError(f"{folder} is a folder: use imgcheck batch {folder} -o DIR")
    if len({image.name for image in images}) < len(images) and output is not None:
        raise click.UsageError("two pictures share one name; give each its own --output")
    if form == "sarif" and len(images) > 1:
        raise click.UsageError("--format sarif takes one picture, since SARIF is one document")
    places = () if case_folder is None or output is None else (case_folder, output)
    if places and places[1].resolve().is_relative_to(places[0].resolve()):
        raise click.UsageError(
            "--case stores the report in the case folder; name an --output outside of it"
        )
    if verbose and quiet:
        raise click.UsageError("--verbose and --quiet exclude each other")
    detail = "FULL" if verbose else "TABLE" if quiet else "BRIEF"
    show = None if as_json else partial(_shown, form=form, detail=detail)
    ours = options.replacing(force=force)
    folders = {
        image: output if output is None or len(images) == 1 else output / image.name
        for image in images
    }
    for folder in folders.values():
        if folder is not None:  # before minutes of work, not after them
            ours.check_folder(folder, ("report.html", "report.json"), page="report.html")
    inputs = {
        "claim": None if claim is None else Claim.load(claim),
        "references": references,
        "corners": corners,
        "index": index,
        "annotations": annotations,
    }
    codes, documents = [], []
    for image in images:
        folder = folders[image]
        write = None if folder is None else partial(_write, folder=folder, replacing=ours)
        try:
            code, document = _one(
                image, inputs, write=write, show=show, case_folder=case_folder, claim_file=claim
            )
        except ImgcheckError as error:
            if len(images) == 1:
                raise
            # One bad picture among many must not cost the others their report.
            words = {"code": error.code, "message": error.message, "file": error.file}
            code, document = error.exit_code, {"error": words}
            if not as_json:
                report_failure(error.message, code=error.code, exit_code=code)
        codes.append(code)
        documents.append(document)
    if as_json:
        from imgcheck.model.documents import ReportsDocument

        several = {"schema": ReportsDocument.SCHEMA, "reports": documents}
        whole = documents[0] if len(documents) == 1 else several
        click.echo(json.dumps(whole, indent=2, sort_keys=True))
    worst = max(codes)
    return 0 if exit_zero and worst in (0, 1) else worst


def _one(
    image: Path,
    inputs: dict[str, Any],
    *,
    write: "Callable[[Report, Case], Path] | None",
    show: "Callable[[Report, Path | None], str] | None",
    case_folder: Path | None,
    claim_file: Path | None,
) -> tuple[int, Any]:
    """Verify one picture, show and write its report; return exit code and JSON document."""
    from imgcheck.case import load_case
    from imgcheck.verification import verify

    with Progress(f"Testing {image.name}") as progress:
        case = load_case(image, **inputs)
        if case_folder is not None:
            from imgcheck.publication import publish_in_case, take_in

            take_in(case_folder, image, sha256=case.image.sha256)
        report = verify(case, progress=progress)
        written = None if write is None else write(report, case)
    kept = None
    if case_folder is not None:
        kept = publish_in_case(
            report, case, case_folder, claim=claim_file, references=inputs["references"]
        )
    if show is not None:
        click.echo(show(report, written), nl=False)
    if kept is not None:
        click.echo(kept, err=show is None)
    if report.contradicted:
        return 1, report.to_json()
    return (3 if report.failed else 0), report.to_json()


def _shown(report: "Report", written: Path | None, *, form: str, detail: str) -> str:
    if form == "markdown":
        from imgcheck.report.markdown import markdown

        return markdown(report)
    if form == "sarif":
        from imgcheck.report.machine import sarif

        return sarif(report)
    from imgcheck.report.terminal import Detail, terminal

    text = terminal(report, width=columns(most=120), color=_colour(), detail=Detail[detail])
    if detail == "TABLE":
        return text
    if written is not None:
        return f"{text}Report: {printable(str(written))}\n"
    more = "" if detail == "FULL" else "-v prints every finding with its limits, "
    return f"{text}{more}-o DIR writes the report.\n"


def _write(report: "Report", case: "Case", *, folder: Path, replacing: "Replacing") -> Path:
    from imgcheck.publication import publish

    return publish(report, case, folder, replacing=replacing)


def _colour() -> bool:
    import sys

    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
