"""``imgcheck regress``: cases with known answers, for CI."""

import json
from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.progress import Progress


@click.command("regress")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML to this file.")
@options.json_option
def command(folder: Path, junit: Path | None, as_json: bool) -> int:
    """Run every case of a folder and compare the verdicts with the expected ones.

    A case is a folder with post.jpg, claim.yml, expected.yml and, if it has them, reference/
    and known/. Leaves with 1 when any case differs.

    \b
    Example:
      imgcheck regress samples/ --junit results.xml
    """
    from imgcheck import render
    from imgcheck.imaging.output import write_atomically
    from imgcheck.regression import regress

    with Progress("Regression") as progress:
        results = regress(folder, progress=progress)
    if junit is not None:
        write_atomically(junit, render.junit(results))
    if as_json:
        cases = [
            {"case": r.case, "passed": r.passed, "differences": list(r.differences)}
            for r in results
        ]
        click.echo(json.dumps({"cases": cases}, indent=2, sort_keys=True))
    else:
        for result in results:
            click.echo(f"{'ok  ' if result.passed else 'DIFF'} {result.case}")
            for difference in result.differences:
                click.echo(f"     {difference}")
        passed = sum(result.passed for result in results)
        click.echo(f"{passed} of {len(results)} cases as expected")
    return 0 if all(result.passed for result in results) else 1
