"""The only way to open a file: read once, hashed, identified, checked, decoded on demand."""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError, RefusedError, UnreadableError
from imgcheck.imaging.containers import Container, read_container
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.guard import guarded
from imgcheck.imaging.georeference import Georeference
from imgcheck.imaging.intake import (
    HEAD_BYTES,
    READ_WHOLE_WINDOWED_BYTES,
    Intake,
    PathInput,
    sniff,
    take_in,
)
from imgcheck.imaging.limits import (
    WINDOWED_FORMATS,
    Limits,
    check_decode,
    check_header,
    default_limits,
)
from imgcheck.imaging.pixels import Decoded, Float32, Mask, Uint8, luma, turn
from imgcheck.imaging.text import printable

_Result = TypeVar("_Result")


class Image:
    """One picture: its bytes, what its header states, and its pixels on demand.

    Make one with `Image.open` or `Image.from_bytes`. Nothing is decoded before a method
    that gives pixels is called; results are kept, and arrays are read-only.

    The pixel model
        *View*: what a person sees, in RGB of 8 bits, turned by the EXIF orientation.
        Every coordinate in the package is one of the view. Colour profiles are not
        applied.

        - Gray is given three times. Palettes become colours. CMYK becomes RGB by the plain
          formula, without ink profiles.
        - 16-bit, float and other deep samples are stretched linearly between their 2nd and
          98th percentile over the valid pixels; 1, 2 and 4 bits are spread over 0 to 255.
        - Of several bands, those named red, green and blue are shown, else the first three.
        - Alpha is not composited: where it is 0 the pixel is invalid, nothing else.
        - Of an animated picture the first frame counts, of a TIFF the first directory.
        - The orientation tag of a raster with tags of place is recorded and not applied,
          because the georeference refers to the stored grid. Where that grid is a mirror
          image of the ground (rows that run north, columns that run west), the view is
          turned so that it is none, and the georeference with it.

        *Valid* is False where there is no ground to be seen: alpha 0, NaN or infinity,
        the nodata value (whole numbers: in all bands), the raster's own mask, and every
        pixel of a damaged file that does not rest on undamaged data.

    Attributes
    ----------
    name : str
        The file's name, safe to print.
    path : pathlib.Path or None
        Where it was opened.
    data : bytes
        The whole file (a read-only memory map above 512 MB, of a reference above 32 MB).
    sha256 : str
        Hash of ``data``, in hexadecimal: the identity of the file.
    header : Header
        What its header states, of the stored grid.
    structure : Structure
        Its parts as one tree, and what is odd about them.
    limits : Limits
        Upper bounds on its cost.
    """

    def __init__(
        self, intake: Intake, container: Container, *, name: str, path: Path | None, limits: Limits
    ) -> None:
        self.name = name
        self.path = path
        self.data = intake.data
        self.sha256 = intake.sha256
        self.size_bytes = len(intake.data)
        self.header = container.header
        self.structure = container.structure
        self.limits = limits
        self._shown = name if path is None else printable(str(path))
        self._descriptor = intake.descriptor
        self._lock = threading.RLock()
        self._kept: dict[str, Any] = {}
        self._decode_damage: tuple[Observation, ...] = ()
        self._failure: ImgcheckError | None = None

    @classmethod
    def open(cls, path: PathInput, *, limits: Limits | None = None) -> "Image":
        """Open a picture file.

        Parameters
        ----------
        path : path-like
            A regular file, or a symbolic link to one. The name may hold any bytes.
        limits : Limits, optional
            `REFERENCE_LIMITS` admits rasters that are too large to decode at once.

        Raises
        ------
        UnreadableError
            If there is no regular file, or its header is broken.
        RefusedError
            If it is no picture of an accepted format, or over a limit.
        """
        limits = limits or default_limits()
        place = Path(os.fsdecode(path))
        name = printable(place.name or str(place))
        shown = printable(str(place))
        most = limits.file_bytes
        by_windows = limits.grid_pixels is not None
        whole = READ_WHOLE_WINDOWED_BYTES if by_windows else None
        intake = _named(shown, lambda: take_in(path, most_bytes=most, whole_bytes=whole))
        try:
            container = _named(shown, lambda: _checked_container(intake, limits))
        except ImgcheckError:
            _release(intake.data, intake.descriptor)
            raise
        return cls(intake, container, name=name, path=place, limits=limits)

    @classmethod
    def from_bytes(
        cls, data: bytes, *, name: str = "<bytes>", limits: Limits | None = None
    ) -> "Image":
        """Take a picture from memory; otherwise like `open`."""
        import hashlib

        limits = limits or default_limits()
        shown = printable(name)
        content = bytes(data)

        def take() -> Intake:
            if len(content) > limits.file_bytes:
                raise RefusedError(
                    f"has {len(content):,} bytes; the limit is {limits.file_bytes:,} "
                    "(limit: file_bytes)"
                )
            form = sniff(content[:HEAD_BYTES])
            return Intake(content, form, hashlib.sha256(content).hexdigest())

        intake = _named(shown, take)
        container = _named(shown, lambda: _checked_container(intake, limits))
        return cls(intake, container, name=shown, path=None, limits=limits)

    @property
    def descriptor(self) -> int | None:
        """The open file, for a raster that is too large for memory; else None."""
        return self._descriptor

    @property
    def has_decoded(self) -> bool:
        """Whether the whole picture has been decoded already."""
        return "decoded" in self._kept

    # What the header states

    @property
    def format(self) -> str:
        """``jpeg``, ``png``, ``tiff``, ``webp``, ``gif``, ``bmp``, ``jp2``, ``heif``, ``avif``."""
        return self.header.format

    @property
    def applied_orientation(self) -> int:
        """EXIF number of the turn that leads from the stored grid to the view."""
        return self._keep("orientation", self._orientation)

    @property
    def width(self) -> int:
        """Columns of the view."""
        return self.header.height if self.applied_orientation >= 5 else self.header.width

    @property
    def height(self) -> int:
        """Rows of the view."""
        return self.header.width if self.applied_orientation >= 5 else self.header.height

    @property
    def mode(self) -> str:
        """``gray``, ``gray-alpha``, ``palette``, ``rgb``, ``rgba``, ``cmyk``, ``multiband``."""
        return self.header.mode

    # What is wrong with it

    @property
    def damage(self) -> tuple[Observation, ...]:
        """All damage found so far; complete once pixels and place have been read.

        Reading it decodes nothing; `examine` does. Walking the file finds cuts, wrong sums, missing
        restart intervals and runs of zeros; only decoding shows how many rows are lost. A
        byte changed inside the compressed data of a JPEG is not noticed by any decoder.
        """
        place = self._kept.get("stored place", (None, None))[1]
        more = (Observation(kind="georeference", message=place),) if place else ()
        return (*self.header.damage, *self._decode_damage, *more)

    def examine(self) -> tuple[Observation, ...]:
        """Decode the picture if that has not been done, and give all damage.

        Pixels that cannot be read, or cost too much, raise nothing: see `unreadable_reason`.
        """
        with contextlib.suppress(ImgcheckError):
            self._decoded()
        return self.damage

    @property
    def unreadable_reason(self) -> str | None:
        """Why the pixels cannot be read, as far as is known; None where they can."""
        if self.header.unreadable_reason:
            return self.header.unreadable_reason
        return self._failure.message if self._failure else None

    @property
    def pixels_readable(self) -> bool:
        """Whether there is a decoder for the pixels, and none has failed yet."""
        return self.unreadable_reason is None

    # Pixels

    def rgb(self) -> Uint8:
        """Return the view, (M, N, 3) uint8.

        Raises `UnreadableError` if nothing can be decoded, `RefusedError` if decoding it whole
        costs more than the limits allow.
        """

        def make() -> Uint8:
            shown = turn(self._decoded().rgb, self.applied_orientation)
            if len(shown) == 1:
                return np.repeat(shown[0][..., np.newaxis], 3, axis=2)
            return np.ascontiguousarray(np.moveaxis(shown, 0, -1))

        return self._keep("rgb", make)

    def gray(self) -> Float32:
        """Return the BT.601 luma of the view, (M, N) float32 in [0, 1]."""
        return self._keep("gray", lambda: luma(self.rgb()))

    def valid(self) -> Mask:
        """Mark the usable pixels of the view, (M, N) bool."""

        def make() -> Mask:
            mask = self._decoded().valid
            if mask is None:
                return np.ones((self.height, self.width), bool)
            return np.ascontiguousarray(turn(mask, self.applied_orientation))

        return self._keep("valid", make)

    def bands_array(self) -> NDArray[Any]:
        """Return the samples as stored, (B, M, N), on the grid of the view.

        A palette gives its indices; CMYK its inks from a JPEG, but RGBA from a TIFF.
        """
        return self._keep(
            "bands",
            lambda: np.ascontiguousarray(turn(self._decoded().native, self.applied_orientation)),
        )

    def read(
        self,
        window: tuple[int, int, int, int] | None = None,
        out_shape: tuple[int, int] | None = None,
        bands: Sequence[int] | None = None,
    ) -> NDArray[Any]:
        """Read native samples (bands, rows, columns) of a part of the picture.

        Parameters
        ----------
        window : tuple (column, row, width, height), optional
            In pixels of the view. Of a TIFF or JPEG 2000 only this part is decoded.
        out_shape : tuple (rows, columns), optional
            Resampled to this shape: by average where it shrinks, bilinear where it grows,
            by the nearest pixel for palettes.
        bands : sequence of int, optional
            Numbers of the bands, counted from 1 as in GDAL.
        """
        from imgcheck.imaging.windows import read_part

        return self._named(lambda: read_part(self, window, out_shape, bands))

    def read_valid(self, window: tuple[int, int, int, int]) -> Mask:
        """Mark the usable pixels of a window, like `valid`, without decoding the whole."""
        from imgcheck.imaging.windows import read_part_valid

        return self._named(lambda: read_part_valid(self, window))

    # Place

    @property
    def georeference(self) -> Georeference | None:
        """Where it lies, from its own tags; None without a usable statement.

        Files beside it (world files, ``.aux.xml``) are not read here; `state_place` takes what
        a caller read. A statement of place that makes no sense is an entry of `damage`.
        """
        return self._keep("georeference", self._turned_georeference)

    @property
    def gsd_m(self) -> float | None:
        """Ground sample distance at the centre in metres per pixel; None without place."""
        place = self.georeference
        return None if place is None else place.pixel_size_m(self.width / 2, self.height / 2)

    # Keeping and closing

    def close(self) -> None:
        """Release memory and the open file; pixels can no longer be read."""
        with self._lock:
            self._kept.clear()
            self._failure = self._failure or UnreadableError(
                f"{self._shown}: has been closed", file=self._shown
            )
            _release(self.data, self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "Image":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Image {self.name!r} {self.format} {self.width}x{self.height}>"

    def _decoded(self) -> Decoded:
        return self._keep("decoded", self._decode)

    def _decode(self) -> Decoded:
        from imgcheck.imaging.decoding import decode

        if self._failure is not None:
            raise self._failure

        def make() -> Decoded:
            check_decode(self.header, self.size_bytes, self.limits)
            return decode(self.data, self.header, limits=self.limits, descriptor=self._descriptor)

        try:
            decoded = self._named(make)
        except ImgcheckError as error:
            self._failure = error
            raise
        self._decode_damage = decoded.damage
        return decoded

    def _orientation(self) -> int:
        if not self.header.geotagged:
            return self.header.orientation
        from imgcheck.imaging.georeference import unmirrored

        place = self._keep("stored place", self._read_georeference)[0]
        size = {"width": self.header.width, "height": self.header.height}
        return 1 if place is None else unmirrored(place, **size)

    def state_place(self, place: Georeference) -> None:
        """State the place of an image whose own tags state none; call it before anything else."""
        if not self.header.geotagged:
            self._keep("stored place", lambda: (place, None))

    def _turned_georeference(self) -> Georeference | None:
        place = self._keep("stored place", self._read_georeference)[0]
        size = {"width": self.header.width, "height": self.header.height}
        return None if place is None else place.turned(self.applied_orientation, **size)

    def _read_georeference(self) -> tuple[Georeference | None, str | None]:
        if not self.header.geotagged or self._failure is not None:
            return None, None
        from imgcheck.imaging.decoding.raster import dataset
        from imgcheck.imaging.georeference import read_georeference

        try:
            with dataset(self.data, self.header, descriptor=self._descriptor) as source:
                return read_georeference(source)
        except UnreadableError as error:
            return None, f"its place {error.message}"

    def _keep(self, key: str, make: Callable[[], _Result]) -> _Result:
        """Compute once, and make arrays read-only."""
        with self._lock:
            if key not in self._kept:
                result = self._named(make)
                if isinstance(result, np.ndarray):
                    result.flags.writeable = False
                self._kept[key] = result
            kept: _Result = self._kept[key]
            return kept

    def _named(self, act: Callable[[], _Result]) -> _Result:
        return _named(self._shown, lambda: guarded(self.format, act))


def _named(name: str, act: Callable[[], _Result]) -> _Result:
    """Run something, and put the file's name before the sentence of its error."""
    try:
        return act()
    except ImgcheckError as error:
        if error.file is not None:
            raise
        raise type(error)(f"{name}: {error.message}", file=name) from None


def _checked_container(intake: Intake, limits: Limits) -> Container:
    """Walk the file and refuse what costs too much, before any decoder sees it."""
    container = guarded(intake.format, lambda: read_container(intake.data, intake.format, limits))
    header = container.header
    check_header(header, limits)
    by_windows = limits.grid_pixels is not None and header.format in WINDOWED_FORMATS
    if not (limits.undecoded or by_windows or header.unreadable_reason):
        check_decode(header, len(intake.data), limits)
    return container


def _release(data: Any, descriptor: int | None) -> None:
    if descriptor is not None:
        data.close()
        os.close(descriptor)


#: What the readers of metadata accept: the bytes of a file, or its path.
FileContent: TypeAlias = bytes | str | os.PathLike[str]


def file_bytes(data: FileContent) -> bytes:
    """Return the bytes of a file: as they are, or read from its path."""
    return Image.open(data).data if isinstance(data, str | os.PathLike) else data
