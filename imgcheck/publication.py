"""A report on disk: ``report.html``, ``report.json``, evidence pictures, a GeoJSON footprint;
likewise inspections and placings.

Everything is made in memory first and then put in place as one (`imgcheck.imaging.output`). An
older report stays as it was if anything fails.
"""

import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image as Pillow

from imgcheck import custody
from imgcheck.case import (
    Case,
    Compared,
    Inspection,
    Located,
    NotCompared,
    NotLocated,
    Powered,
    Searched,
    load_case,
    views,
)
from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.imaging import frames
from imgcheck.imaging.intake import FilePath, path_of
from imgcheck.imaging.output import (
    Content,
    Replacing,
    write_atomically,
    write_folder,
    write_output,
)
from imgcheck.imaging.reduced import jpeg_view
from imgcheck.imaging.text import printable
from imgcheck.model import Acquired, Outcome, Report, Window
from imgcheck.model.documents import FramesDocument, TakenFrame
from imgcheck.quantity import LonLat
from imgcheck.report import verify_page
from imgcheck.report.claim_review import claim_review
from imgcheck.report.machine import geojson
from imgcheck.verification import LIBRARIES

if TYPE_CHECKING:
    from imgcheck.report.locate_exports import Export

# Enough to judge a picture on a screen; the original stays where it is.
_VIEW_PX = 1600
# A claimed time up to this is marked on the diagram of its day; within a longer one the best day is
# drawn, and of a year or more none.
_ONE_HOUR, _LONGEST_DRAWN = timedelta(hours=2), timedelta(days=366)


def publish(
    report: Report,
    picture: Case | FilePath,
    folder: FilePath,
    *,
    replacing: Replacing | None = None,
) -> Path:
    """Write a report and its evidence into a folder; return the path of ``report.html``.

    Parameters
    ----------
    report : Report
    picture : path or Case
        What the report is about.
    folder : path
    replacing : Replacing, optional
        What may be replaced; by default an older report, and never a file of the case.

    Raises
    ------
    UsageError
        If a file that must stay has the name of one of the report.
    UnreadableError
        If the folder cannot be made or written; it is then as it was.
    """
    case, place = load_case(picture), path_of(folder, "the folder")
    ours = replacing or _kept(case)
    write_folder(place, _files(report, case), page="report.html", replacing=ours)
    return place / "report.html"


def _kept(case: Case) -> Replacing:
    """Return the files of a case as what no output replaces."""
    pictures = (case.image, *(reference.image for reference in case.references))
    paths = [picture.path for picture in pictures] + [case.index]
    return Replacing(inputs=tuple(path for path in paths if path is not None))


def _files(report: Report, case: Case) -> dict[str, Content]:
    pictures = {picture.name: picture.data for picture in report.pictures()}
    files: dict[str, Content] = dict(pictures)
    features = geojson(report, footprints=_features(report))
    if features is not None:
        files["footprint.geojson"] = features
    review = claim_review(report)
    if review is not None:
        files["claim-review.jsonld"] = review
    files["report.json"] = report.dumps()
    diagrams = dict(_sun_diagrams(report, case))
    for number, drawn in enumerate(diagrams.values(), 1):
        files[f"sun-{number}.svg"] = drawn
    view = jpeg_view(case.image, longest_px=_VIEW_PX)
    files["report.html"] = verify_page.html(
        report, pictures=pictures, picture_view=view, beside=sorted(files), diagrams=diagrams
    )
    return files


