"""Cases with made-up results: decision rules are tested on frozen results, not on pixels."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from imgcheck import hashing, provenance
from imgcheck.case import Case
from imgcheck.imaging import containers
from imgcheck.model import Claim
from imgcheck.model.claimfile import loads


def case_of(claim: str | Claim = "", *, image: Any = None, **inspection: Any) -> Case:
    """Make a case whose file was read as stated; what is not stated is empty."""
    stated = claim if isinstance(claim, Claim) else Claim()
    if isinstance(claim, str) and claim:
        stated = loads(claim if "statements:" in claim else f"statements:\n{claim}")
    shown = image or SimpleNamespace(
        format="jpeg", width=4000, height=3000, damage=(), name="a.jpg"
    )
    found: dict[str, Any] = {
        "metadata": tags(), "traces": (), "rules": (), "embedded": (), "thumbnail": None,
        "times": (), "fbmd": None, "encoding": None, "image": shown,
        "structure": containers.Structure(format="jpeg", nodes=()),
        "credentials": provenance.Credentials(present=False),
    }  # fmt: skip
    case = Case(image=shown, claim=stated)
    vars(case)["file"] = SimpleNamespace(**{**found, **inspection})
    return case


def tags(**more: Any) -> provenance.Metadata:
    """Make the metadata of a file without any, but for what is stated."""
    empty: dict[str, Any] = {
        "tags": {}, "entries": (), "times": (), "gps": None, "software": (), "make": None,
        "model": None, "thumbnail": None, "icc": None, "xmp": {}, "iptc": {}, "fbmd": None,
        "comments": (), "hostile": (), "observations": (),
    }  # fmt: skip
    return provenance.Metadata(**{**empty, **more})


def match(relation: str = "derived", date: str | None = "2015-06-14", **more: Any) -> hashing.Match:
    """Make a match of a known picture of 100 x 100 px that covers stated shares of both."""
    number = more.pop("id", 1)
    covered, shown = more.pop("covered", None), more.pop("shown", 1.0)
    known = hashing.KnownPicture(
        id=number, sha256="", path=f"k{number}.jpg", width=100, height=100, date=date,
        listed=more.pop("listed", None),
    )  # fmt: skip
    if covered is not None:
        identity = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        region = ((0, 0), (100, 0), (100, 100 * shown), (0, 100 * shown))
        more = {"overlap_share": covered, "transform": identity, "known_region": region, **more}
    values = {"stage": "part", "log10_nfa": -40.0, **more}
    return hashing.Match(known=known, relation=relation, **values)


def indexed(
    *matches: hashing.Match, claim: str, posted: str | None = "2017-09-11", **search: Any
) -> Case:
    """Make a case whose search in the index had stated results."""
    source = f"source: {{posted: '{posted}'}}\n" if posted else ""
    rgb = np.zeros((9, 9, 3), np.uint8)
    image: Any = SimpleNamespace(rgb=lambda: rgb, valid=lambda: np.ones((9, 9), bool))
    stated = loads(f"{source}statements:\n  - {claim}\n")
    case = Case(image=image, claim=stated, index=Path("known.db"))
    values = {"exact": True, "rows": 3, "snapshot": "s", "parts": "every", "hashable": True,
              "features": 900, **search}  # fmt: skip
    vars(case)["known"] = hashing.SearchResult(matches=matches, **values)
    return case
