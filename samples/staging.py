"""What the sample cases are built with: sites on Earth, acquisitions, references, exact truth."""

import datetime as dt
import io
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.warp import transform

from imgcheck import scene
from imgcheck.quantity import LonLat
from imgcheck.sun import position

EPSG = 32637  # UTM zone 37 north: Deir ez-Zor
# month -> how green plants are
GREEN = {3: 0.25, 4: 0.9, 5: 0.55, 6: 0.4, 7: 0.3, 8: 0.2, 9: 0.2, 10: 0.3, 12: 0.05}


@dataclass(frozen=True, kw_only=True)
class Site:
    """A scene and where on Earth its north-west corner is put."""

    lon: float
    lat: float
    plan: scene.Scene
    epsg: int = EPSG

    @property
    def origin(self) -> tuple[float, float]:
        """Give easting and northing of the north-west corner, whole metres."""
        xs, ys = transform("EPSG:4326", f"EPSG:{self.epsg}", [self.lon], [self.lat])
        return (
            float(round(xs[0] - self.plan.width_m / 2)),
            float(round(ys[0] + self.plan.height_m / 2)),
        )


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One acquisition of a site."""

    when: dt.datetime
    gsd: float
    seed: int
    objects: dict[str, Any]
    window: scene.Window | None = None
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    haze: float = 0.03
    noise: float = 0.012
    blur_px: float = 0.5


def utc(text: str) -> dt.datetime:
    """Read a time as UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def sun_of(site: Site, when: dt.datetime) -> tuple[float, float]:
    """Give the sun's elevation and azimuth, degrees, 0.01 degrees kept."""
    sun = position(when, LonLat(lon=site.lon, lat=site.lat))
    return round(float(sun.elevation_deg), 2), round(float(sun.azimuth_deg), 2)


def convergence_of(site: Site) -> float:
    """Give the bearing of grid north from true north, degrees: pictures here are grid north up."""
    xs, ys = transform(
        "EPSG:4326", f"EPSG:{site.epsg}", [site.lon] * 2, [site.lat, site.lat + 0.01]
    )
    return round(-math.degrees(math.atan2(xs[1] - xs[0], ys[1] - ys[0])), 4)


def take(site: Site, shot: Shot) -> scene.Rendering:
    """Render one acquisition."""
    elevation, azimuth = sun_of(site, shot.when)
    return scene.render(
        replace(site.plan, **shot.objects),
        gsd=shot.gsd,
        sun_elevation_deg=elevation,
        # The sun's azimuth counts from true north, the picture's from grid north.
        sun_azimuth_deg=azimuth - convergence_of(site),
        seed=shot.seed,
        window=shot.window,
        greenness=GREEN[shot.when.month],
        tint=shot.tint,
        haze=shot.haze,
        noise=shot.noise,
        blur_px=shot.blur_px,
    )


def lonlat(points: NDArray[np.float64], epsg: int = EPSG) -> list[list[float]]:
    """Bring (N, 2) easting, northing to longitude and latitude, 1e-7 degrees kept."""
    xs, ys = transform(f"EPSG:{epsg}", "EPSG:4326", points[:, 0], points[:, 1])
    return [[round(x, 7), round(y, 7)] for x, y in zip(xs, ys, strict=True)]


def size_of(data: bytes) -> tuple[int, int]:
    """Give width and height of a picture file."""
    with Image.open(io.BytesIO(data)) as image:
        return image.size


