"""Content credentials: right answers on four axes, false alarms, edits, hostile mutations.

    python -m tests.benchmarks.credentials public untouched edits mutations formats hostile

``public`` and ``hostile`` need the real files of IMGCHECK_DATA; the others sign pictures that
they draw. What is expected of the public files was written by hand from the codes in their names
(C = signed claim, A = parent, I = ingredient, X = content does not fit, E-dat/E-sig/E-uri/E-clm =
what is broken; codes further right describe ingredients), not taken from a reader.
"""

import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imgcheck import provenance
from imgcheck.imaging import Image, containers
from imgcheck.provenance.credentials.library import version
from imgcheck.quantity import binomial_interval
from tests.provenance.signing import Part, authority, picture, sign

DATA = Path(os.environ.get("IMGCHECK_DATA", "../shared/data"))
FORMS = (("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff"), ("GIF", "gif"),
         ("AVIF", "avif"))  # fmt: skip
_WHOLE = ("C", "CA", "CACA", "CACAICAICICA", "CAI", "CAIAIIICAICIICAIICICA", "CAICA", "CAICAI",
          "CI", "CICA", "CICACACA", "CII")  # fmt: skip

# name: integrity, path and state of every ingredient that is not whole, does the stamp fit
# (None: there is no stamp).
EXPECTED: dict[str, tuple[str | None, dict[str, str], bool | None]] = {
    "adobe-20220124-A.jpg": (None, {}, None),
    "adobe-20220124-I.jpg": (None, {}, None),
    **{f"adobe-20220124-{name}.jpg": ("intact", {}, True) for name in _WHOLE},
    # The file itself is as signed; its ingredient's signature was broken before it was taken in.
    "adobe-20220124-CIE-sig-CA.jpg": ("intact", {"E-sig-CA.jpg": "broken"}, True),
    # The same with an assertion altered afterwards: in the manifest of the ingredient.
    "adobe-20220124-E-uri-CIE-sig-CA.jpg": ("broken", {"E-sig-CA.jpg": "broken"}, True),
    "adobe-20220124-E-clm-CAICAI.jpg": ("broken", {"CAI.jpg": "missing"}, True),
    "adobe-20220124-E-dat-CA.jpg": ("broken", {}, True),
    "adobe-20220124-E-sig-CA.jpg": ("broken", {}, False),
    "adobe-20220124-E-uri-CA.jpg": ("broken", {}, True),
    "adobe-20220124-XCA.jpg": ("broken", {}, True),
    "adobe-20220124-XCI.jpg": ("broken", {}, True),
    # No codes in these names. Nikon: certificate of 2022 without a stamp, expired since. Truepic:
    # the excluded range holds EXIF too, which this library refuses though the hash fits.
    "nikon-20221019-building.jpeg": ("intact", {}, None),
    "truepic-20230212-camera.jpg": ("disputed", {}, True),
    "truepic-20230212-landscape.jpg": ("disputed", {}, True),
}
_ADOBE = {"test roots": "trusted", "official": "untrusted", "none": "no trust list"}
_TRUEPIC = {"test roots": "untrusted", "official": "untrusted", "none": "no trust list"}


def trust_lists() -> dict[str, provenance.TrustList]:
    folder = DATA / "trust"

    def read(*names: str) -> provenance.TrustList:
        files = ((folder / name).read_bytes() for name in names)
        return provenance.TrustList(bundles=tuple(provenance.read_bundle(f) for f in files))

    return {
        "test roots": read("c2pa-rs-test_cert_root_bundle.pem"),
        "official": read("C2PA-TRUST-LIST.pem", "C2PA-TSA-TRUST-LIST.pem"),
        "none": provenance.NO_TRUST,
    }


def expected_signer(name: str, trust: str) -> str | None:
    if EXPECTED[name][0] is None:
        return None
    if name.startswith("nikon"):
        return "expired"
    return (_ADOBE if name.startswith("adobe") else _TRUEPIC)[trust]


