"""The posting chain: what happens to a picture between the sensor and the web page."""

import io
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgcheck.errors import UsageError
from imgcheck.scene.annotations import Annotation, annotate

# Pillow's numbers for the sampling of colour.
_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """One JPEG save: IJG quality, and how far the next picture is cut at its top left.

    ``cut_px`` (x, y) is cut *before* this save, so that the 8 x 8 grid of the save before it
    lies shifted by that much (modulo 8) against the grid of this one.
    """

    quality: int = 85
    subsampling: str = "4:2:0"
    cut_px: tuple[int, int] = (0, 0)
    progressive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A posted file with its truth.

    ``data`` is the JPEG file; ``matrix`` (3, 3) maps source pixels to posted pixels (corner of
    the first pixel = (0, 0)); ``annotation_mask`` (M, N) bool is true where something was drawn.
    """

    data: bytes
    matrix: NDArray[np.float64]
    annotation_mask: NDArray[np.bool_]


def _encode(
    rgb: NDArray[np.uint8], save: Save, *, grey: bool, exif: bytes, icc: bytes | None
) -> bytes:
    if save.subsampling not in _SUBSAMPLING:
        raise UsageError(
            f"subsampling {save.subsampling!r} is not known; use one of {sorted(_SUBSAMPLING)}"
        )
    if not 1 <= save.quality <= 100:
        raise UsageError(f"a JPEG quality is 1 to 100, not {save.quality}")
    image = Image.fromarray(rgb)
    out = io.BytesIO()
    (image.convert("L") if grey else image).save(
        out,
        "JPEG",
        quality=save.quality,
        subsampling=-1 if grey else _SUBSAMPLING[save.subsampling],
        progressive=save.progressive,
        exif=exif,
        icc_profile=icc,
    )
    return out.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """Give the pixels (M, N, 3) of a file that `post` made."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return np.asarray(image.convert("RGB"))


