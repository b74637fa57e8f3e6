"""The command line: one file per command, loaded when the command is used.

Only what Python itself has loaded is imported here: the guard of `main` must stand before
anything can fail or be interrupted.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: Every command with its line in ``imgcheck --help``, which thus imports no command.
COMMANDS = {
    "verify": "Test a claim about a picture, statement by statement.",
    "batch": "Verify or inspect many pictures; resumable.",
    "frames": "Take pictures from a video.",
    "inspect": "Show metadata, structure and traces of a file.",
    "locate": "Locate a picture on georeferenced reference imagery.",
    "annotate": "Draw annotations, convert them, and compare them with the truth.",
    "change": "Find what changed between two dated images of one place.",
    "date": "Date a picture by dated imagery of the same ground.",
    "detect": "Propose and count vehicles and craters in a picture.",
    "power": "Measure which craters or vehicles would have been found.",
    "index": "Keep and search an index of known pictures.",
    "claim": "Write a claim file, or read one back in words.",
    "sun": "Compute the sun's position and the times a shadow allows.",
    "case": "Keep evidence in a folder with a tamper-evident log.",
    "regress": "Compare cases with their expected verdicts.",
    "explain": "Show what a check can and cannot show.",
    "doctor": "Show what is installed and what is missing.",
}

# What a shell reports of a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130


def main(arguments: "Sequence[str] | None" = None) -> None:
    """Run the command line and exit the process with its status.

    With the arguments of the process, the process is restricted to what its command needs.
    """
    code = INTERRUPTED
    # The products of matrices are small: more threads wait for each other longer than they work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from imgcheck.cli import streams

        streams.prepare()
        given = list(sys.argv[1:] if arguments is None else arguments)
        code = streams.finish(run(given, confined=arguments is None))
    except KeyboardInterrupt:
        pass  # a second Ctrl-C, or one in the first moment: nothing is left to be said
    sys.exit(code)


def run(arguments: list[str], *, confined: bool = False) -> int:
    """Run the command line and return its exit status; every failure is one sentence.

    This is the one guard against unforeseen errors: they give status 3, so that 1 always means a
    contradicted statement or a regression.
    """
    try:
        from imgcheck.cli.group import call

        return call(arguments, confined=confined)
    except BaseException as error:  # libraries raise SystemExit and panics of their own, too
        from imgcheck.cli.failure import explain

        return explain(error, as_json="--json" in arguments)


def __getattr__(name: str) -> object:
    """Return the group of commands, ``cli``, for tools that document commands."""
    if name != "cli":
        raise AttributeError(f"module 'imgcheck.cli' has no attribute {name!r}")
    from imgcheck.cli.group import cli

    return cli
