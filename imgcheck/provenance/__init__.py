"""What the file itself says: structure, last save, metadata, times, marks of platforms.

Every function takes bytes and the sniffed format, opens nothing, and raises on no garbage: what
is wrong in a file is an observation with its place.
"""

from imgcheck.provenance.credentials import C2paPresence, c2pa_presence
from imgcheck.provenance.encoder import Component, Encoding, QuantTable, encoding
from imgcheck.provenance.evidence import FieldRead
from imgcheck.provenance.exposure import exposure_value
from imgcheck.provenance.fbmd import Fbmd, decode_fbmd
from imgcheck.provenance.layout import structure
from imgcheck.provenance.names import name_times
from imgcheck.provenance.platforms import Trace, TraceRatio, platform_answer, platform_traces
from imgcheck.provenance.position import Gps
from imgcheck.provenance.preview import Agreement, thumbnail_agreement
from imgcheck.provenance.reading import Metadata, Thumbnail, metadata
from imgcheck.provenance.rules import FireRate, RuleResult, consistency, named_years
from imgcheck.provenance.steps import Step, route
from imgcheck.provenance.times import Time, looks_unset, signed_time
from imgcheck.provenance.tree import Node, Observation, Structure
from imgcheck.provenance.value import TagEntry
from imgcheck.provenance.window import TimeComparison, TimeFit, compare_times

__all__ = [
    "structure", "Structure", "Node", "Observation",
    "encoding", "Encoding", "QuantTable", "Component",
    "metadata", "Metadata", "TagEntry", "Time", "Gps", "Thumbnail",
    "compare_times", "TimeComparison", "TimeFit",
    "thumbnail_agreement", "Agreement",
    "platform_traces", "Trace", "decode_fbmd", "Fbmd",
    "c2pa_presence", "C2paPresence",
    "consistency", "RuleResult", "FireRate", "FieldRead",
    "route", "Step", "platform_answer", "TraceRatio", "name_times",
    "named_years", "exposure_value", "signed_time", "looks_unset",
]  # fmt: skip