def _sun_diagrams(report: Report, case: Case) -> Iterator[tuple[str, str]]:
    """Yield the id of each statement whose claimed time was tested, and the sun's path then."""
    observed = {Outcome.CONTRADICTS, Outcome.INCONCLUSIVE}
    tested = {
        one.statement
        for one in report.findings
        if one.check == "sun.claimed-time" and one.outcome in observed
    }
    claimed = [one for one in case.claim.of_type(Acquired) if one.id in tested]
    if not claimed:
        return
    from imgcheck.case.shadows import NoShadow
    from imgcheck.report.sun_diagram import draw
    from imgcheck.sun import constrain

    seen, spot = case.shadows, case.spot
    if isinstance(seen, NoShadow) or spot is None:
        return
    for one in claimed:
        span = (one.window.earliest, one.window.latest)
        if span[1] - span[0] > _LONGEST_DRAWN:
            continue
        place = spot[0]
        found = constrain(place, window=_solar_dates(one.window, place), **seen.options)
        brief = span if span[1] - span[0] <= _ONE_HOUR else None
        drawn = draw(
            place, claimed=brief, found=found, shadow_azimuth=seen.azimuth, ratio=seen.ratio
        )
        yield one.id, drawn


def _solar_dates(window: Window, place: LonLat) -> tuple[datetime, datetime]:
    """Return a window in UTC; without a zone it is in mean local solar time."""
    if window.zone_known:
        return window.earliest, window.latest
    ahead = timedelta(hours=place.lon / 15)
    start, end = (moment.replace(tzinfo=UTC) - ahead for moment in (window.start, window.end))
    return start, end


def publish_located(
    found: Located | NotLocated,
    folder: Path,
    *,
    time: Window | None = None,
    replacing: Replacing | None = None,
) -> "tuple[Export, ...]":
    """Write ``locate.html``, ``locate.json`` and every export of a placing into a folder.

    Of a picture that was not placed ``locate.json`` is written, with the reason, and where there is
    a candidate the page that shows it.

    Parameters
    ----------
    found : Located or NotLocated
    folder : path
    time : Window, optional
        When the picture was taken, as claimed; goes into the STAC item.
    replacing : Replacing, optional
        What may be replaced; by default an older placing, and never the picture or a reference.

    Returns
    -------
    tuple of Export
        What was made, and what was not, with the reason.

    Raises
    ------
    UsageError
        If a file that must stay has the name of one that is written.
    UnreadableError
        If the folder cannot be made or written; it is then as it was.
    """
    # A report of `verify` needs none of these.
    from imgcheck.geo.measures import Measures
    from imgcheck.report import locate_page
    from imgcheck.report.locate_exports import exports
    from imgcheck.report.locate_views import views as views_of
    from imgcheck.report.location import document

    made = exports(found, time=time) if isinstance(found, Located) else ()
    files: dict[str, Content] = {one.name: one.data for one in made if one.data is not None}
    shown = found if isinstance(found, Located) else found.candidate
    if shown is not None and shown.reference is not None:
        files["locate.html"] = locate_page.html(
            document(found).to_json(),
            Measures(placement=shown.placement),
            views_of(shown, shown.reference.image),
            files=[(one.name, one.what, one.note, one.data is not None) for one in made],
            version=version("imgcheck"),
        )
    files["locate.json"] = document(found).dumps()
    references = [one.reference for one in found.tried]
    references += [found.reference] if isinstance(found, Located) else []
    read = (found.case.image.path, *(one.image.path for one in references))
    ours = replacing or Replacing(inputs=tuple(path for path in read if path is not None))
    write_folder(folder, files, page="locate.html", replacing=ours)
    return made


# Holds scored tiles while a comparison runs; nobody else's folder has this name.
_TILES = ".imgcheck-change-tiles"


def tiles_beside(folder: Path, *, replacing: Replacing) -> Path:
    """Return where a comparison for a folder keeps its tiles; refuse a folder that must stay."""
    from imgcheck.report import change_exports

    replacing.check_folder(folder, change_exports.NAMES, page=change_exports.PAGE)
    return folder / _TILES


def publish_changes(found: Compared | NotCompared, folder: Path, *, replacing: Replacing) -> None:
    """Write ``change.html``, GeoJSON, GeoPackage, table, score map and views of a comparison.

    Of two images that could not be compared only ``change.geojson`` is written, with the reason.
    """
    from imgcheck.report import change_exports, changes

    said = changes.document(found).to_json()
    files: dict[str, Content] = {change_exports.COLLECTION: change_exports.collection(said)}
    with tempfile.TemporaryDirectory(prefix="imgcheck-change-") as made:
        if isinstance(found, Compared):
            files |= change_exports.files(found, said, Path(made))
        write_folder(folder, files, page=change_exports.PAGE, replacing=replacing)
    shutil.rmtree(folder / _TILES, ignore_errors=True)


