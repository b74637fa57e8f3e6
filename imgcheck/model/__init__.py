"""The data model: frozen, plain data that every floor above may pass around."""

from imgcheck.model.claim import Claim, Measurement, ObjectCount, Rival, Source
from imgcheck.model.finding import (
    ByteRange,
    Citation,
    DetectionPower,
    ErrorRate,
    Evidence,
    Finding,
    Footprint,
    Measure,
    Outcome,
    Picture,
    Region,
)
from imgcheck.model.report import SCHEMA, Answer, Input, Report, Tool, Verdict
from imgcheck.model.statement import (
    KINDS,
    Absence,
    Acquired,
    Attribution,
    Changed,
    Count,
    Dimensions,
    Intent,
    Original,
    Place,
    Sensor,
    Statement,
    Unaltered,
    Unchanged,
)
from imgcheck.model.window import Window

__all__ = [
    "Claim", "Source", "Measurement", "ObjectCount", "Rival",
    "Window", "Statement", "KINDS", "Acquired", "Place", "Count", "Absence", "Unchanged", "Changed",
    "Sensor", "Original", "Unaltered", "Dimensions", "Attribution", "Intent",
    "Finding", "Outcome", "Measure", "ErrorRate", "Evidence", "Region", "ByteRange",
    "Citation", "Footprint", "Picture", "DetectionPower",
    "Report", "SCHEMA", "Tool", "Input", "Verdict", "Answer",
]  # fmt: skip
