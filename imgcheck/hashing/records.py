"""What the index keeps of a picture: enough to find it and to show a match without the file."""

import base64
import hashlib
import io
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck.hashing import codebook
from imgcheck.hashing.answer import Polygon
from imgcheck.hashing.perceptual import ALGORITHM as PDQ_ALGORITHM
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.views import View, recover, views
from imgcheck.imaging import annotations, features
from imgcheck.imaging.features import Features

# Rows made by another chain of steps are not compared as if they were the same.
ALGORITHM = f"{PDQ_ALGORITHM}+rootsift1500spread/2048+preview1024"
# Larger pictures are reduced to this size for features, drawings and rectangles; for the test of
# the relation to this side. (benchmarks: cost, part "index". Crops of 1920 x 1080 pictures to 15 %
# of the side and more are found as often as with features at their own size.)
WORKING_PIXELS, WORKING_SIDE = 800_000, 2048
FEATURES = 1500
PREVIEW_SIDE = 1024
# Nearly lossless: what is compared with the preview later must not find the preview's own loss.
_PREVIEW_QUALITY = 92
_POINT_BYTES = 4 * 4 + 128
_LARGEST_NUMBER = 1e6  # more columns than any picture has


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A picture described for the index."""

    sha256: bytes  # of the file
    pixels: bytes  # SHA-256 of the decoded RGB values with their shape
    shape: tuple[int, int]  # (rows, cols)
    # The whole picture, and what is left of it without frame, colour map or drawings; each with
    # its hashes.
    views: tuple[View, ...]
    # (m, n) in [0, 1]: at most `WORKING_SIDE` a side; of a picture in a known colour map,
    # the mapped value.
    gray: NDArray[np.float32]
    # (m, n): pixels of ``gray`` that are usable and that nothing was drawn over
    clean: NDArray[np.bool_]
    features: Features  # in pixels of the whole picture

    @property
    def pdq(self) -> PdqHash:
        """The hash of the picture as it is."""
        return self.views[0].hashes["original"]

    @property
    def regions(self) -> tuple[tuple[PdqHash, Polygon], ...]:
        """The hashes of the content rectangles, each with its corners."""
        return tuple(
            (view.hashes["original"], view.rectangle.corners)
            for view in self.views
            if view.rectangle is not None
        )


def describe(
    rgb: NDArray[np.uint8],
    *,
    sha256: str,
    valid: NDArray[np.bool_] | None = None,
    searched: bool = True,
) -> Record:
    """Hash a picture and find its features.

    Where it is not to be ``searched`` for, but added, only the views are made that are stored.
    """
    rows, cols = rgb.shape[:2]
    small = _reduced(rgb, (WORKING_PIXELS / max(1, rows * cols)) ** 0.5)
    x, y = cols / small.shape[1], rows / small.shape[0]
    coloured = recover(small)
    drawn = annotations.find(small)
    # In a colour map the vivid colours are ground.
    clean = ~drawn if coloured is None else np.ones_like(drawn)
    if valid is not None:
        shrunk = cv2.resize(
            valid.astype(np.float32), clean.shape[::-1], interpolation=cv2.INTER_AREA
        )
        clean &= np.asarray(shrunk) > 0.99
    gray = to_gray(small)
    if coloured is not None:
        gray = np.asarray(coloured.gray / np.float32(255), np.float32)
    found = features.detect(gray, mask=clean, limit=FEATURES, spread=True)
    if coloured is None:
        gray = to_gray(_reduced(rgb, WORKING_SIDE / max(rows, cols)))
        size = gray.shape[::-1]
        clean = cv2.resize(clean.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    made = views(small, drawn=drawn, stored=not searched, whole=rgb)
    return Record(
        sha256=bytes.fromhex(sha256),
        pixels=pixel_digest(rgb),
        shape=(rows, cols),
        views=tuple(_enlarged(view, x, y) for view in made),
        gray=gray,
        clean=clean,
        features=scaled(found, x=x, y=y),
    )


def _reduced(rgb: NDArray[np.uint8], shrink: float) -> NDArray[np.uint8]:
    if shrink >= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(view: View, x: float, y: float) -> View:
    part = view.rectangle
    if part is None:
        return view
    x0, x1, y0, y1 = round(part.x0 * x), round(part.x1 * x), round(part.y0 * y), round(part.y1 * y)
    return replace(view, rectangle=replace(part, x0=x0, y0=y0, x1=x1, y1=y1))


def to_gray(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return luma in [0, 1] (ITU-R BT.601)."""
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    return np.asarray(rgb.astype(np.float32) @ weights, np.float32)


