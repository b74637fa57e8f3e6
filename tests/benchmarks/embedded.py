"""Measure what is said of embedded pictures: kinds on labelled files and on generated edits.

    python -m tests.benchmarks.embedded labelled overhead setting watched fresh speed index

``embedded_labels.csv`` was written by looking at thumbnail and picture side by side. Thresholds
were set on the even half of it (by a hash of the maker's name) and on edits of pictures of
``overhead/brighton`` and ``vehicles/kit_mos155_179``. The pictures of ``watched`` were looked at
when rules were added (small parts, implausible shapes); those of ``fresh`` only afterwards.
"""

import argparse
import csv
import hashlib
import io
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from imgcheck import imaging, provenance
from imgcheck.imaging import containers
from imgcheck.imaging.reduced import stored_gray
from tests.benchmarks.provenance import DATA, share, sniff

LABELS = Path(__file__).with_name("embedded_labels.csv")
SETTING = ("overhead/brighton", "vehicles/kit_mos155_179")
WATCHED = (
    "overhead/niza", "overhead/seneca", "vehicles/kit_munichstreet02", "vehicles/dji_minsk_0005",
    "stacks/naip", "metadata/exif-samples/jpg/gps", "metadata/exif-samples/jpg/exif-org",
)  # fmt: skip


FRESH = (
    "metadata/metadata-extractor", "c2pa", "change/beijing", "change/italy", "change/shuguang",
    "change/taizhou", "stacks/pucallpa", "pdq/reg-test-input/dih", "overhead/neon",
)  # fmt: skip
_LEAST = 300  # pixels of a main picture's shorter side


def gray(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), np.float32) / 255


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def half(name: str) -> str:
    """Put a file into one of two halves by its maker, the first word of its name."""
    maker = Path(name).stem.replace("_", " ").replace("-", " ").split(" ")[0].lower()
    return "setting" if hashlib.sha256(maker.encode()).digest()[0] % 2 == 0 else "reporting"


def labelled() -> Iterator[str]:
    wrong: list[str] = []
    local: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    untouched: Counter[tuple[str, bool]] = Counter()
    with LABELS.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            data = (DATA / row["file"]).read_bytes()
            found = [one for one in provenance.embedded_pictures(data, format=sniff(data) or "")
                     if one.source == row["source"] and one.encoding == "jpeg"]  # fmt: skip
            picture = found[int(row["number"])]
            said = provenance.thumbnail_agreement(gray(opened(picture.content)), gray(opened(data)))
            side = half(row["file"])
            counts[side, "n"] += 1
            counts[side, "right"] += said.kind == row["kind"]
            if row["kind"] != "different":
                untouched[side, said.kind == "different"] += 1
            if said.local_difference is not None:
                local.append(f"{Path(row['file']).name} ({row['note'] or 'nothing noted'})")
            if said.kind != row["kind"]:
                wrong.append(f"{row['file']} ({row['source']}): {said.kind}, label {row['kind']}"
                             f"{', ' + row['note'] if row['note'] else ''}")  # fmt: skip
    yield "| labelled files | right kind | called different though not labelled so |"
    yield "|---|---|---|"
    for side in ("setting", "reporting"):
        n = sum(untouched[side, flag] for flag in (False, True))
        yield (f"| {side} half | {share(counts[side, 'right'], counts[side, 'n'])} | "
               f"{share(untouched[side, True], n)} |")  # fmt: skip
    yield from (f"- {line}" for line in wrong)
    yield f"- local difference said of: {'; '.join(local)}"


def overhead() -> Iterator[str]:
    """Real cut-outs with the whole frame in the thumbnail: kind, and place of the cut."""
    manifest = json.loads((DATA / "overhead" / "manifest.json").read_text("utf-8"))
    rows: dict[str, Counter[str]] = {}
    errors: dict[str, list[float]] = {}
    for one in manifest["files"]:
        if "crop" not in one or not one["file"].endswith("jpg"):
            continue
        data = (DATA / "overhead" / one["file"]).read_bytes()
        found = provenance.embedded_pictures(data, format="jpeg")
        if not found:
            continue
        thumb, main = gray(opened(found[0].content)), gray(opened(data))
        said = provenance.thumbnail_agreement(thumb, main)
        kinds = rows.setdefault(one["place"], Counter())
        kinds[said.kind] += 1
        if said.matrix is not None:
            back = np.linalg.inv(np.reshape(said.matrix, (3, 3)))
            x, y, wide, _ = one["crop"]
            scale = thumb.shape[1] / one["source_size"][0]
            centre = back @ (main.shape[1] / 2, main.shape[0] / 2, 1)
            # Frames of 16:9 stand between bars in a thumbnail of 4:3.
            bar = (thumb.shape[0] - one["source_size"][1] * scale) / 2
            true = np.array([(x + wide / 2) * scale, (y + one["crop"][3] / 2) * scale + bar])
            errors.setdefault(one["place"], []).append(float(np.hypot(*(centre[:2] - true))))
    yield "| real cut-outs | cropped | undecided | different | other | within 2 px | median |"
    yield "|---|---|---|---|---|---|---|"
    for place, kinds in rows.items():
        n, far = kinds.total(), errors.get(place, [])
        other = n - kinds["cropped"] - kinds["undecided"] - kinds["different"]
        near = sum(e < 2 for e in far)
        yield (f"| {place} ({n}) | {share(kinds['cropped'], n)} | {kinds['undecided']} | "
               f"{kinds['different']} | {other} | {near} of {len(far)} | "
               f"{statistics.median(far) if far else float('nan'):.2f} px |")  # fmt: skip