def placement(
    shape: tuple[int, ...],
    *,
    crop: tuple[float, float, float, float] | None = None,
    rotate_deg: float = 0.0,
    scale: float = 1.0,
    mirror: bool = False,
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Give the map from source to posted pixels, and the posted size (width, height).

    ``crop`` (x, y, width, height) is the frame in source pixels; it is turned about its own
    centre, so the picture content turns by ``rotate_deg`` clockwise and no corner is empty as
    long as the turned frame lies in the source. ``mirror`` flips left and right at the end.
    """
    x, y, width, height = crop or (0.0, 0.0, float(shape[1]), float(shape[0]))
    out = (round(width * scale), round(height * scale))
    if min(out) < 1:
        raise UsageError(f"nothing is left of a picture {width} x {height} at scale {scale}")
    angle = math.radians(rotate_deg)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    cx, cy = x + width / 2, y + height / 2
    matrix = np.array(
        [
            [c, -s, out[0] / 2 - c * cx + s * cy],
            [s, c, out[1] / 2 - s * cx - c * cy],
            [0.0, 0.0, 1.0],
        ]
    )
    if mirror:
        matrix = np.array([[-1.0, 0, out[0]], [0, 1, 0], [0, 0, 1]]) @ matrix
    return matrix, out


def _warp(
    rgb: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], *, scale: float
) -> NDArray[np.uint8]:
    """Resample once; a reduction is blurred first, or it would alias."""
    half = np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    centred = np.linalg.inv(half) @ matrix @ half
    if np.allclose(centred, np.round(centred), atol=1e-12) and abs(scale - 1) < 1e-12:
        interpolation = cv2.INTER_NEAREST
    else:
        interpolation = cv2.INTER_CUBIC
    source: NDArray[np.float32] = rgb.astype(np.float32)
    if scale < 1:
        # The blur that a pixel of the smaller picture, 1/scale wide, is missing.
        blur = 0.5 * math.sqrt(1 / scale**2 - 1) + 1e-3
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), blur), np.float32)
    warped = cv2.warpAffine(
        source, centred[:2], size, flags=interpolation, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(np.clip(np.round(warped), 0, 255), np.uint8)


def post(
    rgb: NDArray[np.uint8],
    *,
    crop: tuple[float, float, float, float] | None = None,
    rotate_deg: float = 0.0,
    scale: float = 1.0,
    mirror: bool = False,
    gamma: float = 1.0,
    gain: float = 1.0,
    grey: bool = False,
    annotations: tuple[Annotation, ...] = (),
    history: tuple[Save, ...] = (Save(),),
    draw_before: int = -1,
    exif: bytes = b"",
    icc: bytes | None = None,
) -> Posted:
    """Post a picture: frame and resample it, grade it, draw on it, save it, perhaps repeatedly.

    Parameters
    ----------
    rgb : ndarray of shape (M, N, 3), uint8
        The source picture.
    crop, rotate_deg, scale, mirror
        The frame; see `placement`.
    gamma, gain : float, default 1
        Tone: ``gain * v ** gamma`` on the coded values in 0..1.
    grey : bool, default False
        Drop colour, and save one component.
    annotations : tuple, default ()
        Arrows, frames and captions, placed by points of the *source* picture.
    history : tuple of Save, default one save at quality 85
        The JPEG saves, oldest first. Each but the last is really encoded and decoded.
    draw_before : int, default -1
        Index of the save that the annotations are drawn before: with the last one, the picture
        under them has the whole history and they have one save only.
    exif : bytes, default none
        EXIF block for the last save (``PIL.Image.Exif().tobytes()``).
    icc : bytes, optional
        Colour profile for the last save.

    Returns
    -------
    Posted
        File, map from source to posted pixels, mask of the annotations.

    Raises
    ------
    UsageError
        For a history without saves, or options out of range.

    Notes
    -----
    Deterministic. `random_post` draws the options from a seed.
    """
    if not history:
        raise UsageError("a posted file has at least one save: give history=(Save(),)")
    if not -len(history) <= draw_before < len(history):
        raise UsageError(f"draw_before={draw_before} names none of {len(history)} saves")
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise UsageError(f"a picture is (M, N, 3) uint8, not {rgb.shape} {rgb.dtype}")
    matrix, size = placement(
        rgb.shape, crop=crop, rotate_deg=rotate_deg, scale=scale, mirror=mirror
    )
    picture = _warp(rgb, matrix, size, scale=scale)
    if gamma != 1 or gain != 1:
        levels = np.clip(gain * (np.arange(256) / 255) ** gamma, 0, 1)
        picture = np.asarray(np.round(levels * 255), np.uint8)[picture]
    if grey:
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    mask = np.zeros(picture.shape[:2], np.bool_)
    data = b""
    for number, save in enumerate(history):
        cut_x, cut_y = save.cut_px
        if cut_x or cut_y:
            picture, mask = picture[cut_y:, cut_x:], mask[cut_y:, cut_x:]
            matrix = np.array([[1.0, 0, -cut_x], [0, 1, -cut_y], [0, 0, 1]]) @ matrix
        if number == draw_before % len(history):
            picture, mask = annotate(np.ascontiguousarray(picture), annotations, matrix=matrix)
        last = number == len(history) - 1
        data = _encode(
            np.ascontiguousarray(picture),
            save,
            grey=grey,
            exif=exif if last else b"",
            icc=icc if last else None,
        )
        if not last:
            picture = decode(data)
    return Posted(data=data, matrix=matrix, annotation_mask=np.ascontiguousarray(mask))


def random_post(
    rgb: NDArray[np.uint8], *, seed: int, annotations: tuple[Annotation, ...] = ()
) -> Posted:
    """Post a picture with a frame, tone and history drawn from a seed.

    Turns up to 15 degrees, keeps 55-85 % of each side, scales by 0.6-1, one to three saves at
    quality 60-92 with shifted grids. The turned frame stays inside pictures that are not
    narrower than 2:1.
    """
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 11])
    rows, cols = rgb.shape[:2]
    turn = float(rng.uniform(-15, 15))
    width, height = cols * float(rng.uniform(0.55, 0.85)), rows * float(rng.uniform(0.55, 0.85))
    c, s = abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn)))
    reach = min(1.0, cols / (width * c + height * s), rows / (width * s + height * c))
    width, height = width * reach, height * reach
    room_x, room_y = cols - (width * c + height * s), rows - (width * s + height * c)
    cx = cols / 2 + room_x / 2 * float(rng.uniform(-1, 1))
    cy = rows / 2 + room_y / 2 * float(rng.uniform(-1, 1))
    saves = []
    for number in range(int(rng.integers(1, 4))):
        cut = (int(rng.integers(0, 8)), int(rng.integers(0, 8))) if number else (0, 0)
        saves.append(Save(quality=int(rng.integers(60, 93)), cut_px=cut))
    return post(
        rgb,
        crop=(cx - width / 2, cy - height / 2, width, height),
        rotate_deg=turn,
        scale=float(rng.uniform(0.6, 1.0)),
        gamma=float(rng.uniform(0.85, 1.2)),
        annotations=annotations,
        history=tuple(saves),
    )