def axes(name: str, trust: str, found: provenance.Credentials) -> dict[str, bool]:
    """Compare one answer with what is expected, axis by axis."""
    integrity, ingredients, stamp = EXPECTED[name]
    own = {" of ".join(reversed(i.path)): i.state for i in found.broken_ingredients}
    return {
        "integrity": (found.integrity == integrity) and found.present == (integrity is not None),
        "signer": (found.signer and found.signer.trust) == expected_signer(name, trust),
        "ingredient": own == ingredients,
        "time": (found.time and found.time.fits) == stamp,
    }


def public() -> Iterator[str]:
    """Right answers on the public files, with each trust list."""
    files = sorted(p for p in (DATA / "c2pa").iterdir() if p.name in EXPECTED)
    yield f"{len(files)} of {len(EXPECTED)} expected files; {version()}"
    yield "| trust list | integrity | signer | ingredient | time |\n|---|---|---|---|---|"
    spent: list[float] = []
    clean = 0
    for label, trust in trust_lists().items():
        right: Counter[str] = Counter()
        for path in files:
            image = Image.open(path)
            walked = containers.structure(image.data, format=image.format)
            tags = provenance.metadata(image.data, format=image.format, structure=walked)
            began = time.process_time()
            found = provenance.read_credentials(
                image.data, format=image.format, structure=walked, trust=trust, gps=tags.gps,
                times=tags.times,
            )  # fmt: skip
            spent.append(1000 * (time.process_time() - began))
            answers = axes(path.name, label, found)
            right.update(axis for axis, fits in answers.items() if fits)
            clean += bool(EXPECTED[path.name][1]) and not found.broken_ingredients
            for axis in (a for a, fits in answers.items() if not fits):
                print(f"wrong: {path.name}, {label}, {axis}: {found}", file=sys.stderr)
        cells = (
            _share(right[a], len(files)) for a in ("integrity", "signer", "ingredient", "time")
        )
        yield f"| {label} | " + " | ".join(cells) + " |"
    broken = 3 * sum(bool(e[1]) for e in EXPECTED.values())
    yield f"broken ingredients reported clean: {clean} of {broken}"
    yield (
        f"CPU a file: median {statistics.median(spent):.1f} ms, worst {max(spent):.0f} ms "
        f"({len(spent)} readings)"
    )


def _share(count: int, of: int) -> str:
    interval = binomial_interval(count, of)
    return f"{count}/{of} ({100 * interval.low:.1f}-{100 * interval.high:.1f} %)"


def untouched(count: int = 70) -> Iterator[str]:
    """Signed and never touched since: how many are called broken?"""
    states: Counter[str] = Counter()
    trust = _own_trust()
    for seed in range(count):
        for form, format in FORMS:
            exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" if seed % 2 and form == "JPEG" else b""
            parts = (Part(_parent(), "parent.jpg", "parentOf"),) if seed % 3 == 0 else ()
            data = sign(picture(seed, form=form, exif=exif), media=f"image/{format}", parts=parts)
            found = provenance.read_credentials(data, format=format, trust=trust)
            states[f"{found.integrity}, {len(found.broken_ingredients)} ingredients not whole"] += 1
    total = sum(states.values())
    wrong = total - states["intact, 0 ingredients not whole"]
    yield f"{dict(states)}; called broken: {_share(wrong, total)}"


_KEPT: dict[str, bytes] = {}


def _parent() -> bytes:
    if "parent" not in _KEPT:
        _KEPT["parent"] = sign(picture(999), title="parent.jpg")
    return _KEPT["parent"]


def _own_trust() -> provenance.TrustList:
    return provenance.TrustList(bundles=(provenance.read_bundle(authority().root_pem.encode()),))


