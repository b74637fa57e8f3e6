"""The command line: one file a command, loaded when the command is used."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from imgcheck.cli.failure import report_failure
from imgcheck.errors import ImgcheckError

COMMANDS = ("verify", "inspect", "locate", "index", "sun", "case", "regress", "explain", "doctor")


class _LazyGroup(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"imgcheck.cli.{name}").command
        return command


def _version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"imgcheck {version('imgcheck')}")
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Test what is claimed about a posted satellite or aerial picture.

    Each statement of the claim is answered: supported, contradicted, inconclusive, not
    testable, or not run. Nothing leaves this machine.

    \b
    Exit codes: 0 ran, nothing contradicted; 1 a statement is contradicted, or a regression;
    2 usage; 3 a check failed; 4 an input was refused or could not be read.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: list[str]) -> int:
    """Run the command line and give its exit code; every failure is one sentence."""
    as_json = "--json" in arguments
    try:
        outcome: Any = cli.main(arguments, prog_name="imgcheck", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        click.echo("imgcheck: stopped", err=True)
        return 130
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (imgcheck {context.info_name} --help)" if context and context.parent else ""
        return report_failure(
            f"{error.format_message()}{hint}", code="usage", exit_code=2, as_json=as_json
        )
    except ImgcheckError as error:
        return report_failure(
            error.message,
            code=error.code,
            exit_code=error.exit_code,
            file=error.file,
            as_json=as_json,
        )
    except BrokenPipeError:
        return 0  # the reader of our output has seen enough
    except OSError as error:
        words = f"{error.filename or 'the system'}: {error.strerror or error}"
        return report_failure(words, code="system", exit_code=4, as_json=as_json)
    except MemoryError:
        words = "there is not enough memory for this input; free some, or cut the picture smaller"
        return report_failure(words, code="memory", exit_code=4, as_json=as_json)
    return outcome if isinstance(outcome, int) else 0
