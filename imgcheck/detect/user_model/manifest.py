"""What a user states about a model of their own: how a picture goes in, and what comes out."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Output = Literal["yolo", "yolo-obb", "rt-detr", "nms", "centre"]
Unit = Literal["radians", "degrees"]
Direction = Literal["clockwise", "counterclockwise"]
Zero = Literal["right", "up"]
Colours = Literal["rgb", "bgr"]
Values = Literal["0-1", "0-255", "imagenet"]

# Mean and standard deviation of ImageNet, which many training recipes subtract and divide by.
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Angle:
    """How a model states the direction of the first side (``w``) of a turned box."""

    unit: Unit
    direction: Direction
    zero: Zero

    def heading(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the direction of the side, degrees clockwise from up."""
        turn = np.degrees(value) if self.unit == "radians" else value
        turn = turn if self.direction == "clockwise" else -turn
        return np.asarray(turn + 90.0 if self.zero == "right" else turn)

    def __str__(self) -> str:
        """Return it as a manifest states it."""
        return f"{self.unit} {self.direction} from {self.zero}"


#: That of the shipped network, and of every model with the output ``centre``.
HEADING = Angle(unit="degrees", direction="clockwise", zero="up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The statements of one manifest; docs/annotations.md explains each.

    ``classes`` are the names of the model in the order of its outputs, each with the class of
    `imgcheck.annotation.CLASSES` it belongs to, or None where its objects are left out.
    """

    output: Output
    classes: tuple[tuple[str, str | None], ...]
    gsd_m: float
    side: int
    threshold: float
    colours: Colours = "rgb"
    values: Values = "0-1"
    angle: Angle | None = None

    def input_of(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the input (1, 3, side, side) for a window (side, side, 3), RGB in [0, 1]."""
        if self.values == "imagenet":
            picture = (picture - _MEAN) / _DEVIATION
        elif self.values == "0-255":
            picture = picture * np.float32(255)
        ordered = picture if self.colours == "rgb" else picture[..., ::-1]
        return np.ascontiguousarray(ordered.transpose(2, 0, 1)[None], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """The bytes of an ONNX file with its manifest; both names are for sentences."""

    name: str
    content: bytes
    manifest: Manifest
    manifest_name: str

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return hashlib.sha256(self.content).hexdigest()