def publish_objects(found: Searched, folder: Path, *, replacing: Replacing) -> None:
    """Write ``detect.html``, ``detect.json``, GeoJSON and an annotated picture of proposals."""
    from imgcheck.annotate import drawing, exchange
    from imgcheck.annotate.packing import AnnotationFile
    from imgcheck.report import objects

    marked = objects.annotated(found)
    drawn = drawing.draw(found.image.rgb(), marked, caption="proposals of imgcheck detect")
    made = exchange.write(
        AnnotationFile(pictures=(marked,)), "geojson", name="detect.geojson", picture=found.image
    )
    document = objects.document(found)
    files: dict[str, Content] = {"detect.html": objects.page(document)}
    files |= {"detect.json": document.dumps(), "detect.png": drawing.png(drawn), **made.files}
    write_folder(folder, files, page="detect.html", replacing=replacing)


def publish_power(found: Powered, folder: Path, *, replacing: Replacing) -> None:
    """Write ``power.html``, ``power.json``, the curve and the map of what would have been found."""
    from imgcheck.annotate import drawing
    from imgcheck.case.detection_power import map_of
    from imgcheck.report import power

    document, shown = power.document(found), None
    files: dict[str, Content] = {"power.json": document.dumps()}
    if document.sizes_px:
        shown = drawing.png(map_of(found.image.gray(), found.power, longest_px=_VIEW_PX))
        files |= {"power.svg": power.curve(document), "map.png": shown}
    files["power.html"] = power.page_of(document, shown)
    write_folder(folder, files, page="power.html", replacing=replacing)


def write_score_map(found: Compared | NotCompared, path: Path, *, replacing: Replacing) -> None:
    """Write the score of every pixel; a `GridMismatchError` where nothing was compared."""
    from imgcheck.report.change_exports import score_map

    if isinstance(found, NotCompared):
        raise GridMismatchError(f"there is no score map: {found.reason}")
    if not found.result.kept:
        raise GridMismatchError(f"there is no score map: {found.result.incomparable}")
    with tempfile.TemporaryDirectory(prefix="imgcheck-change-") as made:
        score_map(found, Path(made) / path.name)
        write_output(path, Path(made) / path.name, replacing=replacing)


@dataclass(frozen=True, slots=True, kw_only=True)
class InCase:
    """A page in a case folder, and the head of the log after it was added."""

    page: Path
    head: "custody.Head"

    def __str__(self) -> str:
        """Return the lines to print."""
        return (
            f"Report: {printable(str(self.page))}\nhead: line {self.head.lines}, {self.head.sha256}"
        )


def take_in(folder: FilePath, picture: Path, *, sha256: str) -> None:
    """Add a picture to a case folder unless it is there; the folder is locked only meanwhile.

    Raises
    ------
    UnreadableError
        If the file no longer has the hash of the bytes that are tested.
    """
    with custody.CustodyFolder(path_of(folder, "the case folder")) as kept:
        kept.hold(picture, sha256=sha256)