def edits(count: int = 40) -> Iterator[str]:
    """Change signed JPEGs in known ways and see what is said."""
    wanted = {
        "pixel bit": "broken", "EXIF byte": "broken", "trailer": "broken, whole without trailer",
        "cut short": "broken", "manifest of another file": "broken", "saved again": "none",
        "untouched": "intact",
    }  # fmt: skip
    seen: dict[str, Counter[str]] = {name: Counter() for name in wanted}
    for seed in range(count):
        for name, data in edited(seed):
            found = provenance.read_credentials(data, format="jpeg", trust=_own_trust())
            state = str(found.integrity or "none")
            seen[name][state + ", whole without trailer" * found.whole_without_trailer] += 1
    yield "| edit | expected | right | all answers |\n|---|---|---|---|"
    for name, answers in seen.items():
        right = _share(answers[wanted[name]], sum(answers.values()))
        yield f"| {name} | {wanted[name]} | {right} | {dict(answers)} |"


def edited(seed: int) -> Iterator[tuple[str, bytes]]:
    """Give one signed JPEG in all its broken forms."""
    import io

    from PIL import Image as Pillow

    rng = np.random.default_rng(seed)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x0c\0\0\0\x1aTest camera\0\0\0\0\0"
    whole = sign(picture(seed, exif=exif))
    yield "untouched", whole
    scan = whole.rindex(b"\xff\xda") + 20
    yield "pixel bit", _flipped(whole, int(rng.integers(scan, len(whole) - 2)), rng)
    camera = whole.index(b"Test camera") + int(rng.integers(0, 11))
    yield "EXIF byte", _flipped(whole, camera, rng)
    yield "trailer", whole + rng.bytes(int(rng.integers(1, 500)))
    yield "cut short", whole[: int(rng.integers(scan, len(whole) - 2))]
    other = sign(picture(seed + 5000, exif=exif))
    yield "manifest of another file", _transplanted(whole, other)
    out = io.BytesIO()
    with Pillow.open(io.BytesIO(whole)) as image:
        image.save(out, "JPEG", quality=90)
    yield "saved again", out.getvalue()


def _flipped(data: bytes, place: int, rng: np.random.Generator) -> bytes:
    # Bits that can make a byte 0xff would make markers: another thing than a changed pixel.
    for bit in rng.permutation(8):
        byte = data[place] ^ (1 << int(bit))
        if byte != 0xFF and data[place] != 0xFF and data[place - 1] != 0xFF:
            return data[:place] + bytes([byte]) + data[place + 1 :]
    return _flipped(data, place - 1, rng)


def _transplanted(donor: bytes, host: bytes) -> bytes:
    """Put the manifest segments of one file in the place of those of another."""
    first, last = _manifest(donor)
    begin, end = _manifest(host)
    return host[:begin] + donor[first:last] + host[end:]


def _manifest(data: bytes) -> tuple[int, int]:
    nodes = containers.structure(data, format="jpeg").nodes
    own = [n for n in nodes if n.kind == "APP11"]
    return own[0].offset, own[-1].offset + own[-1].length


def mutated(count: int, seed: int = 20170924) -> Iterator[tuple[int, str, bytes, bytes]]:
    """Give hostile forms of a signed file: bytes, lengths, cuts, repeats inside the manifest."""
    rng = np.random.default_rng(seed)
    child = sign(picture(3), title="child.jpg", parts=(Part(_parent(), "parent.jpg", "parentOf"),))
    base = sign(picture(4), parts=(Part(child, "child.jpg", "parentOf"),))
    begin, end = _manifest(base)
    kinds = ("byte", "bit", "length", "cut", "repeat", "zeros")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        at = int(rng.integers(begin, end - 8))
        data = bytearray(base)
        if kind == "byte":
            data[at] = int(rng.integers(256))
        elif kind == "bit":
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == "length":
            boxes = [i for i in range(begin, end) if base[i : i + 4] in (b"jumb", b"jumd", b"cbor")]
            at = int(rng.choice(boxes)) - 4
            data[at : at + 4] = int(rng.choice([0, 1, 7, 8, 2**31, 2**32 - 1])).to_bytes(4, "big")
        elif kind == "cut":
            del data[at : at + int(rng.integers(1, 64))]
        elif kind == "repeat":
            data[at:at] = data[at : at + int(rng.integers(1, 400))]
        else:
            data[at : at + 8] = bytes(8)
        yield at, kind, bytes(data), base


