"""Cases whose inspection is made up: decision rules are tested on frozen results, not on pixels."""

from types import SimpleNamespace
from typing import Any

from imgcheck import provenance
from imgcheck.case import Case
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
        "structure": provenance.Structure(format="jpeg", nodes=()),
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
