"""A report as the model case would give one: every verdict, every outcome, hostile strings."""

import math
from functools import cache

from imgcheck.model import (
    Absence,
    Acquired,
    Answer,
    Attribution,
    ByteRange,
    Citation,
    Claim,
    Count,
    DetectionPower,
    Dimensions,
    ErrorRate,
    Evidence,
    Finding,
    Input,
    Intent,
    Measure,
    Measurement,
    Original,
    Outcome,
    Picture,
    Place,
    Region,
    Report,
    Rival,
    Source,
    Statement,
    Tool,
    Unaltered,
    Unchanged,
    Verdict,
    Window,
)
from imgcheck.quantity import Interval, LikelihoodRatio
from tests.report import scenery

#: Strings that must reach no reader as anything but text.
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"><script>alert('x')</script>",
    "\x1b[2J\x1b]0;owned\x07 cleared",
    "exe.\u202egpj.tsop",
    "[bold red]not markup[/bold red] [link=https://example.org]x[/link]",
    "javascript:alert(1)",
    "</style></script><!-- -->",
    "'; DROP TABLE pictures; --",
    "\ud83d\ud83d lone surrogates",
    "A" * 50_000,
)


def statements() -> tuple[Statement, ...]:
    """Give the statements of the post."""
    span = Window.parse("2017-09-08/2017-09-12")
    return (
        Acquired(id="date", text="Taken between 8 and 12 September 2017", window=span),
        Place(
            id="place",
            text="Left bank of the Euphrates, north of the town of Deir ez-Zor",
            lat=35.3712,
            lon=40.1875,
            radius_km=10.0,
        ),
        Count(
            id="many",
            text="A large number of American armoured Hummers",
            object_class="vehicle",
            minimum=10,
        ),
        Dimensions(
            id="type",
            text="The vehicles are Hummers",
            object_class="vehicle",
            length_m=4.6,
            width_m=2.2,
            tolerance_m=0.3,
        ),
        Absence(
            id="craters",
            text="There are no craters from air strikes",
            object_class="crater",
            min_size_m=4.0,
        ),
        Unchanged(id="quiet", text="There are no signs of fighting", window=span),
        Original(id="first", text="These pictures are published here for the first time"),
        Unaltered(id="clean", text=" ".join(HOSTILE[:9])),
        Attribution(id="who", text="They belong to US special forces", actor="US special forces"),
        Intent(id="why", text="The troops move unhindered, without posting any guard"),
    )


def _picture(name: str, label: str, role: str, data: bytes) -> Picture:
    return Picture(name=name, label=label, role=role, data=data)


def _box(x: float, y: float, wide: float, high: float) -> tuple[tuple[float, float], ...]:
    right, low = float(x + wide), float(y + high)
    return ((float(x), float(y)), (right, float(y)), (right, low), (float(x), low))


