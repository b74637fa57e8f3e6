"""A placed picture as one HTML page that needs nothing else and lets nothing in."""

from collections.abc import Iterator, Sequence
from typing import Any

from imgcheck.placing.measures import Measures
from imgcheck.placing.views import View, Views
from imgcheck.quantity import distance
from imgcheck.report import images
from imgcheck.report.markup import Markup, raw, tag
from imgcheck.report.placing import drawing, text
from imgcheck.report.placing.text import metres, reference_name
from imgcheck.report.plain import line
from imgcheck.report.shell import own, policy

File = tuple[str, str, str | None, bool]


def html(
    said: dict[str, Any],
    measures: Measures,
    views: Views,
    *,
    files: Sequence[File] = (),
    version: str = "",
) -> str:
    """Give a placed picture as one self-contained HTML page.

    Parameters
    ----------
    said : dict
        The document of `imgcheck.placing.document`.
    measures : Measures
    views : Views
    files : sequence of (name, what, note, written)
        The exports beside the page.

    Returns
    -------
    str
        Every word of a file is escaped; the policy lets in nothing but the page's own style,
        script and pictures.
    """
    style, script = own("report.css") + own("placing.css"), own("report.js")
    name = line(said["input"]["name"], limit=120)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy",
            content=policy(style=style, script=script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content=f"imgcheck {version}"),
        tag("title", f"{name}: where it lies"),
        raw("style", style),
    )  # fmt: skip
    chapters = [
        ("map", "On the map", _map(said, measures, views)),
        ("pair", "Picture over reference", _pair(said, views)),
        ("numbers", "Numbers", _numbers(said)),
        ("limits", "What this does not say", _limits(said)),
        ("tried", "References tried", _tried(said)),
        ("files", "Files", _files(files)),
        ("further", "To look further", _further(said)),
    ]
    present = [chapter for chapter in chapters if chapter[2]]
    links = (tag("li", tag("a", title, href=f"#{key}")) for key, title, _ in present)
    body = tag(
        "body",
        _header(said, name),
        tag("nav", tag("ul", links), aria_label="Contents"),
        tag("main", (
            tag("section", tag("h2", title), content, id=key, class_="chapter")
            for key, title, content in present
        )),
    )  # fmt: skip
    return f"<!doctype html>\n{tag('html', head, body, raw('script', script), lang='en')}\n"


def _header(said: dict[str, Any], name: str) -> Markup:
    picture, (major, minor, _) = said["input"], said["ellipse_m"]
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    way = text.WAYS[said["path"]]
    return tag(
        "header",
        tag("p", "imgcheck placing", class_="kicker"),
        tag("h1", name),
        tag("p", f"{picture['width']} x {picture['height']} px · SHA-256 ",
            tag("code", picture["sha256"][:16]), class_="facts"),
        tag("p", f"Placed on the reference {reference_name(said)} {way}: centre ",
            tag("b", f"{lat:.6f}, {lon:.6f}"),
            f" (latitude, longitude), to within {distance(major, 2)}"
            + (f" by {distance(minor, 2)}" if major > 1.2 * minor else "")
            + " with 95 % confidence relative to the reference, whose own error is not known.",
            class_="lead"),
        tag("p", tag("b", "Which date? "), text.RELATIONS[said["relation"]], " ",
            _relation(said), class_="notice"),
        (tag("p", tag("b", "Note. "), f"{note[0].upper()}{note[1:]}.", class_="notice")
         for note in said["notes"]),
    )  # fmt: skip


def _relation(said: dict[str, Any]) -> str:
    reason = said["relation_reason"]
    measured = f" Measured: {line(reason, limit=300)}." if reason else ""
    return f"Agreeing points alone do not tell.{measured}"


def _map(said: dict[str, Any], measures: Measures, views: Views) -> Markup:
    points = drawing.chosen(measures.tie_points, measures.shape)
    on = views.reference
    longer, larger = drawing.residual_factor(points, on), drawing.ellipse_factor(measures, on)
    dot = 0.0045 * max(on.size)
    reference = _stage(
        on,
        f"The reference {reference_name(said)} with the footprint of the picture",
        drawing.outline(on, measures.shape),
        drawing.residuals(points, on, measures, longer),
        drawing.ties(points, on, size=dot),
        drawing.ellipses(measures, on, larger),
        drawing.north(on),
        drawing.scale_bar(on),
    )
    ours = views.picture
    picture = _stage(
        ours,
        "The picture with the same points",
        drawing.ties(points, ours, size=0.0045 * max(ours.size)),
        drawing.north(ours),
        drawing.scale_bar(ours),
    )
    enlarged = "true size" if larger == 1 else f"{larger} times as large as they are"
    caption = (
        f"The reference. Yellow: the footprint, its top edge doubled. Blue: 95 % error of centre "
        f"and corners, drawn {enlarged}. Strokes: where the reference has each point, "
        f"{longer} times as far off as it is."
    )
    shown, total = len(points), len(measures.tie_points)
    more = "" if shown == total else f" ({shown} of {total} shown, spread over the picture)"
    return tag(
        "div",
        tag("div", tag("figure", reference, tag("figcaption", caption)),
            tag("figure", picture,
                tag("figcaption", f"The picture, with the same points{more}.")), class_="maps"),
        _legend(),
    )  # fmt: skip


