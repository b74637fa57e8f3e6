"""Random histories of an index, compared with the same history of plain Python sets."""

import numpy as np
import pytest

from imgcheck.hashing import HashIndex
from imgcheck.hashing.store import arguments, segments
from tests.hashing.test_listed import random_words

WORDS = random_words(11, 400)
KINDS = ("pdq", "dhash256")


class Model:
    """What an index must hold: from (kind, word number, label, list) to the date."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int, str, str], str | None] = {}

    def add(self, kind, numbers, name, date):
        for number in numbers:
            self.rows.setdefault((kind, number, f"{number % 7}", name), date)

    def merge(self, other):
        for key, date in other.rows.items():
            mine = self.rows.get(key, date)
            self.rows[key] = min(mine, date, key=arguments.date_order)


def held(index):
    """Give what an index holds in the form of the model, and the ids."""
    by_digits = {text: number for number, text in enumerate(arguments.digits(WORDS))}
    rows, ids = {}, {}
    for kind in index._segments.kinds():
        for part in index._segments.standing(kind):
            for at, text in enumerate(arguments.digits(part.words.T)):
                name, date = index._connection.execute(
                    "SELECT name, date FROM list WHERE id = ?", (int(part.lists[at]),)
                ).fetchone()
                key = (kind, by_digits[text], part.labels[at], name)
                assert key not in rows
                rows[key], ids[key] = date or None, int(part.ids[at])
    return rows, ids


def step(rng, index, model):
    """Do one random thing to both."""
    kind, name = KINDS[rng.integers(2)], "lm"[rng.integers(2)]
    date = (None, "2016", "2015-02")[rng.integers(3)]
    act = rng.integers(10)
    if act < 6:
        count = 1 if act < 3 else int(rng.integers(2, 90))
        numbers = rng.integers(0, len(WORDS), count).tolist()
        index.add_hashes(
            WORDS[numbers],
            labels=[f"{n % 7}" for n in numbers],
            list_name=name,
            date=date,
            kind=kind,
        )
        model.add(kind, numbers, name, date)
    elif act < 9:
        _, ids = held(index)
        for key in [k for k in ids if rng.random() < 0.3]:
            index.remove(ids[key])
            del model.rows[key]
    elif any(key[3] == name for key in model.rows):
        index.remove_list(name)
        model.rows = {key: when for key, when in model.rows.items() if key[3] != name}


@pytest.mark.parametrize("seed", range(3))
def test_any_history_leaves_what_sets_would_hold(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(segments, "TAIL_ROWS", 8)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 32)
    rng = np.random.default_rng(seed)
    models = [Model(), Model()]
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        HashIndex.create(path).close()
    for _ in range(3):
        for path, model in zip(paths, models, strict=True):
            with HashIndex.open(path, writable=True) as index:
                for _ in range(6):
                    step(rng, index, model)
                assert held(index)[0] == model.rows
                assert index.stats().listed == len(model.rows)
                assert index.verify().ok
        with HashIndex.open(paths[0], writable=True) as index:
            index.merge(paths[1])
            models[0].merge(models[1])
            rows, ids = held(index)
            assert rows == models[0].rows
            assert len(set(ids.values())) == len(ids)
            assert index.verify().ok
            near = index.within(WORDS[:50], radius=0)
            expected = {ids[key] for key in rows if key[0] == "pdq" and key[1] < 50}
            assert {n.id for n in near} == expected
