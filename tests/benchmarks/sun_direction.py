"""Measure the direction of shadows that is read from the picture alone.

    python -m tests.benchmarks.sun_direction tune|report --pictures 60 [--first 1000]
    python -m tests.benchmarks.sun_direction real

Rendered: `tune` uses the western half of ``terrain`` (IMGCHECK_DATA), `report` its eastern half;
all other scenes differ by their seed. Real: ``overhead/brighton`` (sunshine; the camera wrote
where its upper edge pointed, the sun follows from place and time) and ``overhead/niza`` (dull).
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from imgcheck import sun
from imgcheck.quantity import LonLat, binomial_interval
from imgcheck.sun.direction import shadow_direction
from tests.benchmarks import lit_pictures as lit

Sample = tuple[np.ndarray, float]

RENDERED: dict[str, Callable[[str, int], Sample]] = {
    "surface model": lit.relief,
    "surface model, JPEG 75 and blur": lambda half, seed: _post(lit.relief(half, seed), seed),
    "houses of all headings": lambda half, seed: lit.town(half, seed, grid=False),
    "houses on a street grid": lambda half, seed: lit.town(half, seed, grid=True),
    "wood": lit.wood,
    "plain, 12 blocks of all headings": lambda half, seed: lit.plain(half, seed, houses=12),
    "plain, 12 blocks, one heading": lambda half, seed: lit.plain(half, seed, houses=12, grid=True),
    "no sun: surface model": lambda half, seed: lit.relief(half, seed, lit=False),
    "no sun: houses": lambda half, seed: lit.town(half, seed, grid=seed % 2 == 0, lit=False),
    "no sun: wood": lambda half, seed: lit.wood(half, seed, lit=False),
    "noise, clouds, patches, stripes": lit.texture,
    "sun, but an empty plain": lambda half, seed: lit.plain(half, seed, houses=0),
}

# Hours that the camera's clock was behind UTC.
HOURS = {"brighton": 5}


def _post(sample: Sample, seed: int) -> Sample:
    return lit.posted(sample[0], seed), sample[1]


def real(place: str) -> Iterator[Sample]:
    """Give the cut-outs of one flight and where their shadows point in the picture."""
    folder = lit.DATA.parent / "overhead"
    for item in json.loads((folder / "manifest.json").read_text())["files"]:
        if item["place"] != place:
            continue
        data = (folder / item["file"]).read_bytes()
        heading = re.search(rb'GimbalYawDegree="([+-][0-9.]+)"', data)
        if heading is None:
            continue
        north, east = item["frame_centre_latlon"]
        taken = datetime.strptime(item["taken_local"], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
        where = sun.position(taken + timedelta(hours=HOURS[place]), LonLat(lon=east, lat=north))
        gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        truth = (float(where.azimuth_deg) + 180 - float(heading.group(1))) % 360
        yield gray.astype(np.float32) / 255, truth


def row(name: str, samples: Iterator[Sample]) -> str:
    """Measure one kind."""
    axis, signed, sigmas, count = [], [], [], 0
    for gray, truth in samples:
        count += 1
        found = shadow_direction(gray)
        if isinstance(found, sun.NoDirection):
            continue
        off = abs((found.shadow_deg - truth + 180) % 360 - 180)
        axis.append(min(off, 180 - off))
        sigmas.append(found.sigma_deg)
        if found.sign_known:
            signed.append(off > 90)
    share = binomial_interval(len(axis), count)
    text = f"| {name} | {len(axis)} of {count} | {share.low:.2f}-{share.high:.2f} |"
    if not axis:
        return text + " - | - | - | - | - |"
    spread = np.sqrt(np.mean((np.array(axis) / sigmas) ** 2))
    wide = int((np.array(axis) > 15).sum())
    text += f" {np.median(axis):.1f} | {np.quantile(axis, 0.9):.1f} | {wide} | "
    if not signed:
        return text + f"0 | {spread:.2f} |"
    turned = binomial_interval(sum(signed), len(signed))
    return text + (
        f"{sum(signed)} of {len(signed)} ({turned.low:.3f}-{turned.high:.3f}) | {spread:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("tune", "report", "real"))
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("| pictures | answered | 95 % interval | median error | 90 % within | off by > 15 |"
          " turned round, of those with a sense | error / sigma, rms |\n"
          "|---|---|---|---|---|---|---|---|")  # fmt: skip
    if options.part == "real":
        print(row("brighton, sunshine", real("brighton")), flush=True)
        dull = [(gray, 0.0) for reel in ("100media", "101media") for gray in lit.dull(reel)]
        print(row("niza, dull, first day", iter(dull)), flush=True)
        return
    seeds = range(options.first, options.first + options.pictures)
    for name, make in RENDERED.items():
        if options.only in name:
            print(row(name, (make(options.part, seed) for seed in seeds)), flush=True)


if __name__ == "__main__":
    main()
