"""``imgcheck annotate``: pictures with marked objects, in the formats of annotation tools."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say
from imgcheck.errors import UsageError

_FORMATS = (
    "imgcheck", "geojson", "kml", "coco", "cvat", "labelme", "xanylabeling", "dota", "yolo",
    "yolo-obb", "via", "csv",
)  # fmt: skip
_SUFFIXES = {
    ".geojson": "geojson",
    ".kml": "kml",
    ".xml": "cvat",
    ".csv": "csv",
    ".json": "imgcheck",
}

_from_option = click.option(
    "--from",
    "source",
    type=click.Choice(_FORMATS),
    help="Format of the annotations; found by their content if not given.",
)
_names_option = click.option(
    "--names",
    type=click.Path(path_type=Path),
    help="Class names of YOLO labels, one a line; else classes.txt or *.names beside them.",
)


@click.group("annotate")
def command() -> None:
    """Draw annotations, convert them between tools, and compare them with the truth."""


@command.command("convert")
@click.argument("given", metavar="IN", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT", type=options.Output())
@_from_option
@click.option(
    "--to",
    "target",
    type=click.Choice(_FORMATS),
    help="Format to write; by default that of OUT's ending (.json: imgcheck).",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The picture: its size for YOLO, its place on the map for GeoJSON and KML.",
)
@_names_option
@click.option(
    "--accepted-by",
    metavar="NAME",
    help="Mark everything that is not reviewed yet as accepted by this person.",
)
@click.option(
    "--complete", is_flag=True, help="State that no object was left out of the picture(s)."
)
@options.force_option
@options.json_option
def convert(
    given: Path,
    output: Path,
    source: str | None,
    target: str | None,
    image: Path | None,
    names: Path | None,
    accepted_by: str | None,
    complete: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Convert annotations between formats without losing a field.

    IN is a file, or a folder with one file for each picture. What OUT's format has no room for is
    kept in a field "imgcheck", or in NAME.imgcheck.json beside the file, and comes back when the
    file is read again; shapes and classes that another tool changed are taken as changed.

    \b
    Examples:
      imgcheck annotate convert labels/ marks.xml --from yolo
      imgcheck annotate convert marks.xml labels/ --to yolo-obb
      imgcheck annotate convert marks.xml marks.geojson --image place.tif
      imgcheck annotate convert marks.xml reviewed.json --accepted-by "A. Analyst" --complete
    """
    from imgcheck import annotate
    from imgcheck.imaging import Image
    from imgcheck.imaging.output import write_output
    from imgcheck.model.documents import AnnotateConvertDocument

    ours = options.replacing(force=force)
    target = target or _SUFFIXES.get(output.suffix.lower())
    if target is None:
        raise UsageError(f"name the format to write with --to ({', '.join(_FORMATS)})")
    picture = None if image is None else Image.open(image)
    file = annotate.read(given, form=source, picture=picture, names=_names(names))
    file = annotate.reviewed(file, accepted_by=accepted_by, complete=complete)
    folder = annotate.FORMATS[target].single and (output.suffix == "" or len(file.pictures) != 1)
    place = output if folder else output.parent
    shown = Path(file.pictures[0].name if file.pictures else "").stem or given.stem
    name = f"{shown}{annotate.FORMATS[target].suffix}" if folder else output.name
    made = annotate.write(file, target, name=name, picture=picture)
    if folder:
        place.mkdir(exist_ok=True)
    for one in made.files:  # all of them may be written, before the first one is
        ours.check(place / one)
    for one, data in made.files.items():
        write_output(place / one, data, replacing=ours)
    document = AnnotateConvertDocument(
        written=target,
        pictures=len(file.pictures),
        annotations=sum(len(one.annotations) for one in file.pictures),
        files=tuple(str(place / one) for one in made.files),
        notes=(*file.notes, *made.notes),
    )
    if as_json:
        print_document(document)
        return 0
    say(f"{document.annotations} objects in {document.pictures} picture(s) written to {output}")
    for note in document.notes:
        say(f"note: {note}", err=True)
    return 0


