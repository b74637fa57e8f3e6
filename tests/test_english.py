"""Sentences are drawn from what users read, and from nothing else."""

from tests.english import of_source, of_template, sentences

SOURCE = '''
"""A module that nobody reads here."""
import click, re
PATTERN = re.compile("no user ever reads this")
@click.command("x")
def command(n):
    """Show the number of matches that were found.

    \\b
    Examples: ...
    """
    raise UsageError(f"level is {n + 1}; give a number between 0 and 1")
def other(x: "str | bytes | os.PathLike[str]"):
    """Return a docstring of four words."""
    rule(does_not_prove="Who changed it or why.")
    return "At least " + str(3) + " places were found.", "too short"
QUERY = "SELECT id FROM rows WHERE x"
'''


def test_help_and_messages_are_sentences_and_docstrings_and_queries_are_not() -> None:
    assert [(each.line, each.text) for each in of_source("x.py", SOURCE)] == [
        (7, "Show the number of matches that were found."),
        (12, "level is {n + 1}; give a number between 0 and 1"),
        (15, "Does not prove: Who changed it or why."),
        (16, "At least {str(3)} places were found."),
    ]


def test_texts_of_templates_are_sentences_with_their_line() -> None:
    text = (
        "<p class='a b c d'>\n{% if x %}Nothing was found in {{ x.name }}.{% endif %}</p><b>one</b>"
    )
    assert [(each.line, each.text) for each in of_template("x.html", text)] == [
        (2, "Nothing was found in {x.name}."),
    ]


def test_the_package_has_hundreds_of_sentences_each_once() -> None:
    found = sentences()
    assert len(found) > 500
    assert len({each.text for each in found}) == len(found)
