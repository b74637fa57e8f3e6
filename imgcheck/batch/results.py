"""Results of a batch as tables and as a page of small pictures."""

import base64
import csv
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from imgcheck.errors import MissingDependencyError
from imgcheck.imaging.output import write_atomically
from imgcheck.imaging.text import spreadsheet_text
from imgcheck.model import Answer
from imgcheck.report import page

_COUNTED = tuple(answer.value for answer in Answer)
_COLUMNS = ("path", "sha256", "state", *_COUNTED, "failed_checks", "report", "error")


def write_results(results: Sequence[dict[str, Any]], folder: Path) -> tuple[Path, ...]:
    """Write ``results.csv``, ``.jsonl``, ``.parquet`` where DuckDB is there, and ``index.html``.

    The same results give the same bytes.
    """
    rows = [_row(result) for result in results]
    made = [
        write_atomically(folder / "results.csv", _csv(rows)),
        write_atomically(folder / "results.jsonl", "".join(f"{line}\n" for line in lines(results))),
        write_atomically(folder / "index.html", _page(results, rows)),
    ]
    with suppress(MissingDependencyError):  # the other two tables hold the same
        made.append(_parquet(folder))
    return tuple(made)


def lines(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return one JSON object a picture."""
    return [
        json.dumps({k: v for k, v in one.items() if k != "view"}, sort_keys=True) for one in results
    ]


def _row(result: dict[str, Any]) -> dict[str, str]:
    answers = list(result.get("verdicts", {}).values())
    return {
        "path": result["path"],
        "sha256": result["sha256"] or "",
        "state": result["state"],
        **{name: str(answers.count(name)) for name in _COUNTED},
        "failed_checks": " ".join(result.get("failed_checks", ())),
        "report": result.get("report", ""),
        "error": result.get("error", ""),
    }


def _csv(rows: Sequence[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_text(value) for name, value in row.items()} for row in rows)
    return stream.getvalue()


def _parquet(folder: Path) -> Path:
    try:
        import duckdb
    except ImportError as error:
        raise MissingDependencyError("Parquet needs the extra imgcheck[duckdb]") from error
    target, made = folder / "results.parquet", folder / ".results.parquet"
    with duckdb.connect() as work:
        table = work.read_csv(str(folder / "results.csv"), header=True, all_varchar=True)
        table.write_parquet(str(made))
    made.replace(target)
    return target


def _page(results: Sequence[dict[str, Any]], rows: Sequence[dict[str, str]]) -> str:
    shown: list[dict[str, Any]] = []
    for result, row in zip(results, rows, strict=True):
        view = result.get("view")
        kinds = [name for name in _COUNTED if row[name] != "0"] or [result["state"]]
        shown.append(
            {
                "row": row,
                "address": page.address(base64.b64decode(view)) if view else None,
                "kinds": kinds,
                "page": row["report"].replace(".json", ".html"),
            }
        )
    kinds = [kind for kind in (*_COUNTED, "done", "refused", "failed")
             if any(kind in one["kinds"] for one in shown)]  # fmt: skip
    rules = "".join(
        f"main:has(#k-{kind}:checked) .tile:not(.{kind}){{display:none}}\n" for kind in kinds
    )
    counts = [(kind, sum(kind in one["kinds"] for one in shown)) for kind in kinds]
    return page.render("batch.html", rules=rules, script=False, title="Batch", generator="imgcheck",
                       tiles=shown, counts=counts)  # fmt: skip
