"""What the file itself says: structure, last save, metadata, times, marks of platforms.

Every function takes bytes and the sniffed format, opens nothing, and raises on no garbage: what
is wrong in a file is an observation with its place.
"""

from imgcheck.provenance.credentials import C2paPresence, c2pa_presence
from imgcheck.provenance.embedded import EmbeddedPicture, embedded_pictures, embedded_words
from imgcheck.provenance.embedded_pixels import (
    EmbeddedComparison,
    compare_embedded,
    comparison_words,
    embedded_gray,
)
from imgcheck.provenance.encoder import Component, Encoding, QuantTable, encoding
from imgcheck.provenance.fbmd import Fbmd, decode_fbmd, fbmd_words, read_fbmd
from imgcheck.provenance.gain_map import (
    GainMap,
    StatedItem,
    gain_map_words,
    read_gain_map,
    stated_items,
)
from imgcheck.provenance.layout import structure
from imgcheck.provenance.mpf import MpEntry, Mpf, mpf_words, read_mpf
from imgcheck.provenance.platforms import Trace, platform_traces
from imgcheck.provenance.position import Gps
from imgcheck.provenance.preview import Agreement, agreement_words, thumbnail_agreement
from imgcheck.provenance.reading import Metadata, Thumbnail, metadata
from imgcheck.provenance.times import Time
from imgcheck.provenance.tree import Node, Observation, Structure
from imgcheck.provenance.value import TagEntry
from imgcheck.provenance.window import TimeComparison, TimeFit, compare_times

__all__ = [
    "structure", "Structure", "Node", "Observation",
    "encoding", "Encoding", "QuantTable", "Component",
    "metadata", "Metadata", "TagEntry", "Time", "Gps", "Thumbnail",
    "compare_times", "TimeComparison", "TimeFit",
    "thumbnail_agreement", "Agreement", "agreement_words",
    "platform_traces", "Trace", "decode_fbmd", "Fbmd",
    "embedded_pictures", "EmbeddedPicture", "embedded_words", "embedded_gray",
    "compare_embedded", "EmbeddedComparison", "comparison_words",
    "read_fbmd", "fbmd_words",
    "read_mpf", "Mpf", "MpEntry", "mpf_words",
    "read_gain_map", "GainMap", "gain_map_words", "stated_items", "StatedItem",
    "c2pa_presence", "C2paPresence",
]  # fmt: skip
