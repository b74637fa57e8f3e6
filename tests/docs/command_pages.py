"""The page of each command, made from its own help.

python -m tests.docs.command_pages     writes docs/commands/*.md
"""

from pathlib import Path

import click

from imgcheck.cli import COMMANDS, cli

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "commands"
_WIDTH = 88


def pages() -> dict[str, str]:
    """Give the text of every page by its file name."""
    root = click.Context(cli, info_name="imgcheck")
    found = {}
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        found[f"{name}.md"] = f"# imgcheck {name}\n\n" + "\n".join(_sections(command, root, name))
    return found


def _sections(command: click.Command, parent: click.Context, name: str) -> list[str]:
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    shown = [f"```text\n{text}\n```\n"]
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            inner = command.get_command(context, child)
            assert inner is not None
            shown += [f"## {name} {child}\n", *_sections(inner, context, child)]
    return shown


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