def pixel_digest(rgb: NDArray[np.uint8]) -> bytes:
    """Return the SHA-256 of the decoded values and their shape."""
    digest = hashlib.sha256(f"rgb8 {rgb.shape[0]} {rgb.shape[1]} ".encode())
    digest.update(np.ascontiguousarray(rgb).data)
    return digest.digest()


def scaled(found: Features, *, x: float, y: float) -> Features:
    """Return features in the pixels of a picture that is ``x`` by ``y`` times as large."""
    return Features(
        points=(found.points * np.array([x, y])).astype(np.float32),
        sizes=(found.sizes * (x * y) ** 0.5).astype(np.float32),
        angles=found.angles,
        descriptors=found.descriptors,
    )


def to_json(record: Record, preview: bytes) -> dict[str, Any]:
    """Return what an index stores of a picture, to be sent from one process to another."""
    return {
        "sha256": record.sha256.hex(),
        "pixels": record.pixels.hex(),
        "shape": list(record.shape),
        "pdq": asdict(record.pdq),
        "points": len(record.features),
        "features": base64.b64encode(pack_features(record.features)).decode("ascii"),
        "preview": base64.b64encode(preview).decode("ascii"),
    }


def from_json(value: dict[str, Any]) -> tuple[Record, bytes]:
    """Rebuild record and preview from `to_json`; what no index stores is empty.

    Raises
    ------
    ValueError
        If it is not what `to_json` returns: the other process may be in foreign hands.
    """
    try:
        rows, cols = map(int, value["shape"])
        found = unpack_features(base64.b64decode(value["features"]), count=int(value["points"]))
        preview = base64.b64decode(value["preview"])
        hashed = PdqHash(
            hex=str(value["pdq"]["hex"]),
            quality=int(value["pdq"]["quality"]),
            hashable=bool(value["pdq"]["hashable"]),
        )
        digests = [bytes.fromhex(value[name]) for name in ("sha256", "pixels")]
        if found is None or not is_whole(preview) or hashed.bits.shape != (4,):
            raise ValueError("features, preview or hash are damaged")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a described picture: {error}") from error
    return (
        Record(
            sha256=digests[0],
            pixels=digests[1],
            shape=(rows, cols),
            views=(View(name="whole", rectangle=None, hashes={"original": hashed}),),
            gray=np.zeros((0, 0), np.float32),
            clean=np.zeros((0, 0), bool),
            features=found,
        ),
        preview,
    )


def is_whole(data: object) -> bool:
    """Return whether packed features or a packed preview are as they were written."""
    return codebook.unsealed(data, 0) is not None


def pack_features(found: Features) -> bytes:
    """Write features as bytes: points, sizes, angles (little-endian float32), descriptors."""
    numbers = (found.points, found.sizes, found.angles)
    parts = [n.astype("<f4").tobytes() for n in numbers]
    return codebook.sealed(b"".join(parts) + found.descriptors.tobytes(), 0)


def unpack_features(data: bytes, *, count: int) -> Features | None:
    """Read what `pack_features` wrote; None if it is not as it was written."""
    whole = codebook.unsealed(data, 0)
    if whole is None or count < 0 or len(whole) != count * _POINT_BYTES:
        return None
    numbers = np.frombuffer(whole, "<f4", count=4 * count)
    # The check sum of a file from an untrusted source fits any numbers.
    if not np.all(np.abs(numbers) < _LARGEST_NUMBER) or not np.all(numbers[2 * count :] >= 0):
        return None
    return Features(
        points=numbers[: 2 * count].reshape(-1, 2).astype(np.float32),
        sizes=numbers[2 * count : 3 * count].astype(np.float32),
        angles=numbers[3 * count :].astype(np.float32),
        descriptors=np.frombuffer(whole, np.uint8, offset=16 * count).reshape(-1, 128),
    )


def pack_preview(rgb: NDArray[np.uint8]) -> bytes:
    """Shrink a picture to `PREVIEW_SIDE` and save it as JPEG without chroma subsampling."""
    picture = PillowImage.fromarray(np.ascontiguousarray(rgb))
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), PillowImage.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_PREVIEW_QUALITY, subsampling=0)
    return codebook.sealed(buffer.getvalue(), 0)


def unpack_preview(data: bytes) -> NDArray[np.uint8] | None:
    """Read a preview as (m, n, 3) uint8; None if it is not one that `pack_preview` writes."""
    whole = codebook.unsealed(data, 0)
    if whole is None:
        return None
    try:
        with PillowImage.open(io.BytesIO(whole), formats=("JPEG",)) as picture:
            if max(picture.size) > PREVIEW_SIDE:
                return None
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return None