def truth_of_post(
    site: Site, shot: Shot, rendering: scene.Rendering, posted: scene.Posted
) -> dict[str, Any]:
    """Write down everything that is true of a posted picture."""
    width, height = size_of(posted.data)
    window = rendering.truth
    east, north = site.origin
    gsd = shot.gsd
    to_ground = np.array(
        [
            [gsd, 0, east + window.left_m],
            [0, -gsd, north - window.top_m],
            [0, 0, 1],
        ]
    ) @ np.linalg.inv(posted.matrix)
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
    ground = (to_ground @ corners.T).T[:, :2]
    middle = (to_ground @ [width / 2, height / 2, 1])[None, :2]
    up = to_ground[:2, :2] @ [0, -1]
    objects = []
    for item in rendering.truth.objects:
        x, y, _ = posted.matrix @ [item.x_px, item.y_px, 1]
        if not (0 <= x < width and 0 <= y < height):
            continue
        north_deg = -math.degrees(math.atan2(up[0], up[1]))
        turned = None if item.heading_deg is None else (item.heading_deg + north_deg) % 360
        objects.append(
            {
                "class": item.label,
                "x": round(float(x), 2),
                "y": round(float(y), 2),
                "length_m": round(item.length_m, 2),
                "width_m": round(item.width_m, 2),
                "height_m": round(item.height_m, 2),
                # From grid north, as the plan is.
                "heading_deg": None if item.heading_deg is None else round(item.heading_deg, 1),
                "heading_in_picture_deg": None if turned is None else round(turned, 1),
                "covered": bool(posted.annotation_mask[int(y), int(x)]),
            }
        )
    elevation, azimuth = sun_of(site, shot.when)
    grid_north = round(-math.degrees(math.atan2(up[0], up[1])), 4) + 0.0
    return {
        "width": width,
        "height": height,
        "gsd_m": round(float(np.hypot(*up)), 5),
        "north_deg": round(grid_north - convergence_of(site), 4),
        "grid_north_deg": grid_north,
        "transform_px_to_crs": [[round(float(v), 8) for v in row] for row in to_ground],
        "epsg": site.epsg,
        "centre_lonlat": lonlat(middle, site.epsg)[0],
        "footprint_lonlat": lonlat(ground, site.epsg),
        "acquired": shot.when.isoformat(),
        "sun_elevation_deg": elevation,
        "sun_azimuth_deg": azimuth,
        "counts": count(objects),
        "smallest_crater_m": None,
        "objects": objects,
    }


def count(objects: list[dict[str, Any]]) -> dict[str, int]:
    """Count objects per class; craters are counted even when there are none."""
    classes = ("vehicle", "crater", "berm", "building")
    return {name: sum(item["class"] == name for item in objects) for name in classes}


def reference(
    folder: Path, site: Site, shot: Shot, *, quality: int = 88
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write one georeferenced picture; give its item and its truth."""
    rendering = take(site, shot)
    left, top = rendering.truth.left_m, rendering.truth.top_m
    origin = (site.origin[0] + left, site.origin[1] - top)
    name = f"{shot.when:%Y-%m-%d}.tif"
    data = scene.geotiff(
        rendering.rgb,
        origin=origin,
        gsd=shot.gsd,
        epsg=EPSG,
        datetime=shot.when,
        jpeg_quality=quality,
    )
    (folder / name).write_bytes(data)
    rows, cols = rendering.rgb.shape[:2]
    east, north = origin[0] + cols * shot.gsd, origin[1] - rows * shot.gsd
    box = lonlat(
        np.array([[origin[0], origin[1]], [east, origin[1]], [origin[0], north], [east, north]])
    )
    bbox = [
        min(p[0] for p in box),
        min(p[1] for p in box),
        max(p[0] for p in box),
        max(p[1] for p in box),
    ]
    stamp = shot.when.isoformat().replace("+00:00", "Z")
    item = {
        "id": f"rendered-{shot.when:%Y%m%d}",
        "asset": name,
        "datetime": stamp,
        "gsd": shot.gsd,
        "epsg": EPSG,
        "bbox": bbox,
    }
    elevation, azimuth = sun_of(site, shot.when)
    seen = [{"class": item.label} for item in rendering.truth.objects if item.in_view]
    truth = {
        "asset": name,
        "datetime": stamp,
        "sun_elevation_deg": elevation,
        "sun_azimuth_deg": azimuth,
        "counts": count(seen),
        "acquisition_seed": shot.seed,
    }
    return item, truth


def references(folder: Path, site: Site, shots: list[Shot], **options: Any) -> list[dict[str, Any]]:
    """Write the dated references of a case with their sidecar; give their truth."""
    target = folder / "reference"
    target.mkdir(parents=True, exist_ok=True)
    pairs = [reference(target, site, shot, **options) for shot in shots]
    write_json(target / "items.json", [item for item, _ in pairs])
    return [truth for _, truth in pairs]


def write_json(path: Path, content: Any) -> None:
    """Write JSON with a stable form."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def jpeg(rgb: NDArray[np.uint8], *, quality: int, exif: bytes = b"") -> bytes:
    """Save a picture once, as it is."""
    return scene.post(rgb, history=(scene.Save(quality=quality),), exif=exif).data


def camera_exif(
    when: dt.datetime, *, hours: int, place: tuple[float, float] | None = None
) -> bytes:
    """Make the EXIF block of a camera: local time with its zone, and a GPS fix with UTC."""
    local = when + dt.timedelta(hours=hours)
    stamp, zone = local.strftime("%Y:%m:%d %H:%M:%S"), f"{hours:+03d}:00"
    exif = Image.Exif()
    exif[0x010E] = "Rendered sample of imgcheck, no real place"
    exif[0x010F] = "Rendered"
    exif[0x0110] = "Nadir camera"
    exif[0x0112] = 1
    exif[0x0132] = stamp
    detail = exif.get_ifd(0x8769)
    detail.update({0x9003: stamp, 0x9004: stamp, 0x9010: zone, 0x9011: zone, 0x9012: zone})
    if place is not None:
        fix = exif.get_ifd(0x8825)
        fix.update(
            {
                1: "N",
                2: sexagesimal(place[1]),
                3: "E",
                4: sexagesimal(place[0]),
                7: (float(when.hour), float(when.minute), float(when.second)),
                29: when.strftime("%Y:%m:%d"),
            }
        )
    return exif.tobytes()


def without_manifest(data: bytes) -> bytes:
    """Take the content credentials (its APP11 segments) out of a JPEG."""
    out, place = data[:2], 2
    while data[place : place + 1] == b"\xff" and data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] != 0xEB:
            out += data[place:end]
        place = end
    return out + data[place:]


