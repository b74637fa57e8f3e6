"""Logs that somebody else made: a sound chain around values that no step of ours would write."""

import contextlib
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgcheck import custody
from imgcheck.custody.chain import describe
from imgcheck.errors import ImgcheckError

JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 2**53 - 1, "", "x" * 1000, "\x1b[2J", [], {}, [None], {"a": 1}, [[[]]],
    "0" * 64, "evidence/" + "0" * 64 + ".jpg", {"sha256": 5}, [{"sha256": []}], "recover", "sign",
    {"torn": [{"sha256": 5}], "after": {"line": True, "sha256": None}},
)  # fmt: skip


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*above, key)
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*above, key))


def spoil(value: Any, rng: random.Random) -> None:
    *above, last = rng.choice(list(places(value)))
    for key in above:
        value = value[key]
    value[last] = rng.choice(JUNK)


def chained(lines: list[bytes], rng: random.Random) -> tuple[bytes, str]:
    """Spoil some lines and chain them all again; give the log and the hash of its last line."""
    made, previous = [], "0" * 64
    for line in lines:
        value = json.loads(line)
        if rng.random() < 0.3:
            spoil(value, rng)
        value["previous"] = previous
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        made.append(text.encode() + b"\n")
        previous = hashlib.sha256(made[-1][:-1]).hexdigest()
    return b"".join(made), previous


@pytest.mark.parametrize("seed", range(5))
def test_nothing_but_our_own_errors_leaves_the_engine(case: Path, seed: int) -> None:
    rng = random.Random(seed)
    log, head = case / "case.log.jsonl", case / "case.head.json"
    lines = log.read_bytes().split(b"\n")[:-1]
    first = json.loads(head.read_bytes())
    for _ in range(20):
        data, last = chained(lines, rng)
        log.write_bytes(data)
        value = first | {"sha256": last, "log_bytes": len(data)}
        value["lines"] -= rng.choice((0, 0, 1, 2))
        head.write_text(json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n")
        custody.verify(case)
        history = custody.read(case)
        assert all(line.isprintable() for entry in history.entries for line in describe(entry))
        with contextlib.suppress(ImgcheckError):
            custody.export(history)
        with contextlib.suppress(ImgcheckError), custody.CustodyFolder(case) as kept:
            kept.note("x")
