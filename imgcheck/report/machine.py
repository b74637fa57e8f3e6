"""The report for other programs: SARIF, GeoJSON, and JUnit XML of a regression run."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from imgcheck.model import ByteRange, Finding, Input, Outcome, Report
from imgcheck.model.documents import RegressedCase
from imgcheck.report.arrange import picture
from imgcheck.report.formatting import line
from imgcheck.report.page import environment
from imgcheck.report.wording import reading

_SARIF = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

# SARIF 2.1.0, 3.27.9: what a result is. Only "fail" carries a level other than "none".
_KINDS = {
    Outcome.SUPPORTS: "pass",
    Outcome.CONTRADICTS: "fail",
    Outcome.INCONCLUSIVE: "open",
    Outcome.NOT_APPLICABLE: "notApplicable",
}


def junit(cases: Sequence[RegressedCase]) -> str:
    """Return a regression run as JUnit XML."""
    return environment().get_template("junit.xml").render(cases=cases) + "\n"


def sarif(report: Report) -> str:
    """Return the report as SARIF 2.1.0, one result per finding.

    A contradicted statement is a warning, never an error. Failed checks are notifications.
    """
    posted = picture(report)
    rules = list(dict.fromkeys(f.check for f in report.findings))
    run = {
        "tool": {
            "driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "rules": [{"id": rule} for rule in rules],
            }
        },
        "invocations": [_invocation(report)],
        "artifacts": [_artifact(item) for item in report.inputs],
        "results": [
            _result(finding, rules, posted, report)
            for finding in report.findings
            if finding.outcome is not Outcome.FAILED
        ],
        "columnKind": "unicodeCodePoints",
    }
    log = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _invocation(report: Report) -> dict[str, Any]:
    notes = [
        {
            "level": "error",
            "message": {"text": line(finding.summary)},
            "associatedRule": {"id": finding.check},
        }
        for finding in report.failed
    ]
    return {"executionSuccessful": not notes, "toolExecutionNotifications": notes}


def _artifact(item: Input) -> dict[str, Any]:
    found: dict[str, Any] = {
        "location": {"uri": _uri(item.name)},
        # Ids are unique, which artifacts have to be.
        "description": {"text": line(item.id, limit=200)},
        "roles": ["analysisTarget"],
    }
    if item.role != "picture":
        found["roles"] = ["referencedOnCommandLine"]
    if item.sha256 is not None:
        found["hashes"] = {"sha-256": item.sha256}
    if item.size_bytes is not None:
        found["length"] = item.size_bytes
    return found


def _uri(name: str) -> str:
    return quote(line(name, limit=300), safe="") or "unnamed"


def _result(
    finding: Finding, rules: list[str], posted: Input | None, report: Report
) -> dict[str, Any]:
    verdicts = report.answers()
    readings = {s.id: reading(s) for s in report.claim.statements}
    properties: dict[str, Any] = {"outcome": finding.outcome.value, "statement": finding.statement}
    if finding.statement in verdicts:
        properties["verdict"] = verdicts[finding.statement].value
        properties["readAs"] = readings.get(finding.statement)
    if finding.error_rate is not None:
        properties["errorRate"] = finding.error_rate.rate
    kind = "informational" if finding.statement is None else _KINDS[finding.outcome]
    found: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": rules.index(finding.check),
        "kind": kind,
        "level": "warning" if kind == "fail" else "none",
        "message": {"text": line(finding.summary)},
        "properties": properties,
    }
    if posted is not None:
        found["locations"] = _locations(finding, posted)
    return found


def _locations(finding: Finding, posted: Input) -> list[dict[str, Any]]:
    where = {"artifactLocation": {"uri": _uri(posted.name)}}
    ranges = [b for b in finding.evidence.bytes if b.offset >= 0 and b.length > 0]
    if not ranges:
        return [{"physicalLocation": where}]
    return [{"physicalLocation": {**where, "region": _region(b)}} for b in ranges]


def _region(range_: ByteRange) -> dict[str, Any]:
    return {
        "byteOffset": range_.offset,
        "byteLength": range_.length,
        "message": {"text": line(range_.label, limit=300)},
    }


def geojson(report: Report, *, footprints: Sequence[Mapping[str, Any]] = ()) -> str | None:
    """Return a GeoJSON feature collection, or ``None`` if there are no footprints.

    Parameters
    ----------
    report : Report
    footprints : sequence of GeoJSON features
        In longitude and latitude, WGS 84.

    Raises
    ------
    ValueError
        If one of them is not a feature (RFC 7946), or a position not longitude and latitude.
    """
    if not footprints:
        return None
    for position, feature in enumerate(footprints, 1):
        _check(feature, position)
    posted = picture(report)
    collection = {
        "type": "FeatureCollection",
        "features": [dict(feature) for feature in footprints],
        # A foreign member, which RFC 7946 allows (section 6.1).
        "imgcheck": {"schema": report.schema, "sha256": posted.sha256 if posted else None},
    }
    return json.dumps(collection, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _check(feature: Mapping[str, Any], position: int) -> None:
    if feature.get("type") != "Feature" or not {"geometry", "properties"} <= set(feature):
        raise ValueError(f"footprint {position} is not a GeoJSON feature")
    geometry = feature["geometry"]
    parts = [] if geometry is None else geometry.get("geometries", [geometry])
    for part in parts:
        for lon, lat in _positions(part.get("coordinates", [])):
            if not (abs(lon) <= 180 and abs(lat) <= 90):
                raise ValueError(
                    f"footprint {position}: ({lon}, {lat}) is not longitude and latitude in degrees"
                )


def _positions(coordinates: Any) -> list[tuple[float, float]]:
    """Return every position in nested coordinates, without heights."""
    if not isinstance(coordinates, list | tuple) or not coordinates:
        return []
    if isinstance(coordinates[0], int | float):
        lat = coordinates[1] if len(coordinates) > 1 else math.nan
        return [(float(coordinates[0]), float(lat))]
    return [position for part in coordinates for position in _positions(part)]