def _ring(x: float, y: float, radius: float) -> tuple[tuple[float, float], ...]:
    turns = [math.tau * i / 20 for i in range(20)]
    return tuple((x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns)


def _place() -> Finding:
    return Finding(
        check="geo.place",
        check_version="1",
        statement="place",
        outcome=Outcome.SUPPORTS,
        summary="The picture fits the reference of 30 August 2017 at 35.3968 N, 40.1521 E, with "
        "214 matching points; that lies 4.3 km from the place named.",
        basis="ground pattern",
        measures=(
            Measure(name="matching points", value=214),
            Measure(name="chance of a false match", value=3.1e-42),
            Measure(
                name="ground sample distance",
                value=0.4127,
                unit="m",
                interval=Interval(low=0.4069, high=0.4185),
            ),
            Measure(name="direction of north in the picture", value=17.42, unit="deg",
                    interval=Interval(low=17.1, high=17.74)),
            Measure(name="terrain height", value=None, reason="no elevation model was given"),
        ),
        weight=LikelihoodRatio(value=310.0, calibration="docs/benchmarks.md, place, split B"),
        error_rate=ErrorRate(
            errors=0,
            trials=2000,
            what="images of other locations produced a match this strong",
            calibration="docs/benchmarks.md, place, split B",
        ),
        evidence=Evidence(
            citations=(Citation(input="ref-2017-08-30", label="reference that it was placed on"),),
            regions=(
                Region(image="ref-2017-08-30", polygon=_box(310, 240, 520, 350),
                       label="footprint of the posted picture", layer="footprint"),
            ),
        ),
        limits=("It says where the ground is, not when the picture was taken.",),
    )  # fmt: skip


def _change() -> Finding:
    return Finding(
        check="change.since-reference",
        check_version="1",
        statement="quiet",
        outcome=Outcome.CONTRADICTS,
        summary="Three round patches of 190 to 640 m² differ from the reference of 30 August "
        "2017; the ground in the picture is not as it was nine days before the window.",
        basis="ground change",
        measures=(
            Measure(name="changed patches", value=3, interval=Interval(low=2, high=3)),
            Measure(name="changed area", value=1163.4, unit="m2",
                    interval=Interval(low=980.2, high=1346.0)),
            Measure(name="registration error", value=0.31, unit="px",
                    interval=Interval(low=-math.inf, high=0.58)),
        ),
        error_rate=ErrorRate(
            errors=4,
            trials=312,
            what="unchanged pairs called changed",
            calibration="docs/benchmarks.md, change, split B",
        ),
        evidence=Evidence(
            regions=tuple(
                Region(image="picture", polygon=_ring(x, y, r * 1.6),
                       label=f"patch {i}, {area} m²", layer="change since 30 August 2017")
                for i, ((x, y, r), area) in enumerate(
                    zip(scenery.CRATERS, (640, 333, 190), strict=True), 1)
            ),
            citations=(Citation(input="ref-2017-08-30", label="the date compared with"),),
            pictures=(
                _picture("change-1-before.jpg", "30 August 2017, on the picture's grid", "before",
                         scenery.before()),
                _picture("change-1-after.jpg", "The posted picture, same ground", "after",
                         scenery.after()),
            ),
        ),
        innocent=(
            "Earthworks, burning of fields or spoil heaps change the ground in the same way.",
            "A different sun throws other shadows; the patches remain when shadows are left out.",
        ),
        limits=(
            "A change between two dates does not say on which day it happened, or who caused it.",
        ),
        would_change=("A reference dated between 30 August and 8 September 2017.",),
    )  # fmt: skip


def _vehicles() -> Finding:
    return Finding(
        check="detect.vehicle-count",
        check_version="1",
        statement="many",
        outcome=Outcome.INCONCLUSIVE,
        summary="14 vehicle-sized objects are proposed; with what is missed and falsely found, 9 "
        "to 22 vehicles fit the picture, which holds 10 as well as fewer.",
        basis="objects",
        measures=(
            Measure(name="vehicles", value=14, interval=Interval(low=9, high=22)),
            Measure(name="median length", value=4.83, unit="m",
                    interval=Interval(low=4.31, high=5.35)),
            Measure(name="state", value="proposed"),
            Measure(name="looked at by a person", value=False),
        ),
        evidence=Evidence(
            regions=tuple(
                Region(image="picture", polygon=_box(x, y, 22, 10),
                       label=f"proposed vehicle, p = {0.91 - 0.03 * i:.2f}", layer="vehicles")
                for i, (x, y) in enumerate(scenery.VEHICLES)
            ),
        ),
        innocent=("Trailers, containers and parked civilian cars have the same outline.",),
        limits=("A count of vehicles says nothing about their type or their owner.",),
    )  # fmt: skip


def _craters() -> Finding:
    return Finding(
        check="detect.crater-absence",
        check_version="1",
        statement="craters",
        outcome=Outcome.INCONCLUSIVE,
        summary="3 crater-like rings are proposed; craters under 5.8 m would be missed in this "
        "picture more often than not, so their absence cannot be shown.",
        basis="ground shape",
        measures=(
            Measure(name="proposed craters", value=3, interval=Interval(low=0, high=6)),
            Measure(name="craters missed", value=None, reason="no calibration at this blur",
                    interval=Interval(low=-math.inf, high=8.0)),
        ),
        evidence=Evidence(
            regions=tuple(
                Region(image="picture", polygon=_ring(x, y, r), label=f"proposed crater, {d} m",
                       layer="craters")
                for (x, y, r), d in zip(scenery.CRATERS, (21.5, 15.7, 12.4), strict=True)
            ),
        ),
        power=DetectionPower(
            sentence="Of craters 12 m wide, 9 in 10 would be found in this picture; of those 4 m "
            "wide, about 1 in 4.",
            sizes_m=(2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 24.0),
            recall=(0.03, 0.24, 0.52, 0.71, 0.83, 0.9, 0.96, 0.985),
            low=(0.01, 0.17, 0.44, 0.63, 0.76, 0.84, 0.92, 0.95),
            high=(0.07, 0.32, 0.6, 0.78, 0.88, 0.94, 0.98, 0.997),
        ),
        innocent=("Wells, tree pits and sinkholes look like small craters.",),
        limits=("No statement about craters smaller than 4 m follows.",),
        would_change=("A sharper copy of the picture.",),
    )  # fmt: skip


def _size() -> Finding:
    return Finding(
        check="detect.dimensions",
        check_version="1",
        statement="type",
        outcome=Outcome.INCONCLUSIVE,
        summary="The proposed vehicles are 4.8 m long (95 %: 4.3 to 5.4 m); that fits the type "
        "named, and most pick-up trucks.",
        basis="objects",
        weight=LikelihoodRatio(value=1.4, calibration="docs/benchmarks.md, dimensions"),
        limits=("A vehicle's size does not prove its type, and its type not its operator.",),
    )


def _recompression() -> Finding:
    return Finding(
        check="provenance.recompression",
        check_version="1",
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary="The last save used the standard JPEG tables at quality 71, 4:2:0, baseline, as "
        "the platform it was posted on does.",
        basis="compression history",
        measures=(
            Measure(name="quality", value=71, interval=Interval(low=71, high=71)),
            Measure(name="comment in the file", value=HOSTILE[0]),
        ),
        evidence=Evidence(
            bytes=(
                ByteRange(offset=20, length=67, label="quantisation table 0"),
                ByteRange(offset=89, length=67, label="quantisation table 1"),
            )
        ),
        limits=("It speaks of the last save only.",),
    )


def _quiet(check: str, statement: str | None, outcome: Outcome, summary: str) -> Finding:
    return Finding(check=check, check_version="1", statement=statement, outcome=outcome,
                   summary=summary, basis=check)  # fmt: skip


def _findings() -> tuple[Finding, ...]:
    skipped, failed = Outcome.NOT_APPLICABLE, Outcome.FAILED
    no_index = "no index of known pictures was given (--index DB)"
    broke = (
        f"the check stopped with an error on this input (ValueError: {HOSTILE[0]} "
        f"{HOSTILE[2]}); please report"
    )
    return (
        _quiet("provenance.file", "date", Outcome.INCONCLUSIVE,
               "The file holds no capture time; platforms remove it from nearly every picture, "
               "so nothing follows."),
        _quiet("sun.claimed-time", "date", skipped,
               "no shadow was measured (measurements: shadow_azimuth or shadow_ratio)"),
        _recompression(),
        _quiet("hashing.seen-before", "first", skipped, no_index),
        _place(),
        _change(),
        _vehicles(),
        _size(),
        _craters(),
        _quiet("forensics.overlay", "clean", failed, broke),
        _quiet("forensics.overlay", None, failed, broke),
        _quiet("captions.text", None, skipped, "the text reader is not installed"),
        _quiet("provenance.file", "clean", Outcome.INCONCLUSIVE,
               f"The file names the software “{HOSTILE[1]}” and the author “{HOSTILE[3]}”."),
    )  # fmt: skip


def _answer(statement: Statement, outcomes: set[Outcome]) -> Answer:
    if not statement.testable:
        return Answer.NOT_TESTABLE
    for outcome, answer in (
        (Outcome.CONTRADICTS, Answer.CONTRADICTED),
        (Outcome.SUPPORTS, Answer.SUPPORTED),
        (Outcome.INCONCLUSIVE, Answer.INCONCLUSIVE),
    ):
        if outcome in outcomes:
            return answer
    return Answer.NOT_RUN


def _verdict(statement: Statement, findings: tuple[Finding, ...]) -> Verdict:
    own = [(i, f) for i, f in enumerate(findings) if f.statement == statement.id]

    def at(*outcomes: Outcome) -> list[tuple[int, Finding]]:
        return [(i, f) for i, f in own if f.outcome in outcomes]

    heard = at(Outcome.CONTRADICTS, Outcome.SUPPORTS, Outcome.INCONCLUSIVE)
    because = tuple(f.summary for _, f in heard)
    if not statement.testable:
        because = ("A picture shows what stood where; who it belonged to, or what was meant by "
                   "it, is not in the pixels.",)  # fmt: skip
    return Verdict(
        statement=statement.id,
        kind=statement.kind,
        text=statement.text,
        verdict=_answer(statement, {f.outcome for _, f in heard}),
        because=because,
        supporting=tuple(i for i, _ in at(Outcome.SUPPORTS)),
        contradicting=tuple(i for i, _ in at(Outcome.CONTRADICTS)),
        undecided=tuple(i for i, _ in at(Outcome.INCONCLUSIVE)),
        untested=tuple(
            f"{f.check}: {f.summary}" for _, f in at(Outcome.NOT_APPLICABLE, Outcome.FAILED)
        ),
        limits=tuple(limit for _, f in heard for limit in f.limits),
        would_change=("A copy of the picture as it left the camera.",) if heard else (),
    )


def _inputs() -> tuple[Input, ...]:
    return (
        Input(
            id="picture", role="picture", name=f"post {HOSTILE[0]}.jpg", sha256="9f2c" * 16,
            size_bytes=2_412_345, format="JPEG", width=scenery.WIDTH, height=scenery.HEIGHT,
            notes=("truncated: the stream ends 1,204 bytes early; the last 16 rows are gray",),
        ),
        Input(
            id="ref-2017-08-30", role="reference", name="ref-2017-08-30.tif", sha256="07ab" * 16,
            size_bytes=48_120_331, format="GeoTIFF", width=1600, height=1200,
            date=Window.parse("2017-08-30T08:12:40Z"), date_source="sidecar", gsd_m=0.5,
        ),
        Input(
            id="ref-undated", role="reference", name=f"{HOSTILE[3]}.tif", sha256=None,
            notes=("no date in items.json, in the file's tags or in the option",),
        ),
    )  # fmt: skip


@cache
def sample() -> Report:
    """Give the report of the model case."""
    findings = _findings()
    claim = Claim(
        source=Source(
            url="https://example.org/post?a=1&b=<script>",
            publisher="Ministry of Defence",
            platform="Facebook",
            posted=Window.parse("2017-09-24T10:00Z"),
        ),
        statements=statements(),
        measurements=(
            Measurement(quantity="gsd_m", value=0.41, sigma=0.02, note=f"road width {HOSTILE[5]}"),
        ),
        rivals=(
            Rival(text="Taken before the offensive began", window=Window.parse("2017-07/2017-08")),
        ),
    )
    return Report(
        tool=Tool(
            name="imgcheck",
            version="0.1.0",
            checks={f.check: f.check_version for f in findings},
            libraries={"numpy": "2.4.0", "opencv-python": "5.0.0", "rasterio": "1.4.3"},
        ),
        inputs=_inputs(),
        claim=claim,
        parameters={"index": None},
        findings=findings,
        verdicts=tuple(_verdict(statement, findings) for statement in claim.statements),
    )


@cache
def bare() -> Report:
    """Give a report without claim, references, findings or pictures."""
    posted = Input(id="picture", role="picture", name="a.png", sha256=None)
    tool = Tool(name="imgcheck", version="0.1.0", checks={}, libraries={})
    return Report(
        tool=tool, inputs=(posted,), claim=Claim(), parameters={}, findings=(), verdicts=()
    )
