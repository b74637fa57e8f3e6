"""``imgcheck regress``: cases with known answers, for CI."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say
from imgcheck.cli.progress import Progress


@click.command("regress")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--junit", type=options.Output(dir_okay=False), help="Write JUnit XML to this file.")
@options.force_option
@options.json_option
def command(folder: Path, junit: Path | None, force: bool, as_json: bool) -> int:
    """Run every case in a folder and compare its verdicts with the expected ones.

    A case is a folder with post.jpg, claim.yml and expected.yml, and optionally reference/ and
    known/. The exit status is 1 if a case differs and 3 if one could not run.

    \b
    Example:
      imgcheck regress samples/ --junit results.xml
    """
    from imgcheck.imaging.output import write_output
    from imgcheck.regression import regress
    from imgcheck.report.machine import junit as junit_xml

    ours = options.replacing(force=force)
    if junit is not None:
        ours.check(junit)
    with Progress("Regression") as progress:
        results = regress(folder, progress=progress)
    if junit is not None:
        write_output(junit, junit_xml(results), replacing=ours)
    if as_json:
        from imgcheck.model.documents import RegressDocument

        print_document(RegressDocument(cases=results))
    else:
        for result in results:
            say(f"{'ok  ' if result.passed else 'DIFF'} {result.case}")
            for difference in result.differences:
                say(f"     {difference}")
        passed = sum(result.passed for result in results)
        click.echo(f"{passed} of {len(results)} cases as expected")
    if any(result.ran and not result.passed for result in results):
        return 1
    return 0 if all(result.ran for result in results) else 3