def thumbnail_of(image: Image.Image, rng: np.random.Generator, bars: bool = False) -> np.ndarray:
    """Make a thumbnail as cameras do: averaged, sharpened, JPEG."""
    wide, high = image.size
    scale = min(160 / wide, 120 / high) if bars else 160 / max(wide, high)
    size = max(8, round(wide * scale)), max(8, round(high * scale))
    small = image.resize(size, Image.Resampling.BOX)
    small = small.filter(ImageFilter.UnsharpMask(1, int(rng.integers(0, 120)), 0))
    if bars:
        whole = Image.new("RGB", (160, 120))
        whole.paste(small, ((160 - size[0]) // 2, (120 - size[1]) // 2))
        small = whole
    return gray(opened(_jpeg(small, int(rng.integers(60, 91)))))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


Edit = Callable[[Image.Image, np.random.Generator], Image.Image]


def resized(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    scale = rng.uniform(0.35, 0.9)
    return image.resize((round(image.width * scale), round(image.height * scale)))


def compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return opened(_jpeg(image, int(rng.integers(40, 96))))


def recoloured(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    image = ImageEnhance.Color(image).enhance(rng.uniform(0, 2))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.6, 1.5))
    array = np.asarray(image, np.float64) / 255
    return Image.fromarray(
        (np.clip(array ** rng.uniform(0.6, 1.6, 3), 0, 1) * 255).astype(np.uint8)
    )


def cut(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    share = rng.uniform(0.40, 0.95)
    wide, high = image.size
    x, y = rng.integers(0, round(wide * (1 - share)) + 1), rng.integers(
        0, round(high * (1 - share)) + 1)  # fmt: skip
    return image.crop((int(x), int(y), int(x) + round(wide * share), int(y) + round(high * share)))


def tilted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    angle = float(rng.uniform(1, 3) * rng.choice([-1, 1]))
    array = np.asarray(image)
    turn = cv2.getRotationMatrix2D((image.width / 2, image.height / 2), angle, 1)
    return Image.fromarray(cv2.warpAffine(array, turn, image.size, borderMode=cv2.BORDER_REFLECT))


def pasted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Paint an object of a tenth to a quarter of the width over the picture."""
    side = int(min(image.width, 1.5 * image.height) * rng.uniform(0.1, 0.25))
    x, y = (int(rng.integers(0, n - side)) for n in image.size)
    patch = np.asarray(image.crop((x, y, x + side, y + side)).convert("L"))
    mean = float(patch.mean())
    value = int(mean - 90 if mean > 128 else mean + 90)
    changed = image.copy()
    changed.paste((value, value, value), (x, y, x + side, y + side))
    changed.info["box"] = (x, y, side, side)
    return changed


def three_by_two(image: Image.Image) -> Image.Image:
    high = min(image.height, round(image.width * 2 / 3))
    return image.crop((0, (image.height - high) // 2, image.width, (image.height + high) // 2))


def cases(
    image: Image.Image, other: Image.Image, rng: np.random.Generator
) -> Iterator[tuple[str, str, np.ndarray, Image.Image]]:
    """Give (name, right kind, thumbnail, edited picture)."""
    thumb = thumbnail_of(image, rng)
    yield "untouched", "same", thumb, image
    yield "resized", "same", thumb, resized(image, rng)
    yield "JPEG 40-95", "same", thumb, compressed(image, rng)
    yield "recoloured", "same", thumb, recoloured(image, rng)
    yield "object pasted", "same", thumb, pasted(image, rng)
    for name, how in (("90", Image.Transpose.ROTATE_270), ("180", Image.Transpose.ROTATE_180),
                      ("270", Image.Transpose.ROTATE_90), ("mirrored",
                      Image.Transpose.FLIP_LEFT_RIGHT), ("mirrored, turned",
                      Image.Transpose.TRANSPOSE)):  # fmt: skip
        yield f"turned {name}", "rotated", thumb, image.transpose(how)
    yield "tilted 1-3 degrees", "rotated", thumb, tilted(image, rng)
    wide = three_by_two(image)
    yield "3:2 between bars", "letterboxed", thumbnail_of(wide, rng, bars=True), wide
    for _ in range(3):
        yield "cropped 40-95 %", "cropped", thumb, cut(image, rng)
    yield "cropped, resized, recoloured", "cropped", thumb, recoloured(
        resized(cut(image, rng), rng), rng)  # fmt: skip
    inner = wide.crop((wide.width // 18, 0, wide.width - wide.width // 18, wide.height))
    yield "thumbnail 4:3 out of 3:2", "cropped", thumbnail_of(inner, rng), wide
    yield "other picture", "different", thumb, other


def pictures(folders: tuple[str, ...]) -> list[Image.Image]:
    found = []
    for folder in folders:
        names = sorted(p for p in (DATA / folder).glob("*") if p.suffix.lower() in (
            ".jpg", ".jpeg", ".png", ".tif", ".bmp"))  # fmt: skip
        for path in names[:: max(1, len(names) // 12)][:12]:
            image = Image.fromarray(imaging.Image.open(path).rgb())
            if (
                min(image.size) < _LEAST
                or gray(image).std() < 0.02
                or path.stem.lower().endswith(("gt", "change", "unchanged"))
            ):
                continue  # too small for a thumbnail, empty, or a mask
            image.thumbnail((2000, 2000))
            image.info["folder"] = folder
            found.append(image)
    return found


def generated(folders: tuple[str, ...], title: str) -> Iterator[str]:
    rng = np.random.default_rng(20260924)
    known = pictures(folders)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    said_of: dict[str, Counter[str]] = {}
    local = Counter[str]()
    for image in known:
        others = [one for one in known if one.info["folder"] != image.info["folder"]]
        other = others[int(rng.integers(len(others)))]
        for name, kind, thumb, main in cases(image, other, rng):
            said = provenance.thumbnail_agreement(thumb, gray(main))
            total[name] += 1
            right[name] += said.kind == kind
            said_of.setdefault(name, Counter())[said.kind] += 1
            local[name] += said.local_difference is not None
    yield f"| {title}: edit | right kind | what was said | local difference said |"
    yield "|---|---|---|---|"
    for name in total:
        words = ", ".join(f"{kind} {n}" for kind, n in said_of[name].most_common())
        yield f"| {name} | {share(right[name], total[name])} | {words} | {local[name]} |"
    yield f"| **all** | {share(right.total(), total.total())} | | |"
    plain = [name for name in total if name != "other picture"]
    wrong = sum(said_of[name]["different"] for name in plain)
    yield f"| called different though not | {share(wrong, sum(total[n] for n in plain))} | | |"


def speed() -> Iterator[str]:
    """CPU time of one comparison: with 12 megapixels of gray at hand, and from a JPEG of 3 MB."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(3)
    spent: dict[str, list[float]] = {
        "gray of 4000 x 3000 at hand": [], "stored_gray of a JPEG": [], "then the comparison": [],
        "another picture, searched": [],
    }  # fmt: skip
    sizes = []
    before: np.ndarray | None = None
    for image in pictures(WATCHED)[:36]:
        large = image.resize((4000, 3000), Image.Resampling.BICUBIC)
        noise = rng.normal(0, 4, (3000, 4000, 1))
        large = Image.fromarray(np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8))
        main, thumb, data = gray(large), thumbnail_of(large, rng), _jpeg(large, 88)
        sizes.append(len(data) / 1e6)
        start = time.process_time()
        provenance.thumbnail_agreement(thumb, main)
        first = time.process_time()
        small = stored_gray(imaging.Image.from_bytes(data))
        second = time.process_time()
        provenance.thumbnail_agreement(thumb, small)
        third = time.process_time()
        if before is not None:
            provenance.thumbnail_agreement(before, small)
        times = (first - start, second - first, third - second, time.process_time() - third)
        for name, value in zip(spent, times, strict=True):
            spent[name].append(1e3 * value)
        before = thumb
    size = f"JPEG of {statistics.median(sizes):.1f} MB"
    yield f"| CPU time, {len(sizes)} pictures, {size} | median | 95th percentile |"
    yield "|---|---|---|"
    for name, values in spent.items():
        yield (f"| {name} | {statistics.median(values):.1f} ms | "
               f"{sorted(values)[int(0.95 * len(values))]:.1f} ms |")  # fmt: skip


def index() -> Iterator[str]:
    """What the MPF index of real files says against what is there."""
    states: Counter[str] = Counter()
    files = 0
    for path in sorted(DATA.rglob("*.jp*g")):
        data = path.read_bytes()
        if "hostile" in path.parts or sniff(data) != "jpeg":
            continue
        tree = containers.structure(data, format="jpeg")
        found = containers.read_mpf(data, structure=tree)
        files += found is not None
        for entry in found.entries if found else ():
            states[f"{path.parent.name}: {entry.kind}, {entry.state}"] += 1
    yield f"| MPF entries of {files} files | n |"
    yield "|---|---|"
    yield from (f"| {name} | {n} |" for name, n in states.items())


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "labelled": labelled, "overhead": overhead, "speed": speed, "index": index,
    "setting": lambda: generated(SETTING, "setting"),
    "watched": lambda: generated(WATCHED, "watched"),
    "fresh": lambda: generated(FRESH, "fresh"),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    for part in parser.parse_args().parts:
        for line in PARTS[part]():
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
