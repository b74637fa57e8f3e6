"""The JSON of every command; that of ``verify`` for one picture is the `Report`.

Each class is one document: `to_json` follows its type hints, and `imgcheck.model.schema` publishes
the JSON Schema of each. A field that does not apply, or whose value is unknown, is ``null``.
"""

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from imgcheck.annotation import Annotation
from imgcheck.model.codec import decode_fields, encode_fields
from imgcheck.model.report import Report
from imgcheck.quantity import LonLat

Matrix = tuple[tuple[float, ...], ...]
Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One JSON object that a command prints; ``schema`` names its kind and version."""

    SCHEMA: ClassVar[str]
    schema: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", self.SCHEMA)

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON-ready values."""
        return encode_fields(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Rebuild the document from `to_json`.

        Raises
        ------
        ValueError
            If the schema is another one, or a field is missing, unknown or mistyped.
        """
        found = value.get("schema") if isinstance(value, dict) else None
        if found != cls.SCHEMA:
            raise ValueError(f"expected the schema {cls.SCHEMA}, not {found}")
        fields = {name: item for name, item in value.items() if name != "schema"}
        document: Self = decode_fields(cls, fields)
        return document

    def dumps(self) -> str:
        """Return the document as JSON text."""
        return json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of time, ISO 8601 in UTC."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassHint:
    """Mean local solar time, and the satellites that usually pass then. A hint only."""

    local_solar_hours: float
    usual: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SunDirection:
    """Where the sun is: azimuth clockwise from north, true elevation."""

    azimuth_deg: float
    elevation_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What was assumed about ground, object and view, in degrees."""

    slope_deg: float | None
    slope_aspect_deg: float | None
    slope_sigma_deg: float
    lean_sigma_deg: float
    view_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SunDocument(Document):
    """The sun at a place and time; from ``window`` on, the times that a measured shadow allows.

    Attributes
    ----------
    ratio : float or None
        Shadow length divided by object height, on level ground.
    sets, mirror : tuple of Span or None
        Allowed times of the window; those on the other side of the solstice.
    share_of_daylight : float or None
        Share of the daylight of the window that is allowed.
    likelihood_ratio : float or None
        Of the claimed time ``against`` the rival or any daylight of the window.
    date : str or None
        What the shadow leaves open about the date.
    """

    SCHEMA: ClassVar[str] = "imgcheck-sun/1"
    place: LonLat
    time: str | None = None
    elevation_deg: float | None = None
    apparent_elevation_deg: float | None = None
    azimuth_deg: float | None = None
    shadow_azimuth_deg: float | None = None
    ratio: float | None = None
    pass_hint: PassHint | None = None
    window: Span | None = None
    level: float | None = None
    resolution_s: float | None = None
    sets: tuple[Span, ...] | None = None
    mirror: tuple[Span, ...] | None = None
    fits: bool | None = None
    p_value: float | None = None
    best_time: str | None = None
    share_of_daylight: float | None = None
    days_allowed: int | None = None
    days_in_window: int | None = None
    likelihood_ratio: float | None = None
    against: str | None = None
    claimed_allowed: bool | None = None
    date: str | None = None
    claimed_sun: SunDirection | None = None
    assumed: Assumed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectDocument(Document):
    """What one file states about itself; the parts are those of the provenance engine."""

    SCHEMA: ClassVar[str] = "imgcheck-inspect/1"
    name: str
    sha256: str
    size_bytes: int
    format: str
    width: int
    height: int
    orientation: int
    damage: tuple[dict[str, Any], ...]
    tags: dict[str, Any]
    times: tuple[dict[str, Any], ...]
    gps: dict[str, Any] | None
    pose: dict[str, Any] | None
    software: tuple[str, ...]
    maker_note: dict[str, Any] | None
    lineage: dict[str, Any] | None
    digital_source: dict[str, Any] | None
    generators: tuple[dict[str, Any], ...]
    georeference: dict[str, Any] | None
    fbmd: dict[str, Any]
    c2pa: dict[str, Any]
    encoding: dict[str, Any] | None
    traces: tuple[dict[str, Any], ...]
    route: tuple[dict[str, Any], ...]
    rules: tuple[dict[str, Any], ...]
    embedded: tuple[dict[str, Any], ...]
    multi_picture: dict[str, Any] | None
    gain_map: dict[str, Any] | None
    second_reader: dict[str, Any] | None
    structure: tuple[dict[str, Any], ...]
    observations: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureInput:
    """The picture that was to be located."""

    name: str
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedReference:
    """A reference image, with its date where one is stated."""

    id: str
    path: str | None
    sha256: str
    date: str | None
    date_source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One reference, with the result of the registration to it."""

    reference: LocatedReference
    placed: bool
    reason: str | None
    path: str | None
    log10_nfa: float | None
    false_match_probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A circle within which the place was searched."""

    lon: float
    lat: float
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What was given about the picture before the search."""

    gsd_m: tuple[float, float] | None
    near: Area | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One matching point; picture and reference in pixels and in coordinates of the CRS."""

    picture: tuple[float, float]
    reference: tuple[float, float]
    lonlat: LonLat
    residual_px: float
    residual_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateCandidate:
    """The best place of a picture that was not placed, for the eye only.

    Attributes
    ----------
    transform : Matrix
        Picture pixels to coordinates of the CRS, row-major 3 x 3.
    chance : float
        Estimated probability that a picture of another place fits as well.
    """

    transform: Matrix
    crs: str
    chance: float
    reference: LocatedReference | None
    centre: LonLat


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateDocument(Document):
    """Where a picture is, or the reason why it could not be located.

    Attributes
    ----------
    nfa, log10_nfa : float or None
        Number of false alarms; ``nfa`` underflows to 0 below 1e-308.
    transform : Matrix or None
        Picture pixels to coordinates of the CRS, row-major 3 x 3.
    footprint : dict or None
        GeoJSON, longitude and latitude.
    ellipse_m : tuple of float or None
        Semi-major axis, semi-minor axis (metres, 95 %), and the direction of the major axis in
        degrees clockwise from north.
    candidate : LocateCandidate or None
        Where nothing was placed. It neither supports nor contradicts anything.
    """

    SCHEMA: ClassVar[str] = "imgcheck-locate/1"
    placed: bool
    reason: str | None
    input: PictureInput
    log10_nfa: float | None = None
    nfa: float | None = None
    transform: Matrix | None = None
    crs: str | None = None
    footprint: dict[str, Any] | None = None
    gsd_m: float | None = None
    north_deg: float | None = None
    ellipse_m: tuple[float, float, float] | None = None
    path: str | None = None
    model: str | None = None
    mirrored: bool | None = None
    tilt_deg: float | None = None
    centre: LonLat | None = None
    corners: dict[str, LonLat] | None = None
    area_m2: float | None = None
    edges_m: dict[str, float] | None = None
    false_match_probability: float | None = None
    reference: LocatedReference | None = None
    relation: str | None = None
    relation_reason: str | None = None
    inliers: int | None = None
    rms_px: float | None = None
    tie_points: tuple[Tie, ...] | None = None
    candidate: LocateCandidate | None = None
    prior: Prior
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInput:
    """One of the two images, with its date.

    Attributes
    ----------
    date : str or None
        ISO 8601 date, time or interval.
    date_source : str or None
        ``option``, ``sidecar`` (``items.json``) or ``tag``.
    """

    name: str
    sha256: str
    width: int
    height: int
    date: str | None
    date_source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUnread:
    """A part of the grid that could not be read: left, top, right, bottom in pixels, and why."""

    pixels: tuple[int, int, int, int]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProperties:
    """One changed object.

    Attributes
    ----------
    kind : str
        ``appeared``, ``vanished`` (edges), ``brighter``, ``darker``, ``vegetation``,
        ``recoloured``.
    area_m2, area_error_m2 : float or None
        On the ellipsoid, and its standard error from the uncertain border; None where the pixel
        size is not known.
    before, after : float
        Mean brightness in [0, 1], matched in radiometry.
    pixels : Polygon
        The outline in pixels of the score map.
    """

    number: int
    kind: str
    area_m2: float | None
    area_error_m2: float | None
    p_value: float
    q_value: float
    before: float
    after: float
    peak_z: float
    pixels: Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFeature:
    """A GeoJSON feature; its geometry is None where the images have no place."""

    type: str = "Feature"
    geometry: dict[str, Any] | None
    properties: ChangeProperties


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRegistration:
    """How both images came on one grid.

    Attributes
    ----------
    method : str
        ``georeference``, ``located`` or ``as given``.
    verified : bool
        Whether the images themselves confirm their alignment.
    shift_px, shift_m : tuple of float or None
        Displacement (right, down) of ``after`` that was found and undone.
    sigma_px, sigma_m : float or None
        Standard error of the registration of a single place, median over the images.
    sigma_px_range : tuple of float or None
        Least and largest over the images.
    """

    method: str
    verified: bool
    shift_px: tuple[float, float] | None
    shift_m: tuple[float, float] | None
    sigma_px: float | None
    sigma_m: float | None
    sigma_px_range: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSuppressed:
    """Differences that are not among the features, and why; share of the compared ground."""

    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionLimit:
    """The smallest square that is found at 9 of 10 places, for one contrast (share of white)."""

    contrast: float
    side_m: float | None
    area_m2: float | None
    side_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePower:
    """How many objects of one look, size and contrast were put into the pair, and found.

    ``block`` is a square brighter or darker than its ground, ``pit`` a disc with a lit and a shaded
    half. ``expected`` is the share that is expected to be found, from all sizes together.
    """

    look: str
    side_m: float | None
    side_px: float
    contrast: float
    tried: int
    found: int
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDocument(Document):
    """What changed between two images, as a GeoJSON FeatureCollection.

    Attributes
    ----------
    compared : bool
        False where the images could not be compared, for ``reason``; nothing is then known about
        changes.
    detector : str or None
        ``tone``, ``structure`` or ``spectrum``.
    score_map : dict or None
        CRS, transform (a, b, c, d, e, f) and size of the grid of the score map and of ``pixels``.
    unread : tuple of ChangeUnread
        Parts of the images that could not be read; nothing is known about changes there.
    notes : tuple of str
        What had to be done to compare the images, and what was not known.
    power : tuple of ChangePower
        What would be found, by look, size and contrast.
    detection_limit : DetectionLimit or None
        None where no size would be found, or the images have no room to measure it.
    """

    SCHEMA: ClassVar[str] = "imgcheck-change/1"
    type: str = "FeatureCollection"
    compared: bool
    reason: str | None
    before: ChangeInput
    after: ChangeInput
    gsd_m: float | None
    detector: str | None
    registration: ChangeRegistration | None
    score_map: dict[str, Any] | None
    agreement: float | None
    compared_share: float | None
    features: tuple[ChangeFeature, ...]
    suppressed: tuple[ChangeSuppressed, ...]
    unread: tuple[ChangeUnread, ...]
    detection_limit: DetectionLimit | None
    power: tuple[ChangePower, ...]
    notes: tuple[str, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSet:
    """A time after one moment and before another, ISO 8601; ``None`` for an open side."""

    after: str | None
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateHypothesis:
    """A time between neighbouring references, and its probability with equal prior."""

    after: str | None
    before: str | None
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedPlace:
    """A place that changed for good, and the state that the picture shows there.

    Attributes
    ----------
    shows : str
        ``earlier``, ``later`` or ``neither``.
    changed_after, changed_before : str
        Ids of the references between which it changed.
    log_likelihood_ratio : float
        Of the later state against the earlier one.
    region : Polygon
        In picture pixels.
    """

    shows: str
    changed_after: str
    changed_before: str
    log_likelihood_ratio: float
    region: Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """Answers when each reference is dated by the others."""

    right: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """The reference that a picture was made from.

    Attributes
    ----------
    likelihood : float
        Its probability among the references that were compared.
    altered : bool
        A part of the picture was altered.
    """

    reference: str
    likelihood: float
    altered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLikelihood:
    """The probability of a reference, if the picture was made from one of those compared."""

    reference: str
    likelihood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DateDocument(Document):
    """When a picture was taken, by dated references of its ground, or why that is not known.

    Attributes
    ----------
    sets : tuple of TimeSet
        Times that together hold the picture at ``level``; empty when ``abstained``.
    made_from : MadeFrom or None
        The reference of which the picture is a copy; ``None`` where it is of none.
    within_hours_of : str or None
        The reference of whose flight or pass the picture is another frame.
    likelihood_ratio : float or None
        Of ``claim_window`` against all other times.
    """

    SCHEMA: ClassVar[str] = "imgcheck-date/1"
    input: PictureInput
    abstained: bool
    reason: str | None
    level: float | None = None
    sets: tuple[TimeSet, ...] = ()
    hypotheses: tuple[DateHypothesis, ...] = ()
    deciding: tuple[DatedPlace, ...] = ()
    made_from: MadeFrom | None = None
    within_hours_of: str | None = None
    likelihoods: tuple[ReferenceLikelihood, ...] = ()
    claim_window: TimeSet | None = None
    likelihood_ratio: float | None = None
    self_check: SelfCheck | None = None
    references: tuple[LocatedReference, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectNumber:
    """The number of objects of one class.

    Attributes
    ----------
    proposed : int
    median, low, high : float or None
        Of the true number at ``level``; ``high`` and ``median`` are None where the number is not
        bounded, ``low`` too where the class was not searched or nothing at all is known.
    reason : str
        Why something is None, or "".
    searched_m : tuple of float or None
        Sizes that were searched for; None where the picture cannot show the class.
    searched_share : float
        Of the picture.
    calibration : str or None
    """

    proposed: int
    median: float | None
    low: float | None
    high: float | None
    level: float
    reason: str
    searched_m: tuple[float, float] | None
    searched_share: float
    calibration: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectScale:
    """Metres per pixel, and what the sharpness of the picture amounts to (None: not estimated)."""

    gsd_m: float
    source: str
    effective_gsd_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectDocument(Document):
    """Objects proposed in a picture; pixels, headings clockwise from up."""

    SCHEMA: ClassVar[str] = "imgcheck-detect/1"
    picture: PictureInput
    scale: ObjectScale
    north: float | None
    annotations: tuple[Annotation, ...]
    counts: dict[str, ObjectNumber]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPart:
    """Recall by size of one look, or on one kind of ground, and how many were planted.

    ``share`` is that of the picture; ``recall`` is None where none was planted.
    """

    name: str
    share: float
    recall: tuple[float | None, ...]
    trials: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDocument(Document):
    """What would have been found: recall by size of objects planted into the picture itself.

    Attributes
    ----------
    object_class : str
        ``crater`` or ``vehicle``.
    gsd_m : float or None
        None where no scale is known; ``sizes_m``, ``d50_m`` and ``d90_m`` are then null.
    sun_azimuth_deg : float or None
        Clockwise from up; None where several were tried.
    jpeg_quality : int or None
        With which the changed picture was saved again; None if the file is no JPEG.
    sizes_px, sizes_m : tuple of float
        Diameters of craters, lengths of vehicles.
    recall, low, high : tuple of float
        Share found on all usable ground, with its exact interval at ``level``.
    trials : tuple of int
        Objects planted.
    d50_px, d90_px, d50_m, d90_m : float or None
        Smallest size from which on recall stays above 50 or 90 % on ``share_of_picture``.
    at_d90 : tuple of float or None
        Recall of the smallest planted size from there on, and its interval.
    share_of_picture : float
    within : tuple of str
        Names of the ``grounds`` that it consists of.
    missed_upper : float or None
        Upper limit of the number of objects from d90 (else d50) on there, if none was proposed;
        None where it is not bounded.
    worst : str or None
        The look found least often.
    proposed : int
        Proposals in the picture itself.
    says : str
        The result in words.
    """

    SCHEMA: ClassVar[str] = "imgcheck-power/1"
    picture: PictureInput
    object_class: str
    gsd_m: float | None
    source: str | None
    sun_azimuth_deg: float | None
    jpeg_quality: int | None
    level: float
    sizes_px: tuple[float, ...]
    sizes_m: tuple[float, ...] | None
    recall: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    trials: tuple[int, ...]
    d50_px: float | None
    d90_px: float | None
    d50_m: float | None
    d90_m: float | None
    at_d90: tuple[float, float, float] | None
    share_of_picture: float
    within: tuple[str, ...]
    missed_upper: float | None
    worst: str | None
    looks: tuple[PowerPart, ...]
    grounds: tuple[PowerPart, ...]
    proposed: int
    reason: str
    says: str
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that was not added, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexAddDocument(Document):
    """Pictures added to an index; ``known`` were in it before."""

    SCHEMA: ClassVar[str] = "imgcheck-index-add/1"
    added: int
    known: int
    refused: tuple[Refused, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMatch:
    """One known picture that matches; ``transform`` maps query pixels to known pixels."""

    id: int
    path: str
    date: str | None
    list: str | None
    stage: str
    relation: str
    nfa: float
    log10_nfa: float | None
    mirrored: bool
    inverted: bool
    transform: Matrix | None
    region: Polygon
    known_region: Polygon
    distance: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSearchDocument(Document):
    """The known pictures that match a picture.

    ``exact``: every row was compared. ``unexamined``: pictures that look alike and were not
    compared in detail, because others match the same part better; those found by their hash are
    among the matches.
    """

    SCHEMA: ClassVar[str] = "imgcheck-index-search/1"
    exact: bool
    rows: int
    listed: int
    snapshot: str
    parts: str
    unexamined: int
    matches: tuple[IndexMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRemoveDocument(Document):
    """Rows removed from an index, and rows and listed hashes left."""

    SCHEMA: ClassVar[str] = "imgcheck-index-remove/1"
    removed: int
    rows: int
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexImportDocument(Document):
    """Hashes of a list added to an index."""

    SCHEMA: ClassVar[str] = "imgcheck-index-import/1"
    added: int
    known: int
    list: str
    kind: str
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMergeDocument(Document):
    """Pictures and hashes taken over from other indexes; ``dated`` took an earlier date."""

    SCHEMA: ClassVar[str] = "imgcheck-index-merge/1"
    added: int
    known: int
    listed_added: int
    listed_known: int
    dated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexExportDocument(Document):
    """Hashes written to a table."""

    SCHEMA: ClassVar[str] = "imgcheck-index-export/1"
    rows: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatsDocument(Document):
    """What an index holds; ``index_version`` is the version of the file."""

    SCHEMA: ClassVar[str] = "imgcheck-index-stats/1"
    rows: int
    hashable: int
    low_quality: int
    with_features: int
    dated: int
    first_date: str | None
    last_date: str | None
    bytes: int
    index_version: int
    algorithm: str
    snapshot: str
    hashes: int
    listed: int
    lists: tuple[str, ...]
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexVerifyDocument(Document):
    """Whether an index file is undamaged."""

    SCHEMA: ClassVar[str] = "imgcheck-index-verify/1"
    whole: bool
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateConvertDocument(Document):
    """Annotations written in another format; ``notes`` state what other programs will not see."""

    SCHEMA: ClassVar[str] = "imgcheck-annotate-convert/1"
    written: str
    pictures: int
    annotations: int
    files: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateDrawDocument(Document):
    """A drawing of annotations; scale and north are null where they are stated as unknown."""

    SCHEMA: ClassVar[str] = "imgcheck-annotate-draw/1"
    file: str
    sha256: str
    annotations: int
    states: dict[str, int]
    gsd_m: float | None
    gsd_sigma_m: float | None
    north_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedShare:
    """A share with its numbers and the exact 95 % interval; null without trials."""

    hits: int
    trials: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRecall:
    """Recall of true objects whose longer side is in [low, high); ``high`` null: no limit."""

    low: float
    high: float | None
    unit: str
    recall: CountedShare


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationScore:
    """Found objects of one kind compared with the truth; null where something is not defined."""

    kind: str
    truth: int
    found: int
    count_error: int
    precision: CountedShare
    recall: CountedShare
    f1: float | None
    ap50_box: float | None
    ap50_rotated: float | None
    heading_median_deg: float | None
    heading_p90_deg: float | None
    by_size: tuple[SizeRecall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateScoreDocument(Document):
    """Found objects compared with the truth, by kind; ``sheet`` is the contact sheet, if any."""

    SCHEMA: ClassVar[str] = "imgcheck-annotate-score/1"
    pictures: int
    kinds: tuple[AnnotationScore, ...]
    sheet: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFrame:
    """A frame of a video as a file: seconds from the start, size in pixels."""

    file: str
    seconds: float
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesDocument(Document):
    """The frames taken from a video."""

    SCHEMA: ClassVar[str] = "imgcheck-frames/1"
    video: str
    sha256: str
    frames: tuple[TakenFrame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatement:
    """A statement of a claim as imgcheck reads it, and the checks that can answer it."""

    id: str
    kind: str
    text: str
    read: str
    answered_by: tuple[str, ...]
    testable: bool
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDocument(Document):
    """A claim file in words: who posted it, and every statement as it was read."""

    SCHEMA: ClassVar[str] = "imgcheck-claim/1"
    source: tuple[str, ...]
    statements: tuple[ReadStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressedCase:
    """One case; ``ran`` is false where its files could not be read."""

    case: str
    passed: bool
    ran: bool
    differences: tuple[str, ...]
    seconds: float = field(default=0.0, metadata={"json": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressDocument(Document):
    """Cases compared with their expected verdicts."""

    SCHEMA: ClassVar[str] = "imgcheck-regress/1"
    cases: tuple[RegressedCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedCheck:
    """One check; ``asks`` names its inputs, ``answers`` the kinds of statement it tests."""

    id: str
    version: str
    question: str
    asks: str
    answers: tuple[str, ...]
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainDocument(Document):
    """The checks, with the page of a single one."""

    SCHEMA: ClassVar[str] = "imgcheck-explain/1"
    checks: tuple[ExplainedCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A library with its version; ``problem`` where it cannot be used."""

    name: str
    version: str | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTrust:
    """A trust list for content credentials."""

    purpose: str
    sha256: str
    date: str | None
    certificates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorDocument(Document):
    """What is installed, and what does not work without the rest."""

    SCHEMA: ClassVar[str] = "imgcheck-doctor/1"
    imgcheck: str
    python: str
    sqlite: str
    libraries: tuple[Library, ...]
    extras: tuple[Library, ...]
    second_reader: str
    formats: dict[str, str]
    trust: tuple[ImportedTrust, ...]
    healthy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last line of the log of a case, and its hash."""

    line: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseInitDocument(Document):
    """A new case folder."""

    SCHEMA: ClassVar[str] = "imgcheck-case-init/1"
    case: str
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedFile:
    """A file copied into a case; ``known`` if it was there before."""

    path: str
    sha256: str
    size: int
    known: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFile:
    """A file that was not added, and why."""

    message: str
    file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAddDocument(Document):
    """Files added to a case; ``recovered`` describes an interrupted earlier step, if any."""

    SCHEMA: ClassVar[str] = "imgcheck-case-add/1"
    added: tuple[AddedFile, ...]
    head: Head
    recovered: str
    refused: tuple[RefusedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStepDocument(Document):
    """One step written to the log: a note, a copy (``sha256``) or a signature."""

    SCHEMA: ClassVar[str] = "imgcheck-case-step/1"
    head: Head
    recovered: str
    sha256: str | None = None
    signed: Head | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One disagreement between the files of a case and its log.

    Attributes
    ----------
    kind : str
        ``changed``, ``missing``, ``extra``, ``renamed``, ``link``, ``line`` (a line of the log was
        changed), ``order`` (lines missing, repeated or exchanged), ``head``, ``interrupted`` (a
        step was begun and not completed: the next command that writes recovers it), ``signature``,
        ``expected-head``.
    path : str
        Inside the case, safe to print.
    message : str
        One sentence: what was found and what it means.
    line : int, optional
        Line of the log, from 1.
    byte : int, optional
        First byte of ``path`` that is known to be concerned, from 0.
    """

    kind: str
    path: str
    message: str
    line: int | None = None
    byte: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signature of the log up to ``line``.

    ``fingerprint`` is the SHA-256 of the public key; whose key it is must be known from elsewhere.
    ``valid`` is None where `cryptography` is not installed, so that it was not tested.
    """

    path: str
    fingerprint: str
    line: int
    valid: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerifyDocument(Document):
    """Whether a case agrees with its log."""

    SCHEMA: ClassVar[str] = "imgcheck-case-verify/1"
    whole: bool
    case: str | None
    head: str | None
    lines: int
    files: int
    case_bytes: int
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]
    signatures: tuple[Seal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLogDocument(Document):
    """The lines of the log of a case, as they are in the file."""

    SCHEMA: ClassVar[str] = "imgcheck-case-log/1"
    entries: tuple[dict[str, Any], ...]
    head: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseKeygenDocument(Document):
    """A new key pair: the file of the public key, and its fingerprint."""

    SCHEMA: ClassVar[str] = "imgcheck-case-keygen/1"
    public_key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCheckReportDocument(Document):
    """A report whose signature is valid."""

    SCHEMA: ClassVar[str] = "imgcheck-case-check-report/1"
    signed: bool
    fingerprint: str
    case: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseExportDocument(Document):
    """The log written as CASE/UCO."""

    SCHEMA: ClassVar[str] = "imgcheck-case-export/1"
    file: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorWords:
    """Why a command, or one of its files, failed: the kind of error, a sentence, the file."""

    code: str
    message: str
    file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """What stands in place of the document of a file that could not be read."""

    error: ErrorWords


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsDocument(Document):
    """The reports of ``verify`` on several pictures, in the order given."""

    SCHEMA: ClassVar[str] = "imgcheck-reports/1"
    reports: tuple[Report | Failed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionsDocument(Document):
    """The documents of ``inspect`` on several files, in the order given."""

    SCHEMA: ClassVar[str] = "imgcheck-inspections/1"
    files: tuple[InspectDocument | Failed, ...]


#: Every document with a published schema, beside the `Report`.
DOCUMENTS: tuple[type[Document], ...] = (
    AnnotateConvertDocument, AnnotateDrawDocument, AnnotateScoreDocument, CaseAddDocument,
    CaseCheckReportDocument, CaseExportDocument, CaseInitDocument, CaseKeygenDocument,
    CaseLogDocument, CaseStepDocument, CaseVerifyDocument, ChangeDocument, ClaimDocument,
    DateDocument, DetectDocument, DoctorDocument, ExplainDocument, FramesDocument,
    IndexAddDocument, IndexExportDocument, IndexImportDocument, IndexMergeDocument,
    IndexRemoveDocument, IndexSearchDocument, IndexStatsDocument, IndexVerifyDocument,
    InspectDocument, InspectionsDocument, LocateDocument, PowerDocument, RegressDocument,
    ReportsDocument, SunDocument,
)  # fmt: skip
