"""``imgcheck batch``: many pictures."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import say
from imgcheck.cli.progress import CountedProgress
from imgcheck.errors import UsageError

_PARTIAL = (
    "sandbox: partial: this system has no Landlock, so memory and time of a picture are limited, "
    "its files and network are not"
)


@click.command("batch")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=options.Output(file_okay=False),
    help="Folder of the batch. A run that was ended goes on there.",
)
@click.option("--inspect", is_flag=True, help="Inspect the files instead of verifying pictures.")
@options.claim_option
@options.reference_option
@options.index_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="Processes at a time (default: one a processor).",
)
@click.option("--dask", metavar="ADDRESS", help="Let the workers of a Dask scheduler do the work.")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 86_400),
    default=600.0,
    show_default=True,
    help="Seconds for one picture.",
)
@options.budget_option
@options.json_option
@options.exit_zero_option
def command(
    source: Path,
    output: Path,
    inspect: bool,
    claim: Path | None,
    references: tuple[str, ...],
    index: Path | None,
    jobs: int | None,
    dask: str | None,
    timeout: float,
    as_json: bool,
    exit_zero: bool,
) -> int:
    """Verify or inspect many pictures, in processes apart.

    SOURCE is a folder, a list of paths (.txt, one a line), or a table (.csv) with the column path
    and, where pictures have claims of their own, the column claim. The folder of the batch gets
    results.csv, results.jsonl, results.parquet, a page of all pictures, and the report of each. A
    picture that ends its process twice is named and left; the others go on. Where the kernel
    has Landlock, a process may read only the inputs, write only the folder of the batch (and that
    of the index), and open no TCP connection.

    \b
    Examples:
      imgcheck batch posts/ -o out/ --claim claim.yml --reference archive/
      imgcheck batch posts.csv -o out/ --jobs 4
    """
    from imgcheck import sandbox
    from imgcheck.batch import Settings, read_source, run, write_results
    from imgcheck.batch.results import lines
    from imgcheck.batch.running import processors
    from imgcheck.model import Claim

    if inspect and (claim or references or index):
        raise click.UsageError("--inspect takes no claim, reference or index")
    if source.is_dir() and output.resolve().is_relative_to(source.resolve()):
        raise click.UsageError("the folder of the batch must not lie in the folder of the pictures")
    if output.is_dir() and any(output.iterdir()) and not (output / "jobs.sqlite").is_file():
        raise UsageError(f"{output}: holds other files; name an empty folder or one of a batch")
    if claim is not None:
        Claim.load(claim)  # an error in it is said once, not for every picture
    sources = read_source(source)
    settings = Settings(
        inspect=inspect,
        claim=None if claim is None else str(claim.resolve()),
        references=tuple(str(Path(given).resolve()) for given in references),
        index=None if index is None else str(index.resolve()),
        output=str(output.resolve()),
        seconds=timeout,
    )
    with CountedProgress("Batch", "pictures") as progress:
        results = run(sources, settings, jobs=jobs or processors(), dask=dask, progress=progress)
    write_results(results, output)
    if dask is None and sandbox.version() == 0:
        say(_PARTIAL, err=True)
    states = [one["state"] for one in results]
    if as_json:
        for line in lines(results):
            click.echo(line)
    else:
        for one in results:
            if one["state"] != "done":
                say(f"{one['state']}: {one['path']}: {one['error']}")
        said = [f"{states.count(s)} {s}" for s in ("done", "refused", "failed") if s in states]
        say(f"{len(results)} pictures: {', '.join(said)}. Page: {output / 'index.html'}")
    if any("contradicted" in one.get("verdicts", {}).values() for one in results):
        return 0 if exit_zero else 1
    if "failed" in states or any(one.get("failed_checks") for one in results):
        return 3
    return 4 if set(states) == {"refused"} else 0