def _names(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    from imgcheck.imaging.intake import read_small

    text = read_small(path, most_bytes=1 << 20).decode("utf-8", "replace")
    return tuple(line.strip() for line in text.splitlines() if line.strip())


@command.command("draw")
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("given", metavar="ANNOTATIONS", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=options.Output(dir_okay=False), help="PNG file to write."
)
@click.option("--gsd", type=float, metavar="G", help="Metres per pixel, for the scale bar.")
@click.option("--gsd-sigma", type=float, metavar="S", help="Standard error of --gsd, in metres.")
@click.option(
    "--north", type=float, metavar="DEG", help="Direction of north, degrees clockwise from up."
)
@click.option("--caption", default="", help="One line under the picture.")
@_from_option
@_names_option
@options.force_option
@options.budget_option
@options.json_option
def draw(
    image: Path,
    given: Path,
    output: Path,
    gsd: float | None,
    gsd_sigma: float | None,
    north: float | None,
    caption: str,
    source: str | None,
    names: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Draw annotations on a copy of a picture, with labels, scale, north and legend.

    Solid outlines are accepted by a person, dashed ones are proposals. Scale and north come from
    the options, the annotations, or the picture's georeference; else they are stated as unknown.

    \b
    Examples:
      imgcheck annotate draw post.jpg marks.xml -o drawn.png
      imgcheck annotate draw post.jpg labels.txt -o drawn.png --gsd 0.3 --gsd-sigma 0.01
    """
    import hashlib

    from imgcheck import annotate
    from imgcheck.imaging import Image
    from imgcheck.imaging.output import write_output
    from imgcheck.model.documents import AnnotateDrawDocument

    ours = options.replacing(force=force)
    ours.check(output)
    picture = Image.open(image)
    file = annotate.read(given, form=source, picture=picture, names=_names(names))
    marked = annotate.of_picture(file, picture, name=given.name)
    marked = annotate.oriented(marked, picture, gsd_m=gsd, gsd_sigma_m=gsd_sigma, north_deg=north)
    data = annotate.png(annotate.draw(picture.rgb(), marked, caption=caption))
    write_output(output, data, replacing=ours)
    states = [one.state for one in marked.annotations]
    document = AnnotateDrawDocument(
        file=str(output),
        sha256=hashlib.sha256(data).hexdigest(),
        annotations=len(states),
        states={state: states.count(state) for state in sorted(set(states))},
        gsd_m=marked.gsd_m,
        gsd_sigma_m=marked.gsd_sigma_m,
        north_deg=marked.north_deg,
    )
    if as_json:
        print_document(document)
    else:
        say(f"{len(states)} objects drawn: {output}")
        for note in file.notes:
            say(f"note: {note}", err=True)
    return 0


@command.command("score")
@click.argument("truth", type=click.Path(path_type=Path))
@click.argument("found", type=click.Path(path_type=Path))
@click.option(
    "--threshold",
    type=float,
    help="Leave found objects below this p (or score) out, but for average precision.",
)
@click.option(
    "--reach",
    type=click.FloatRange(0, min_open=True),
    metavar="PX",
    help="Largest distance of matching centres; by default half of the object's longer side.",
)
@click.option("--gsd", type=float, metavar="G", help="Metres per pixel, for recall by size.")
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="The picture, or a folder of the pictures, for --sheet and for YOLO labels.",
)
@click.option(
    "--sheet",
    type=options.Output(dir_okay=False),
    metavar="F.png",
    help="Write a contact sheet of missed and false objects (needs --image).",
)
@_from_option
@_names_option
@options.force_option
@options.budget_option
@options.json_option
def score(
    truth: Path,
    found: Path,
    threshold: float | None,
    reach: float | None,
    gsd: float | None,
    image: Path | None,
    sheet: Path | None,
    source: str | None,
    names: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Compare found objects with the truth, by kind of object.

    Prints precision, recall and F1 with centres matched one to one, average precision at half
    overlap (AP50) of upright and of turned boxes, the error of the count, the error of headings,
    and recall by size. Rejected objects do not count; intervals are exact (95 %).

    \b
    Examples:
      imgcheck annotate score truth.json found.json
      imgcheck annotate score truth/ found.json --image pictures/ --sheet errors.png
    """
    from imgcheck import annotate
    from imgcheck.imaging.output import write_output
    from imgcheck.report import annotation_score

    ours = options.replacing(force=force)
    if sheet is not None:
        ours.check(sheet)
        if image is None:
            raise UsageError("--sheet needs the pictures: give --image")
    pictures = [] if image is None else list(annotate.pictures_of(image))
    one = pictures[0] if len(pictures) == 1 else None
    # Labels of YOLO that were found have the class numbers of the truth.
    classes = _names(names) or annotate.names_of(truth if truth.is_dir() else truth.parent)
    given = [
        annotate.read(path, form=source, picture=one, names=classes) for path in (truth, found)
    ]
    scores, matches = annotate.score(
        given[0].pictures, given[1].pictures, threshold=threshold, reach_px=reach, gsd_m=gsd
    )
    if sheet is not None:
        shown = {p.name: p.rgb() for p in pictures}
        if one is not None:
            shown |= {m.picture: one.rgb() for m in matches}
        write_output(sheet, annotate.png(annotate.contact_sheet(matches, shown)), replacing=ours)
    name = None if sheet is None else str(sheet)
    document = annotation_score.document(scores, pictures=len(given[0].pictures), sheet=name)
    if as_json:
        print_document(document)
    else:
        for line in annotation_score.lines(document):
            say(line)
    return 0
