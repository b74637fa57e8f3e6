"""The command line: one file a command, loaded when the command is used.

Only what Python itself has loaded is imported here: the guard of `main` must stand before
anything can fail or be interrupted.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("verify", "inspect", "locate", "index", "sun", "case", "regress", "explain", "doctor")

# What a shell reports of a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130


def main(arguments: "Sequence[str] | None" = None) -> None:
    """Run the command line and leave the process with its exit code."""
    code = INTERRUPTED
    try:
        from imgcheck.cli import streams

        streams.prepare()
        code = streams.finish(run(list(sys.argv[1:] if arguments is None else arguments)))
    except KeyboardInterrupt:
        pass  # a second Ctrl-C, or one in the first moment: nothing is left to be said
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and give its exit code; every failure is one sentence.

    This is the one guard against errors that nobody foresaw: they leave with 3, so that 1 always
    means a contradicted statement or a regression.
    """
    try:
        from imgcheck.cli.group import call

        return call(arguments)
    except BaseException as error:  # libraries raise SystemExit and panics of their own, too
        from imgcheck.cli.failure import explain

        return explain(error, as_json="--json" in arguments)


def __getattr__(name: str) -> object:
    """Give the group of commands, ``cli``, which tools that document commands ask for."""
    if name != "cli":
        raise AttributeError(f"module 'imgcheck.cli' has no attribute {name!r}")
    from imgcheck.cli.group import cli

    return cli