def publish_in_case(
    report: Report,
    case: Case,
    folder: FilePath,
    *,
    claim: Path | None = None,
    references: Sequence[str] = (),
) -> InCase:
    """Add a report to a case folder, with its inputs and versions in the log.

    Parameters
    ----------
    claim : path, optional
        The claim file; a copy of it stays with the report.
    references : sequence of str
        The references as given.

    Raises
    ------
    CaseDamagedError
        If the picture's evidence is not what was taken in.
    """
    inputs = [{"role": i.role, "name": i.name, "sha256": i.sha256} for i in report.inputs]
    options = {}
    if references:
        options["references"] = " ".join(printable(one) for one in references)
    stated = None if claim is None else claim.read_bytes()
    if claim is not None and stated is not None:
        options["claim"] = printable(claim.name)
        digest = hashlib.sha256(stated).hexdigest()
        inputs.append({"role": "claim", "name": options["claim"], "sha256": digest})
    if case.index is not None:
        digest, _ = custody.hash_file(case.index)
        inputs.append({"role": "index", "name": printable(case.index.name), "sha256": digest})

    def write(place: Path) -> None:
        files = _files(report, case)
        if stated is not None:
            files["claim.yml"] = stated
        for name, content in files.items():
            write_atomically(place / name, content)

    with custody.CustodyFolder(path_of(folder, "the case folder")) as kept:
        made = kept.record(
            write,
            command="verify",
            inputs=inputs,
            options=options,
            outcome=[
                {"statement": v.statement, "verdict": str(v.verdict)} for v in report.verdicts
            ],
            libraries=report.tool.libraries,
        )
        return InCase(page=made.folder / "report.html", head=kept.head)


def publish_inspections(
    found: Sequence[Inspection], page: Path, *, replacing: Replacing | None = None
) -> None:
    """Write one HTML page about inspected files.

    Raises
    ------
    UsageError
        If a file that must stay has the name of the page.
    UnreadableError
        If the page cannot be written; an older one stays as it was.
    """
    from imgcheck.report import inspect_page

    shown = inspect_page.html(found, views=[views(one) for one in found])
    read = tuple(one.image.path for one in found if one.image.path is not None)
    write_output(page, shown, replacing=replacing or Replacing(inputs=read))


def publish_frames(
    video: FilePath, folder: FilePath, *, every_s: float, replacing: Replacing
) -> FramesDocument:
    """Write a frame of each scene of a video as PNG, and ``frames.json``, into a folder.

    Raises
    ------
    UsageError
        If the file is no video, or a file that must stay has the name of one of the frames.
    UnreadableError, RefusedError
        If the video cannot be decoded within the limits.
    """
    path, place = path_of(video, "the video"), path_of(folder, "the folder")
    if not frames.is_video(path):
        raise UsageError(f"{printable(path.name)}: is no video (MP4, MOV, Matroska, WebM or AVI)")
    files: dict[str, Content] = {}
    taken = []
    for frame in frames.sample(path, every_s=every_s):
        name = f"{frame.seconds:08.1f}s.png"
        stream = io.BytesIO()
        Pillow.fromarray(frame.rgb).save(stream, "PNG")
        files[name] = stream.getvalue()
        height, width = frame.rgb.shape[:2]
        taken.append(
            TakenFrame(
                file=name,
                seconds=frame.seconds,
                sha256=hashlib.sha256(stream.getvalue()).hexdigest(),
                width=width,
                height=height,
            )
        )
    document = FramesDocument(
        video=printable(path.name), sha256=frames.digest(path), frames=tuple(taken)
    )
    files["frames.json"] = document.dumps()
    write_folder(place, files, page="", replacing=replacing)
    return document


def publish_inspection_in_case(found: Inspection, folder: FilePath, picture: Path) -> InCase:
    """Add a picture and its ``inspection.html`` and ``inspection.json`` to a case folder."""

    def write(place: Path) -> None:
        publish_inspections([found], place / "inspection.html")
        write_atomically(place / "inspection.json", found.document().dumps())

    image = found.image
    given = {"role": "picture", "name": printable(image.name), "sha256": image.sha256}
    versions = {name: version(name) for name in LIBRARIES}
    with custody.CustodyFolder(path_of(folder, "the case folder")) as kept:
        kept.hold(picture, sha256=image.sha256)
        made = kept.record(write, command="inspect", inputs=[given], libraries=versions)
        return InCase(page=made.folder / "inspection.html", head=kept.head)


def _features(report: Report) -> list[dict[str, Any]]:
    """Return the footprints of all findings as GeoJSON features."""
    return [
        {
            "type": "Feature",
            "properties": {"label": footprint.label, "check": finding.check},
            "geometry": {"type": "Polygon", "coordinates": [[list(p) for p in footprint.ring]]},
        }
        for finding in report.findings
        for footprint in finding.evidence.footprints
    ]
