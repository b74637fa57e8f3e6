"""What a file states about itself: structure, metadata, times, platform marks, credentials.

Every function takes bytes and the sniffed format, opens nothing, and raises on no garbage: an
error in a file is an observation with its place. The one exception is `ExifTool`, which runs a
program that the caller names, as a second reader.
"""

from imgcheck.imaging.containers import structure
from imgcheck.imaging.containers.mpf import Mpf, mpf_words, read_mpf
from imgcheck.imaging.containers.tree import Node, Observation, Structure
from imgcheck.provenance.clocks.comparison import TimeComparison, TimeFit, compare_times
from imgcheck.provenance.clocks.stated import Time, looks_unset, signed_time
from imgcheck.provenance.credentials.reading import c2pa_presence, read_credentials
from imgcheck.provenance.credentials.result import Credentials, Ingredient, credentials_words
from imgcheck.provenance.credentials.result import to_json as credentials_to_json
from imgcheck.provenance.credentials.trust import NO_TRUST, TrustBundle, TrustList, read_bundle
from imgcheck.provenance.fields.drone import DronePose
from imgcheck.provenance.fields.exiftool import (
    Disagreement,
    ExifTool,
    NoSecondReading,
    SecondEntry,
    SecondReading,
    disagreements,
)
from imgcheck.provenance.fields.metadata import Metadata, exposure_value, metadata, unreadable
from imgcheck.provenance.fields.position import Gps
from imgcheck.provenance.fields.values import FieldRead, TagEntry
from imgcheck.provenance.pictures.agreement import Agreement, agreement_words, thumbnail_agreement
from imgcheck.provenance.pictures.embedded import (
    EmbeddedComparison,
    EmbeddedPicture,
    NotCompared,
    compare_embedded,
    embedded_pictures,
)
from imgcheck.provenance.pictures.gain_map import (
    GainMap,
    gain_map_words,
    read_gain_map,
)
from imgcheck.provenance.platforms.data import name_times
from imgcheck.provenance.platforms.fbmd import Fbmd, decode_fbmd, fbmd_words, read_fbmd
from imgcheck.provenance.platforms.traces import Step, Trace, platform_traces, route
from imgcheck.provenance.rules import FireRate, RuleResult, consistency, named_years

__all__ = [
    "Agreement", "agreement_words", "c2pa_presence", "compare_embedded", "compare_times",
    "consistency", "Credentials", "credentials_to_json", "decode_fbmd", "Disagreement",
    "disagreements", "DronePose", "embedded_pictures", "EmbeddedComparison", "EmbeddedPicture",
    "ExifTool", "exposure_value", "Fbmd", "fbmd_words", "FieldRead", "FireRate", "gain_map_words",
    "GainMap", "Gps", "Ingredient", "looks_unset", "Metadata", "metadata", "Mpf", "mpf_words",
    "name_times", "named_years", "NO_TRUST", "Node", "NoSecondReading", "NotCompared",
    "Observation",
    "platform_traces", "read_bundle", "read_credentials", "read_fbmd", "read_gain_map",
    "read_mpf", "route", "RuleResult", "credentials_words", "SecondEntry", "SecondReading",
    "signed_time", "Step", "structure", "Structure", "TagEntry",
    "thumbnail_agreement", "Time", "TimeComparison", "TimeFit", "Trace", "TrustBundle",
    "TrustList", "unreadable",
]  # fmt: skip
