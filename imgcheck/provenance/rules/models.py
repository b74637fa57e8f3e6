"""Are the quantisation tables those that this very camera model was seen to write?"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from imgcheck.provenance.rules.facts import Facts, part, shown
from imgcheck.provenance.rules.result import State
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule
from imgcheck.quantity import binomial_interval

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding

# Below this many files of one model nothing is said about its tables.
LEAST_FILES = 20
# A model whose tables change from frame to frame (9 sets in 32 files of one, of which a first half
# foretold 6 of 16) has no table that a file could miss. Set after seeing three models.
_MOST_UNSEEN = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTables:
    """The table sets seen in files of one camera model.

    ``sets`` maps the digest of a set (see `digest`) to the number of files that had it.
    ``held_out`` counts, in the second half of a flight, the files whose set did not occur in
    the first half, and the files of that half: how badly the sets cover the model.
    """

    make: str
    model: str
    files: int
    flights: int
    source: str
    sets: dict[str, int]
    held_out: tuple[int, int]

    @property
    def unseen(self) -> float:
        """Upper limit (95 %) of the share of the model's files with a set not seen yet."""
        return binomial_interval(*self.held_out).high


def digest(save: "Encoding") -> str:
    """Give 16 hexadecimal digits that name the tables and the sampling of a save."""
    text = ";".join(f"{t.id}:{','.join(map(str, t.values))}" for t in save.tables)
    return hashlib.sha256(f"{text}|{save.subsampling}".encode()).hexdigest()[:16]


@cache
def model_tables() -> dict[tuple[str, str], ModelTables]:
    """Load the measured tables; those of fewer than `LEAST_FILES` files are refused."""
    text = resources.files("imgcheck.provenance.rules").joinpath("models.json").read_text("utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["models"]
    loaded = [ModelTables(**{**row, "held_out": tuple(row["held_out"])}) for row in rows]
    for row in loaded:
        if row.files < LEAST_FILES or sum(row.sets.values()) != row.files:
            raise ValueError(f"models.json: {row.model} rests on too few files, or miscounts them")
    return {(row.make, row.model): row for row in loaded}


@rule(
    "encoding.model-tables",
    proves="The file was saved by something else than this model in the modes that were measured.",
    does_not_prove="Alteration. One flight of one camera was measured a model: another quality "
    "setting or firmware writes other tables, and any program that saves the file does.",
    innocent=("another quality setting or firmware", "saved again for the web"),
)
def tables(facts: Facts) -> Answer:
    """Ask: does the table set of the file occur in files of the model it names?"""
    save, make, model = facts.encoding, facts.metadata.make, facts.metadata.model
    if save is None or not save.tables or make is None or model is None:
        return absent("no camera model is named, or the file is no JPEG")
    known = model_tables().get((make, model))
    if known is None:
        return absent(f"no table was measured for the model {shown(model)}")
    read = [facts.field("IFD0:Model")]
    read += [part(n, "DQT") for n in facts.structure.nodes if n.kind == "DQT"][:2]
    count = known.sets.get(digest(save), 0)
    if count:
        return answer("consistent", f"{count} of {known.files} measured files of {shown(model)} "
                      "have these tables and this sampling", *read)  # fmt: skip
    state: State = "anomalous" if known.unseen <= _MOST_UNSEEN else "explained"
    return answer(state, f"none of {known.files} measured files of {shown(model)} has these "
                  f"tables and this sampling; up to {known.unseen:.0%} of such files may have a "
                  "set that was not seen", *read)  # fmt: skip


RULES = (tables,)
