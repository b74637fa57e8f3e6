"""Verify true and false statements about posted pictures of known places, all checks together.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.verdicts [--count N] [--seed S] --log F``, then
``... --summary F``. A cut of a dated image is posted (any turn, 0.6 to 1.6 of its pixels, gamma,
half of them gray, a third drawn on, JPEG 35-90) and verified with dated references and an index,
once with true statements and once with false ones: when and where it was taken, whether it is
original and unaltered. The references are, in turn, all dates of the place, all but its own, or its
own and one more; the index holds other dates, and in every other case its own image. Pairs without
dates get some: only which of two images is the earlier one matters.
"""

import argparse
import json
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyproj
import rasterio

import imgcheck
from tests.benchmarks import altered, copies, geo_place
from tests.benchmarks.geo_place import Scene, table
from tests.benchmarks.grounds import grounds
from tests.benchmarks.posting import Handling, post
from tests.benchmarks.runs import Row, command, note

KINDS = ("naip", "pucallpa", "landsat", "beijing", "joplin", "dsifn")
_SIDES = {"naip": 300, "dsifn": 165}
# A pair without a position lies here, one pixel a metre, and shows these days.
_CRS, _WEST, _NORTH = "EPSG:32637", 600_000.0, 3_900_000.0
_DAYS = ("2015-06-10", "2017-08-20")
_POSTED = "2021-03-01"
_SHELVES = ("all", "others", "own and one")
STATEMENTS = ("acquired", "place", "original", "unaltered")


def _dates(data: Path, kind: str, scenes: tuple[Scene, ...]) -> list[tuple[str, str]]:
    """Give the first and the last day that each image stands for."""
    if kind not in ("naip", "pucallpa"):
        return [(day, day) for day in _DAYS]
    items = json.loads((data / "stacks" / kind / "items.json").read_text())
    days = {}
    for item in items:
        day = item.get("datetime")
        ends = (item.get("start_datetime") or day, item.get("end_datetime") or day)
        days[Path(item["asset"]).stem] = (ends[0][:10], ends[1][:10])
    return [days[Path(scene.name).stem] for scene in scenes]


@cache
def _folder(data: Path, kind: str, number: int, root: Path) -> list[tuple[Path, str, str]]:
    """Write the images of a place as GeoTIFFs; return each with its first and last day."""
    ground = grounds(data, kind)[number]
    out = []
    for k, (scene, days) in enumerate(
        zip(ground.scenes, _dates(data, kind, ground.scenes), strict=True)
    ):
        path = root / f"{kind}-{number}-{k}.tif"
        crs, affine = scene.crs, scene.affine
        if not crs or kind not in ("naip", "pucallpa"):
            crs = _CRS
            affine = np.array([[1, 0, _WEST], [0, -1, _NORTH], [0, 0, 1.0]]) @ affine
        where = rasterio.Affine(*affine[:2].ravel())
        rows, cols = scene.rgb.shape[:2]
        with rasterio.open(path, "w", driver="GTiff", height=rows, width=cols, count=3,
                           dtype="uint8", crs=crs, transform=where) as file:  # fmt: skip
            file.write(np.moveaxis(scene.rgb, -1, 0))
        out.append((path, *days))
    return out


def _middle(scene_path: Path, at: np.ndarray) -> tuple[float, float]:
    """Return latitude and longitude of a point of an image."""
    with rasterio.open(scene_path) as file:
        x, y = file.transform * (float(at[0]), float(at[1]))
        lon, lat = pyproj.Transformer.from_crs(file.crs, 4326, always_xy=True).transform(x, y)
    return float(lat), float(lon)


