"""Sampling the frames of a video file, where OpenCV can open it.

Only files that hold their frames themselves are opened (MP4 and QuickTime, Matroska and WebM,
AVI), identified by their content: playlists and scripts, which name other files or addresses, are
refused.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from imgcheck.errors import RefusedError, UnreadableError
from imgcheck.imaging.intake import AVIF_BRANDS, HEIF_BRANDS
from imgcheck.imaging.limits import Limits, default_limits
from imgcheck.imaging.pixels import Float32, Uint8
from imgcheck.imaging.text import printable

_HEAD_BYTES = 16
# Two grey levels of mean difference at 32 x 32 come from noise and compression, a cut gives tens.
SCENE_CHANGE = 12.0
# A slow pan moves on by a good part of the picture in this time.
EVERY_S = 10.0
# How often frames are looked at; a shot that is shorter is hardly posted.
_LOOK_S = 0.5
_LONGEST_FRAMES = 2_000_000
MOST_SAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A frame: seconds from the start, and its pixels, (M, N, 3) uint8 RGB."""

    seconds: float
    rgb: Uint8


def is_video(path: Path) -> bool:
    """Return whether a file is, by its first bytes, a video that can be sampled."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError):
        return False
    movie = head[4:8] == b"ftyp" and head[8:12] not in HEIF_BRANDS | AVIF_BRANDS
    return movie or head[:4] == b"\x1aE\xdf\xa3" or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sample(
    path: Path, *, every_s: float = EVERY_S, limits: Limits | None = None
) -> Iterator[Frame]:
    """Yield a frame of each scene, and one every ``every_s`` seconds of a long scene.

    Raises `UnreadableError` if no frame can be decoded, `RefusedError` if the frames are larger
    than the limits allow, or there are too many.
    """
    limits = limits or default_limits()
    shown = printable(str(path))
    if path.stat().st_size > limits.file_bytes:
        raise RefusedError(f"{shown} is larger than {limits.file_bytes:,} bytes", file=shown)
    # The only demuxer is FFmpeg's, on a plain file: no patterns of names, no pipelines.
    capture = cv2.VideoCapture(os.fsdecode(path.absolute()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise UnreadableError(
                f"{shown} is a video that OpenCV cannot open here; save the frames as pictures",
                file=shown,
            )
        size = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if not 0 < size <= limits.pixels:
            words = f"{shown} has frames of {size:,.0f} pixels; the limit is {limits.pixels:,}"
            raise RefusedError(words, file=shown)
        count = 0
        for frame in _scenes(capture, every_s):
            count += 1
            if frame is None or count > MOST_SAMPLES:
                most = (
                    f"{_LONGEST_FRAMES:,} frames" if frame is None else f"{MOST_SAMPLES:,} scenes"
                )
                raise RefusedError(f"{shown} has more than {most}; cut it into parts", file=shown)
            yield frame
        if count == 0:
            raise UnreadableError(f"{shown} is a video without a readable frame", file=shown)
    except cv2.error as error:
        raise UnreadableError(f"{shown} cannot be decoded: {error.err}", file=shown) from error
    finally:
        capture.release()


def _scenes(capture: cv2.VideoCapture, every_s: float) -> Iterator[Frame | None]:
    """Yield the frames of `sample`; None where a video is too long to look through."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if 0.1 < rate < 1000 else 25.0
    step = max(1, round(rate * _LOOK_S))
    kept: Float32 | None = None
    kept_at = 0.0
    for number in range(_LONGEST_FRAMES):
        if not capture.grab():
            return
        if number % step:
            continue
        fine, bgr = capture.retrieve()
        if not fine or bgr is None or bgr.ndim != 3 or bgr.dtype != np.uint8:
            continue
        small = cv2.resize(bgr, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
        seconds = number / rate
        changed = kept is None or float(np.abs(small - kept).mean()) > SCENE_CHANGE
        if changed or seconds - kept_at >= every_s:
            kept, kept_at = small, seconds
            yield Frame(seconds=seconds, rgb=np.ascontiguousarray(bgr[..., ::-1]))
    yield None
