"""``imgcheck inspect``: what a file says about itself."""

import json
from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.failure import report_failure
from imgcheck.errors import ImgcheckError


@click.command("inspect")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Show every tag and the whole structure.")
@options.json_option
def command(images: tuple[Path, ...], everything: bool, as_json: bool) -> int:
    """Read structure, metadata, times and traces of a file, without judging it.

    \b
    Example:
      imgcheck inspect post.jpg --json
    """
    from imgcheck.inspection import inspect
    from imgcheck.render import inspection as rendering

    codes, documents = [0], []
    for path in images:
        try:
            found = inspect(path)
        except ImgcheckError as error:
            if len(images) == 1:
                raise
            words = {"code": error.code, "message": error.message, "file": error.file}
            documents.append({"error": words})
            codes.append(error.exit_code)
            if not as_json:
                report_failure(error.message, code=error.code, exit_code=error.exit_code)
            continue
        documents.append(found.to_json())
        if not as_json:
            click.echo(rendering.terminal(found, everything=everything), nl=False)
    if as_json:
        whole = documents[0] if len(documents) == 1 else {"files": documents}
        click.echo(json.dumps(whole, indent=2, sort_keys=True, allow_nan=False))
    return max(codes)