def _claim(path: Path, *, when: str, at: tuple[float, float]) -> Path:
    place = f"{{lat: {at[0]:.4f}, lon: {at[1]:.4f}, radius_km: 30}}"
    lines = [
        f"source: {{posted: {_POSTED}}}",
        "statements:",
        f"  - {{acquired: {when}, id: acquired}}",
        f"  - {{place: {place}, id: place}}",
        "  - {original: true, id: original}",
        "  - {unaltered: true, id: unaltered}",
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def one(data: Path, number: int, root: Path) -> Row | None:
    """Verify one picture twice; return the verdict of each statement beside its truth."""
    rng = np.random.default_rng([number, 20171401])
    kind = KINDS[number % len(KINDS)]
    places = grounds(data, kind)
    place = int(rng.integers(len(places)))
    scenes, files = places[place].scenes, _folder(data, kind, place, root)
    own = int(rng.integers(len(scenes)))
    how = Handling(extent=min(_SIDES.get(kind, 280), int(0.65 * min(scenes[own].rgb.shape[:2]))),
                   drawn=False, quality=(96, 96))  # fmt: skip
    picture, matrix = post(scenes[own], rng, how)
    if np.mean(picture < 8) > 0.3:
        return None
    drawn, changed = rng.random() < 1 / 3, rng.random() < 0.5
    if changed:
        size = float(rng.uniform(0.12, 0.2)) * min(picture.shape[:2])
        picture, done = altered.planted(picture, [], size, rng, count=1, kinds=("clone",))
        if not done:
            return None
    if drawn:
        picture = copies.arrows(np.ascontiguousarray(picture), rng)
    shown = root / "post.jpg"
    cv2.imwrite(
        str(shown), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 91))]
    )
    others = [k for k in range(len(files)) if k != own]
    more = int(rng.choice(others))
    shelf = _SHELVES[number // len(KINDS) % 3]
    at_hand = {"all": list(range(len(files))), "others": others, "own and one": [own, more]}[shelf]
    spans = [dict.fromkeys(files[k][1:]) for k in at_hand]
    references = [f"{files[k][0]}@{'/'.join(span)}" for k, span in zip(at_hand, spans, strict=True)]
    held = others + ([own] if rng.random() < 0.5 else [])
    index = root / "known.db"
    index.unlink(missing_ok=True)
    for k in held:
        imgcheck.add_to_index(index, files[k][0], date=files[k][1])
    middle = matrix @ [picture.shape[1] / 2, picture.shape[0] / 2, 1.0]
    lat, lon = _middle(files[own][0], middle[:2] / middle[2])
    wrong = files[more]
    claims = {
        True: _claim(root / "true.yml", when=f"{files[own][1]}/{files[own][2]}", at=(lat, lon)),
        False: _claim(root / "false.yml", when=f"{wrong[1]}/{wrong[2]}", at=(lat - 3, lon + 3)),
    }
    began, answers = time.process_time(), {}
    for truth, claim in claims.items():
        report = imgcheck.verify(shown, claim=claim, references=references, index=index)
        answers[truth] = {k: v.value for k, v in report.answers().items()}
        answers[truth]["because"] = {
            v.statement: [report.findings[k].check for k in (*v.supporting, *v.contradicting)]
            for v in report.verdicts
        }
    return {
        "number": number,
        "kind": kind,
        "shelf": shelf,
        "altered": changed,
        "drawn": drawn,
        "known": own in held,
        "true": answers[True],
        "false": answers[False],
        "seconds": time.process_time() - began,
    }


def statements(row: Row) -> list[tuple[str, bool, str, list[str]]]:
    """Give each statement with its truth, its verdict, and the checks behind it."""
    out = []
    for name in STATEMENTS:
        for claimed in (True, False):
            told: dict[str, Any] = row["true" if claimed else "false"]
            truth = claimed
            if name == "unaltered":
                truth = not row["altered"]
            if name == "original":
                truth = not row["known"]
            if name in ("acquired", "place") or claimed:
                out.append((name, truth, told[name], told["because"].get(name, [])))
    return out


def summary(rows: list[Row], chosen: argparse.Namespace) -> None:
    """Print the verdicts on true and on false statements."""
    everything = [(of, *s) for of in rows for s in statements(of)]
    lines = []
    for truth in (True, False):
        for name in STATEMENTS:
            mine = [s for s in everything if s[1] == name and s[2] == truth]
            counts = [sum(s[3] == v for s in mine) for v in ("supported", "contradicted")]
            wrong = counts[1 if truth else 0]
            neither = len(mine) - sum(counts)
            row = [name, str(truth).lower(), len(mine), *counts, neither]
            lines.append([*map(str, row), geo_place.rate(wrong, len(mine))])
    table(
        ["statement", "truth", "pictures", "supported", "contradicted", "neither", "wrong"], lines
    )
    for of, name, truth, verdict, checks in everything:
        if verdict == ("contradicted" if truth else "supported"):
            print(
                f"- {of['number']} {of['kind']} {of['shelf']}: {name} {truth}, {verdict} {checks}"
            )


def run(data: Path, numbers: range, chosen: argparse.Namespace) -> None:
    """Verify pictures, one line of the log each."""
    with tempfile.TemporaryDirectory() as temporary:
        for number in numbers:
            row = one(data, number, Path(temporary))
            if row is not None:
                note(chosen.log, row)


if __name__ == "__main__":
    command(argparse.ArgumentParser(description=__doc__), 60, run, summary)
