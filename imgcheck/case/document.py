"""An inspection as the JSON of ``imgcheck inspect --json``."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from imgcheck import provenance
from imgcheck.imaging.text import printable

if TYPE_CHECKING:
    from imgcheck.case.reading import Inspection

_DEEPEST_NODE = 6


def of(found: "Inspection") -> dict[str, Any]:
    """Give the document: plain values, no number that JSON does not know."""
    image, metadata = found.image, found.metadata
    return {
        "name": printable(image.name),
        "sha256": image.sha256,
        "size_bytes": image.size_bytes,
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "orientation": image.orientation,
        "damage": _plain_all(image.damage),
        "tags": _plain(metadata.tags),
        "times": _plain_all(found.times),
        "gps": _plain_one(metadata.gps),
        "pose": _plain_one(metadata.pose),
        "software": list(metadata.software),
        "maker_note": _plain_one(metadata.maker_note),
        "lineage": _plain_one(metadata.lineage),
        "digital_source": _plain_one(metadata.digital_source),
        "generators": _plain_all(metadata.generators),
        "georeference": _plain_one(metadata.georeference),
        "fbmd": {"state": "absent"} if found.fbmd is None else _plain(asdict(found.fbmd)),
        "c2pa": _plain(provenance.credentials_to_json(found.credentials)),
        "encoding": _plain_one(found.encoding),
        "traces": _plain_all(found.traces),
        "route": _plain_all(found.route),
        "rules": _plain_all(found.rules),
        "embedded": [_embedded(one) for one in found.embedded],
        "multi_picture": _plain_one(found.multi_picture),
        "gain_map": _plain_one(found.gain_map),
        "second_reader": _second(found),
        "structure": [_node(node, 0) for node in found.structure.nodes],
        "observations": _plain_all((*found.structure.observations, *metadata.observations)),
    }


def _embedded(one: provenance.EmbeddedComparison) -> dict[str, Any]:
    return {**one.picture, "agreement": _plain_one(one.agreement), "reason": one.reason}


def _second(found: "Inspection") -> dict[str, Any] | None:
    if found.second is None:
        return None
    return {
        "reader": found.second.reader,
        "version": found.second.version,
        "problem": getattr(found.second, "problem", None),
        "disagreements": _plain_all(found.disagreements),
    }


def _plain_one(value: Any) -> Any:
    return None if value is None else _plain(asdict(value))


def _plain_all(values: Any) -> list[Any]:
    return [_plain(asdict(value)) for value in values]


def _plain(value: Any) -> Any:
    """Turn tuples into lists, and numbers that JSON does not know (NaN, infinity) into words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value


def _node(node: provenance.Node, depth: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "offset": node.offset,
        "length": node.length,
        "kind": node.kind,
        "note": node.note,
    }
    if node.children and depth < _DEEPEST_NODE:
        shown["children"] = [_node(child, depth + 1) for child in node.children]
    return shown
