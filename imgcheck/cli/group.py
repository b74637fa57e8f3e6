"""The group of all commands."""

import importlib

import click

from imgcheck import __version__
from imgcheck.cli import COMMANDS
from imgcheck.errors import UsageError


class _LazyGroup(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from imgcheck.cli.confinement import confined

        return confined(name, importlib.import_module(f"imgcheck.cli.{name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"imgcheck {__version__}")
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

    Each statement of the claim gets one answer: supported, contradicted, inconclusive, not
    testable, or not run. Nothing is sent over the network. Where the kernel has Landlock, a command
    can read only its inputs and write only where its outputs go; IMGCHECK_SANDBOX=off lifts that.

    \b
    Exit status:
      0    ran, and nothing is contradicted
      1    a statement is contradicted, or a regression; nothing else gives 1
      2    usage: an option, a claim file or an output is not accepted
      3    a check failed, an unexpected error, or the output could not be written
      4    an input was refused or could not be read
      130  stopped with Ctrl-C

    Closing a pipe early (imgcheck verify ... | head) does not change the exit status.
    """


def call(arguments: list[str], *, confined: bool) -> int:
    """Run one command and return its exit status; errors of click become errors of imgcheck.

    ``confined``: the process belongs to the command, which may restrict it for good.
    """
    try:
        outcome = cli.main(arguments, prog_name="imgcheck", standalone_mode=False, obj=confined)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (imgcheck {context.info_name} --help)" if context and context.parent else ""
        raise UsageError(f"{error.format_message()}{hint}") from error
    return outcome if isinstance(outcome, int) else 0
