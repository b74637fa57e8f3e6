"""The notebook of the docs: every cell runs, and the report shows itself."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))


def test_the_notebook_is_stored_without_results() -> None:
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert NOTEBOOK["nbformat"] == 4 and cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


@pytest.mark.slow
def test_every_cell_runs_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    values, names = [], dict[str, Any]()
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            *steps, last = ast.parse("".join(cell["source"])).body
            assert isinstance(last, ast.Expr)  # a cell ends in what it shows
            exec(compile(ast.Module(steps, []), "cell", "exec"), names)
            values.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    report, answers, measures, centre, sets = values
    shown = report._repr_html_()
    assert shown.startswith("<iframe") and shown.count("<") == 2  # the page itself is escaped
    assert 'sandbox="allow-scripts"' in shown and "contradicted" in shown
    assert answers["when"] == "contradicted"
    assert len(measures) == 4 and len(centre) == 2 and sets