def mutations(count: int = 2400) -> Iterator[str]:
    """Hostile manifests: no exception, bounded time, and nothing broken called whole."""
    states: Counter[str] = Counter()
    still: Counter[str] = Counter()
    disagree: Counter[str] = Counter()
    slowest = 0.0
    for at, kind, data, base in mutated(count):
        began = time.process_time()
        found = provenance.read_credentials(data, format="jpeg", trust=_own_trust())
        slowest = max(slowest, time.process_time() - began)
        whole = found.integrity == "intact" and not found.broken_ingredients
        states[f"{found.integrity or 'none'}{'' if whole else ', not whole'}"] += 1
        if whole:
            still["no change" if data == base else f"{kind} in {_where(base, at)}"] += 1
        if not found.places and found.present:
            disagree["found by the library only"] += 1
        elif found.reason and "the library finds none" in found.reason:
            disagree["found by imgcheck only"] += 1
    yield f"{count} mutations, no exception, slowest {1000 * slowest:.0f} ms CPU"
    yield f"answers: {dict(states.most_common())}"
    yield f"called whole: {dict(still.most_common())}"
    yield f"found by one side only: {dict(disagree)}"


def _where(base: bytes, at: int) -> str:
    """Name what stands around a byte of the manifest."""
    if base[at - 2 : at + 3] == bytes(5):
        return "the padding of a signature"
    for back in range(4):
        if base[at + 4 - back : at + 8 - back] in (b"jumb", b"jumd", b"cbor", b"json"):
            return "the length of a box"
    box = base.rfind(b"jumd", 0, at)
    if 0 <= at - box < 60:
        return f"the type or label of the box {base[box + 21 : box + 40].split(bytes(1))[0]!r}"
    return "elsewhere"


def formats(count: int = 300) -> Iterator[str]:
    """Random damage anywhere in signed files of every format, and the cost where nothing is."""
    states: Counter[str] = Counter()
    slowest = 0.0
    for form, format in FORMS:
        base = sign(picture(6, form=form), media=f"image/{format}")
        rng = np.random.default_rng([20170924, len(format)])
        for _ in range(count):
            data = bytearray(base)
            for _ in range(int(rng.integers(1, 6))):
                data[int(rng.integers(len(data)))] = int(rng.integers(256))
            if rng.random() < 0.3:
                del data[int(rng.integers(len(data))) :]
            began = time.process_time()
            found = provenance.read_credentials(bytes(data), format=format, trust=_own_trust())
            slowest = max(slowest, time.process_time() - began)
            states[f"{form}: {found.integrity or 'none'}"] += 1
    yield f"{count} a format, no exception, slowest {1000 * slowest:.0f} ms CPU: {dict(states)}"
    large = picture(7, size=(6000, 4000))
    walked = containers.structure(large, format="jpeg")
    began = time.process_time()
    for _ in range(50):
        provenance.read_credentials(large, format="jpeg", structure=walked)
    spent = 1000 * (time.process_time() - began) / 50
    yield f"file without credentials, {len(large) / 1e6:.1f} MB: {spent:.2f} ms CPU"


def hostile() -> Iterator[str]:
    """The broken files of the hostile sets: no exception, bounded time."""
    states: Counter[str] = Counter()
    slowest = 0.0
    for path in sorted(p for p in (DATA / "hostile").rglob("*") if p.is_file()):
        data = path.read_bytes()
        for format in ("jpeg", "png", "tiff", "webp", "heif"):
            began = time.process_time()
            found = provenance.read_credentials(data, format=format)
            slowest = max(slowest, time.process_time() - began)
            states[str(found.integrity or "none")] += 1
    yield f"{sum(states.values())} readings, slowest {1000 * slowest:.0f} ms CPU: {dict(states)}"


PARTS = {"public": public, "untouched": untouched, "edits": edits, "mutations": mutations,
         "formats": formats, "hostile": hostile}  # fmt: skip


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        print(f"\n### {name}\n")
        for line in PARTS[name]():
            print(line)


if __name__ == "__main__":
    main()
