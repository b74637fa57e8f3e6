"""Draw random sentences that users read, to judge whether they are clear at first reading.

    python -m tests.english --seed 1 --count 30
    python -m tests.english --only imgcheck/sun --count 1000
    python -m tests.english --avoid

The sentences come from the syntax tree of the package and from the HTML templates: messages of
errors, help texts of commands, and every other text of at least four words that is no docstring.
Expressions of f-strings are shown in braces, and what rules prove follows the same label as in
reports. ``--avoid`` lists the sentences with a word that docs/glossary.md replaces by a standard
term.
"""

import argparse
import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FEWEST_WORDS = 4

#: Texts for programs: patterns, queries, drawings, tables of numbers.
_NO_SENTENCE = re.compile(
    r"\b(SELECT|INSERT|CREATE|DELETE|UPDATE|PRAGMA|ATTACH|COPY|CAST|Callable)\b|<[a-z/!]|"
    r"^\S*$|\bdefault-src\b|^str \||^\w+(,\w+)+$|^\w+(, [\w()]+)+$|"
    r"://|:not\(|\b[a-z]+/[a-z]+;|\(\?|\\[bdws]|^[^A-Za-z]*$"
)
_HELP = ("command", "group")
#: Calls whose arguments no user reads.
_PRIVATE_CALLS = ("compile", "match", "search", "sub", "getLogger", "filterwarnings", "TypeVar")

#: The labels that reports print before the texts of rules.
_LABELS = {"proves": "Proves: ", "does_not_prove": "Does not prove: "}

#: Words for data that are not the field's, as whole words.
AVOIDED = re.compile(
    r"\b(told|tells?|believed?s?|believes|asked for|speaks?|says? (?:nothing|so)|laid|lays|lay on|"
    r"dear|sheets?|handlings?|what came of|put together|stands? apart|stood apart|asker|surely?|"
    r"by chance|vouch|planted)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class Sentence:
    """A text and where it stands."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def _docstrings(tree: ast.Module) -> tuple[set[int], set[int]]:
    """Return the ids of docstrings, and of those that are the help of a command."""
    every, helps = set(), set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        first = node.body[0] if node.body else None
        if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
            continue
        every.add(id(first.value))
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        calls = [each.func if isinstance(each, ast.Call) else each for each in decorators]
        if any(getattr(call, "attr", getattr(call, "id", "")) in _HELP for call in calls):
            helps.add(id(first.value))
    return every, helps


def _text(node: ast.expr) -> str | None:
    """Return a text with expressions in braces; None for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                parts.append("{" + ast.unparse(value.value) + "}")
            else:
                parts.append(_text(value) or "")
        return "".join(parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [_text(side) for side in (node.left, node.right)]
        if sides == [None, None]:
            return None
        shown = (ast.unparse(side) for side in (node.left, node.right))
        return "".join(
            s if s is not None else "{" + e + "}" for s, e in zip(sides, shown, strict=True)
        )
    return None


def _walk(node: ast.AST, docstrings: set[int], helps: set[int]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.expr):
        if id(node) in docstrings and id(node) not in helps:
            return
        text = _text(node)
        if text is not None:
            yield node.lineno, text
            return
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _PRIVATE_CALLS:
        return
    label = _LABELS.get(node.arg or "", "") if isinstance(node, ast.keyword) else ""
    for child in ast.iter_child_nodes(node):
        for line, text in _walk(child, docstrings, helps):
            yield line, label + text


def of_source(path: str, source: str) -> Iterator[Sentence]:
    """Yield the sentences of a Python file."""
    tree = ast.parse(source)
    for line, text in _walk(tree, *_docstrings(tree)):
        for part in text.split("\b")[0].split("\n\n"):
            sentence = " ".join(part.split())
            if _is_sentence(sentence):
                yield Sentence(path, line, sentence)


def _is_sentence(text: str) -> bool:
    """Return whether a text has enough words beside its placeholders."""
    words = re.findall(r"(?<!\w)[^\W\d_]{2,}(?!\w)", re.sub(r"\{.*?\}", " ", text))
    return len(words) >= FEWEST_WORDS and not _NO_SENTENCE.search(text)


def of_template(path: str, source: str) -> Iterator[Sentence]:
    """Yield the texts of an HTML template, expressions in braces."""
    plain = re.sub(
        r"(?s)\{#.*?#\}|<(style|script).*?</\1>", lambda m: "\n" * m[0].count("\n"), source
    )
    plain = re.sub(
        r"(?s)\{%.*?%\}|</?(?!b>|/b>|i>|/i>|code)[^>]*>",
        lambda m: "\0" + "\n" * m[0].count("\n"),
        plain,
    )
    line = 1
    for part in plain.split("\0"):
        sentence = re.sub(r"\{\{\s*(.*?)\s*\}\}", r"{\1}", " ".join(part.split()))
        if _is_sentence(sentence):
            yield Sentence(path, line, sentence)
        line += part.count("\n")


def sentences(only: str = "imgcheck") -> list[Sentence]:
    """Return every sentence once, in the order of files."""
    found: dict[str, Sentence] = {}
    for path in sorted((ROOT / "imgcheck").rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        read = {".py": of_source, ".html": of_template, ".jinja": of_template}.get(path.suffix)
        if read is None or not name.startswith(only):
            continue
        for each in read(name, path.read_text("utf-8")):
            found.setdefault(each.text, each)
    return list(found.values())


def main() -> None:
    """Draw, or list what to avoid."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--only", default="imgcheck", help="first part of the paths")
    parser.add_argument("--avoid", action="store_true", help="list sentences with avoided words")
    options = parser.parse_args()
    every = sentences(options.only)
    if options.avoid:
        chosen = [each for each in every if AVOIDED.search(re.sub(r"\{.*?\}", "", each.text))]
    else:
        chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
    for number, each in enumerate(chosen, 1):
        print(f"{number}. {each}")
    print(f"{len(chosen)} of {len(every)} sentences")


if __name__ == "__main__":
    main()
