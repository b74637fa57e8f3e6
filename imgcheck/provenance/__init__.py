"""What the file itself says: structure, metadata, times, marks of platforms.

Every function takes bytes and the sniffed format, opens nothing, and raises on no garbage: what
is wrong in a file is an observation with its place. The one exception is `ExifTool`, which drives
a program that the caller names, as a second reader.
"""

from imgcheck.imaging.containers import structure
from imgcheck.imaging.containers.mpf import MpEntry, Mpf, mpf_words, read_mpf
from imgcheck.imaging.containers.tree import Node, Observation, Structure
from imgcheck.provenance.clocks.times import Time, looks_unset, signed_time
from imgcheck.provenance.clocks.window import TimeComparison, TimeFit, compare_times
from imgcheck.provenance.credentials.library import missing as c2pa_missing
from imgcheck.provenance.credentials.reading import C2paPresence, c2pa_presence, read_credentials
from imgcheck.provenance.credentials.result import Credentials, Ingredient
from imgcheck.provenance.credentials.result import say as say_credentials
from imgcheck.provenance.credentials.result import to_json as credentials_to_json
from imgcheck.provenance.credentials.trust import NO_TRUST, TrustBundle, TrustList, read_bundle
from imgcheck.provenance.fields.drone import DronePose, PoseField
from imgcheck.provenance.fields.exiftool import (
    Disagreement,
    ExifTool,
    NoSecondReading,
    SecondEntry,
    SecondReading,
    disagreements,
)
from imgcheck.provenance.fields.geotiff import GeoReference
from imgcheck.provenance.fields.maker_notes import MakerNote
from imgcheck.provenance.fields.metadata import (
    Metadata,
    Thumbnail,
    exposure_value,
    metadata,
    unreadable,
)
from imgcheck.provenance.fields.origin import DigitalSource, Generator, HistoryStep, Lineage
from imgcheck.provenance.fields.position import Gps
from imgcheck.provenance.fields.values import FieldRead, TagEntry
from imgcheck.provenance.pictures.agreement import Agreement, agreement_words, thumbnail_agreement
from imgcheck.provenance.pictures.embedded import (
    EmbeddedComparison,
    EmbeddedPicture,
    compare_embedded,
    embedded_gray,
    embedded_pictures,
)
from imgcheck.provenance.pictures.gain_map import (
    GainMap,
    StatedItem,
    gain_map_words,
    read_gain_map,
    stated_items,
)
from imgcheck.provenance.platforms.fbmd import Fbmd, decode_fbmd, fbmd_words, read_fbmd
from imgcheck.provenance.platforms.names import name_times
from imgcheck.provenance.platforms.steps import Step, route
from imgcheck.provenance.platforms.traces import Trace, TraceRatio, platform_answer, platform_traces
from imgcheck.provenance.rules import FireRate, RuleResult, consistency, named_years

__all__ = [
    "structure", "Structure", "Node", "Observation",
    "metadata", "Metadata", "unreadable", "TagEntry", "Time", "Gps", "Thumbnail",
    "compare_times", "TimeComparison", "TimeFit",
    "thumbnail_agreement", "Agreement", "agreement_words",
    "platform_traces", "Trace", "decode_fbmd", "Fbmd",
    "c2pa_presence", "C2paPresence", "c2pa_missing",
    "read_credentials", "say_credentials", "credentials_to_json", "Credentials", "Ingredient",
    "TrustList", "TrustBundle", "NO_TRUST", "read_bundle",
    "MakerNote", "DronePose", "PoseField", "Lineage", "HistoryStep", "DigitalSource",
    "Generator", "GeoReference",
    "ExifTool", "SecondReading", "NoSecondReading", "SecondEntry", "Disagreement", "disagreements",
    "embedded_pictures", "EmbeddedPicture", "embedded_gray",
    "compare_embedded", "EmbeddedComparison",
    "read_fbmd", "fbmd_words",
    "read_mpf", "Mpf", "MpEntry", "mpf_words",
    "read_gain_map", "GainMap", "gain_map_words", "stated_items", "StatedItem",
    "consistency", "RuleResult", "FireRate", "FieldRead",
    "route", "Step", "platform_answer", "TraceRatio", "name_times",
    "named_years", "exposure_value", "signed_time", "looks_unset",
]  # fmt: skip