def sexagesimal(degrees: float) -> tuple[float, float, float]:
    """Give degrees, minutes, seconds; seconds to 0.001."""
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    return float(whole), float(minutes), round(((degrees - whole) * 60 - minutes) * 60, 3)


def erase(rgb: NDArray[np.uint8], x: int, y: int, *, radius_px: int) -> NDArray[np.uint8]:
    """Cover a round spot with ground from beside it, with a soft rim: an erased object."""
    rows, cols = rgb.shape[:2]
    out = rgb.astype(np.float32)
    shift = 3 * radius_px if x + 4 * radius_px < cols else -3 * radius_px
    yy, xx = np.mgrid[:rows, :cols]
    soft = np.clip(radius_px + 1.5 - np.hypot(xx - x, yy - y), 0, 3)[..., None] / 3
    beside = np.roll(out, -shift, axis=1)
    return np.round(soft * beside + (1 - soft) * out).astype(np.uint8)


def rows_of(
    x: float, y: float, *, cols: int, rows: int, dx: float, dy: float, turn_deg: float = 0.0
) -> list[tuple[float, float]]:
    """Give the points of a parking grid turned about its first point."""
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    grid = [(i * dx, j * dy) for j in range(rows) for i in range(cols)]
    return [(x + u * c - v * s, y + u * s + v * c) for u, v in grid]


def source_page(truth: dict[str, Any]) -> str:
    """Write the page that says how a case was made and what is true of it."""
    post = truth["post"]
    lines = [
        f"# Source of `{truth['case']}`",
        "",
        "Rendered by `python samples/build.py " + truth["case"] + "`: no camera, no real place, no "
        "real event. The ground is invented (seed "
        f"{truth['ground_seed']}) and only put at real coordinates. Licence: CC0 1.0.",
        "",
        "All of this is in `truth.json` too, for machines.",
        "",
        "## The post",
        "",
        f"- {post['width']} x {post['height']} pixels, {post['gsd_m']:.3f} m a pixel; true "
        f"north points {post['north_deg']:.2f} degrees clockwise from up, grid north "
        f"{post['grid_north_deg']:.2f}.",
        f"- Centre: lon {post['centre_lonlat'][0]:.6f}, lat {post['centre_lonlat'][1]:.6f}. "
        "Footprint (lon, lat; from the top left corner clockwise): "
        + "; ".join(f"{x:.6f}, {y:.6f}" for x, y in post["footprint_lonlat"])
        + ".",
        f"- Acquired {post['acquired']}; sun elevation {post['sun_elevation_deg']:.2f}, azimuth "
        f"{post['sun_azimuth_deg']:.2f} degrees (without refraction).",
        "- In the frame: "
        + ", ".join(f"{number} x {name}" for name, number in post["counts"].items())
        + " (counted by centres; some may lie under drawings).",
    ]
    lines += [f"- {note}" for note in truth["notes"]]
    if truth["references"]:
        lines += ["", "## References", "", "| file | time | sun elevation, azimuth | holds |"]
        lines += ["|---|---|---|---|"]
    for item in truth["references"]:
        holds = ", ".join(f"{number} {name}" for name, number in item["counts"].items())
        lines.append(
            f"| `reference/{item['asset']}` | {item['datetime']} | "
            f"{item['sun_elevation_deg']:.2f}, {item['sun_azimuth_deg']:.2f} | {holds} |"
        )
    if truth["known"]:
        lines += ["", "## Known pictures", ""]
        lines += [f"- `{item['file']}`: {item['relation']}" for item in truth["known"]]
    return "\n".join(lines) + "\n"
