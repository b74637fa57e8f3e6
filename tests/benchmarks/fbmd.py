"""Measure the classes of the FBMD field on generated files and after each kind of edit.

    python -m tests.benchmarks.fbmd --files 540

Half of the pictures are rendered, half are cut from real ones (IMGCHECK_DATA); sizes, qualities,
profiles, orders of segments, one or two DQT segments, with and without a gain map, vary with the
seed. Nothing was tuned on them.
"""

import argparse
import io
import itertools
from collections import Counter
from collections.abc import Iterator

import numpy as np
from PIL import Image

from imgcheck import provenance
from imgcheck.imaging import containers
from tests.benchmarks.provenance import DATA, share, sniff
from tests.provenance import build_fbmd
from tests.provenance.build_fbmd import EDITS, Layout

FOLDERS = ("overhead", "vehicles", "metadata/exif-samples/jpg/gps", "change", "social", "c2pa")


def real() -> Iterator[Image.Image]:
    """Give real pictures, over and over."""
    names = [path for folder in FOLDERS for path in sorted((DATA / folder).rglob("*"))
             if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp")]  # fmt: skip
    for path in itertools.cycle(names):
        with Image.open(path) as image:
            yield image.convert("RGB")


def pictures(count: int, rng: np.random.Generator) -> Iterator[Image.Image]:
    source = real()
    for index in range(count):
        wide, high = (int(n) for n in rng.integers(96, 720, 2))
        if index % 2:
            yield build_fbmd.texture(wide, high, index)
            continue
        image = next(source)
        image.thumbnail((1600, 1600))
        x, y = (int(rng.integers(0, max(1, side - part)))
                for side, part in zip(image.size, (wide, high), strict=True))  # fmt: skip
        yield image.crop((x, y, min(x + wide, image.width), min(y + high, image.height)))


def layout(rng: np.random.Generator) -> Layout:
    return Layout(
        quality=int(rng.integers(55, 97)), profile=bool(rng.integers(2)),
        field_first=bool(rng.integers(2)), merged=bool(rng.integers(2)),
        gain_map=bool(rng.integers(2)), gain_scan=bool(rng.integers(2)),
        subsampling=int(rng.choice([0, 2])), kind=str(rng.choice(["01", "0a", "23"])),
    )  # fmt: skip


def read(data: bytes) -> provenance.Fbmd | None:
    tree = containers.structure(data, format="jpeg")
    xmp = provenance.metadata(data, format="jpeg", structure=tree).xmp
    gain = provenance.read_gain_map(data, structure=tree, xmp=xmp)
    length = gain.stated_length if gain else None
    return provenance.read_fbmd(data, structure=tree, gain_map_length=length)


def rewritten(picture: Image.Image, chosen: Layout, data: bytes, turn: int) -> bytes:
    """Code the same coefficients anew: baseline optimised, baseline, or with restart marks.

    A lossless tool that reads ``data`` would write the entropy-coded data of exactly these.
    """
    options: tuple[dict[str, object], ...] = (
        {"optimize": True}, {}, {"progressive": True, "restart_marker_rows": 1},
    )  # fmt: skip
    again = build_fbmd.encode(
        picture, quality=chosen.quality, subsampling=chosen.subsampling,
        **options[turn % len(options)],
    )  # fmt: skip
    before, after = (Image.open(io.BytesIO(one)).tobytes() for one in (data, again))
    assert before == after, "not the same coefficients"
    return build_fbmd.copied(data, again)


def transplanted(data: bytes, other: bytes) -> bytes:
    """Put the field of one file in the place of another's."""
    start, length = build_fbmd.field_of(data)
    head, body = build_fbmd.parts(other)
    field = build_fbmd.field_segment(data[start : start + length])
    return b"".join(field if part[1] == 0xED else part for part in head) + body


def measured(count: int) -> Iterator[str]:
    rng = np.random.default_rng(20260922)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    said: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    alike = 0
    before: bytes | None = None

    def judge(name: str, data: bytes, state: str) -> None:
        found = read(data)
        answer = "absent" if found is None else found.state
        total[name] += 1
        right[name] += answer == state and found is not None and len(found.caveats) == 2
        words = answer + (f" ({found.cause})" if found and found.cause else "")
        said.setdefault(name, Counter())[words] += 1
        if answer != state:
            wrong.append(f"file {index}, {name}: {words} instead of {state}; {chosen}, "
                         f"{picture.size}")  # fmt: skip

    for index, picture in enumerate(pictures(count, rng)):
        chosen = layout(rng)
        data = build_fbmd.delivered(picture, chosen)
        judge("untouched", data, "intact")
        for name, (change, state) in EDITS.items():
            source = data
            if name == "gain map cut off" and not chosen.gain_map:
                source = build_fbmd.delivered(
                    picture, Layout(quality=chosen.quality, gain_map=True)
                )
            edited = change(source, rng)
            if name.startswith("encoded again") and _alike(source, edited):
                alike += 1
                continue
            judge(name, edited, state)
        judge("same coefficients, coded anew", rewritten(picture, chosen, data, index),
              "re-encoded")  # fmt: skip
        if before is not None:
            judge("field from another file", transplanted(before, data), "re-encoded")
        before = data
    yield f"| FBMD, {count} generated files: edit | right class | said |"
    yield "|---|---|---|"
    for name in total:
        words = ", ".join(f"{kind} {n}" for kind, n in said[name].most_common())
        yield f"| {name} | {share(right[name], total[name])} | {words} |"
    yield f"| **all** | {share(right.total(), total.total())} | |"
    yield f"{alike} new encodings gave scans of the old lengths and were left out."
    yield from (f"- {line}" for line in wrong[:20])


def _alike(one: bytes, other: bytes) -> bool:
    def lengths(data: bytes) -> list[int]:
        nodes = containers.structure(data, format="jpeg").nodes
        return [node.length for node in nodes if node.kind == "scan"]

    return lengths(one) == lengths(other)


def published() -> Iterator[str]:
    """The field in files of other people."""
    yield "| real file | state | scans | size said |"
    yield "|---|---|---|---|"
    for path in sorted(DATA.rglob("*.jp*g")):
        data = path.read_bytes()
        found = read(data) if sniff(data) == "jpeg" and "hostile" not in path.parts else None
        if found is not None:
            yield f"| {path.name} | {found.state} | {len(found.offsets)} | {found.size} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=540)
    for line in (*measured(parser.parse_args().files), "", *published()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