def _legend() -> Markup:
    first, second = drawing.BOUNDS_PX
    words = (
        f"up to {first:g} px off",
        f"{first:g} to {second:g} px off",
        f"more than {second:g} px off (pixels of the picture)",
    )
    return tag(
        "p",
        (
            tag("span", tag("svg", tag("circle", cx=6, cy=6, r=5), viewBox="0 0 12 12",
                            class_=f"tie r{n}", aria_hidden="true"), word, class_="key")
            for n, word in enumerate(words)
        ),
        class_="legend",
    )  # fmt: skip


def _stage(view: View, alt: str, *drawn: Markup | None) -> Markup:
    return tag(
        "div",
        tag("img", src=images.address(view.jpeg), alt=alt),
        tag("svg", drawn, viewBox=f"0 0 {view.size[0]} {view.size[1]}", class_="outlines",
            preserveAspectRatio="none", aria_hidden="true"),
        class_="stage",
    )  # fmt: skip


def _pair(said: dict[str, Any], views: Views) -> Markup:
    before, after = views.pair
    return tag(
        "div",
        tag("figure", tag("img", src=images.address(before.jpeg), alt="The reference alone"),
            tag("figcaption", tag("b", "Reference. "), reference_name(said))),
        tag("figure", tag("img", src=images.address(after.jpeg),
                          alt="The picture laid over the reference"),
            tag("figcaption", tag("b", "Picture. "), "Laid over the reference by the transform.")),
        class_="pair", data_left="Reference", data_right="Picture",
    )  # fmt: skip


def _numbers(said: dict[str, Any]) -> Markup:
    rows = (
        tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in _rows(said)
    )
    return tag("div", tag("table", tag("tbody", rows), class_="rows"), class_="scroll")


def _rows(said: dict[str, Any]) -> Iterator[tuple[str, object]]:
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    major, minor, angle = said["ellipse_m"]
    north, chance = said["north_deg"], said["false_match_probability"]
    yield "Centre (latitude, longitude)", f"{lat:.7f}, {lon:.7f}"
    for name, spot in said["corners"].items():
        yield f"Corner, {name}", f"{spot['lat']:.7f}, {spot['lon']:.7f}"
    yield (
        "95 % error of the centre",
        (
            f"{distance(major, 2)} by {distance(minor, 2)}, the long way {angle:.0f}° from north; "
            "relative to the reference"
        ),
    )
    yield "Pixel on the ground", distance(said["gsd_m"], 4)
    yield (
        "North in the picture",
        ("no direction at a pole" if north is None else f"{north:.2f}° clockwise from up"),
    )
    yield "Tilt against the ground", f"{said['tilt_deg']:.1f}°"
    yield "Area (ellipsoid)", text.area(said["area_m2"])
    yield "Edges (ellipsoid)", ", ".join(f"{k} {metres(v)}" for k, v in said["edges_m"].items())
    yield "Model of the transform", said["model"]
    yield "Agreeing points", f"{said['inliers']:,}, {said['rms_px']:.2f} reference pixels off (rms)"
    yield "Number of false alarms", f"10^{said['log10_nfa']:.0f}"
    if chance is not None:
        yield "Probability of a false match", text.likelihood(chance)
    yield "Coordinate system", line(said["crs"], limit=200)
    for number, row in enumerate(said["transform"], 1):
        values = tag("code", "  ".join(f"{v:.10g}" for v in row))
        yield f"Transform, row {number}", values


def _limits(said: dict[str, Any]) -> Markup:
    return tag(
        "ul",
        (tag("li", sentence) for sentence in said["limits"]),
        tag("li", "A copy of the reference, a frame of the same flight and the same ground on "
            "another day all lie well on it. Which of them this is stands at the top, as far as "
            "the pixels tell."),
    )  # fmt: skip


def _tried(said: dict[str, Any]) -> Markup | None:
    if len(said["tried"]) < 2:
        return None
    head = tag("tr", (tag("th", word, scope="col") for word in ("Reference", "Date", "Result")))
    rows = (
        tag("tr", tag("td", line(one["reference"]["id"], limit=120)),
            tag("td", line(one["reference"]["date"] or "not stated", limit=60)),
            tag("td", "placed" if one["placed"] else line(one["reason"], limit=300)))
        for one in said["tried"]
    )  # fmt: skip
    return tag("div", tag("table", tag("thead", head), tag("tbody", rows)), class_="scroll")


def _files(files: Sequence[File]) -> Markup | None:
    if not files:
        return None
    rows = (
        tag("tr", tag("th", tag("code", name), scope="row"),
            tag("td", what if written else f"{what}: {note}", None if not written else
                tag("span", f"Note: {note}.", class_="note") if note else None))
        for name, what, note, written in files
    )  # fmt: skip
    return tag("div", tag("table", tag("tbody", rows), class_="rows"), class_="scroll")


def _further(said: dict[str, Any]) -> Markup:
    rows = (
        tag("tr", tag("th", name, scope="row"), tag("td", tag("code", address)))
        for name, address in text.links(said)
    )
    return tag(
        "div",
        tag("p", "Addresses to copy; this page opens none of them."),
        tag("table", tag("tbody", rows), class_="rows"),
        class_="scroll",
    )
