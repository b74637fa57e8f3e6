"""Read a user's model and the manifest beside it: `NAME.onnx` and `NAME.yml`."""

import re
from pathlib import Path
from typing import TypeVar, get_args

from imgcheck.detect.user_model import Angle, Manifest, UserModel
from imgcheck.detect.user_model.manifest import Colours, Direction, Output, Unit, Values, Zero
from imgcheck.detect.user_model.onnx_file import PICKLE
from imgcheck.errors import RefusedError, UnreadableError
from imgcheck.imaging.intake import read_small
from imgcheck.imaging.text import printable
from imgcheck.model.lined import Item, Reader

Word = TypeVar("Word", bound=str)

VEHICLES = ("vehicle", "vehicle.light", "vehicle.heavy", "vehicle.tracked-like")
# What stands in place of a class whose objects are left out.
LEFT_OUT = "ignore"
_KEYS = {
    "output", "classes", "gsd_m", "side", "threshold", "colours", "values", "angle"
}  # fmt: skip
_REQUIRED = ("output", "classes", "gsd_m", "side", "threshold")
_PICKLES = (".pt", ".pth", ".pkl", ".ckpt", ".bin")
_MOST_BYTES, _MOST_MANIFEST_BYTES = 512 << 20, 1 << 20
_MOST_CLASSES = 1000
_SIDES = (64, 2048)
_ANGLES = f"({'|'.join(get_args(Unit))}) ({'|'.join(get_args(Direction))}) from (right|up)"


def read_user_model(path: Path) -> UserModel:
    """Read an ONNX file and its manifest, without loading the network.

    Raises
    ------
    UnreadableError, RefusedError
        If one of the two cannot be read, or the model is of a kind that runs programs.
    ClaimError
        For an error in the manifest, with its line and what is accepted.
    """
    name = printable(path.name)
    if path.suffix.lower() in _PICKLES:
        raise RefusedError(f"{name}: {PICKLE}", file=name)
    content = read_small(path, most_bytes=_MOST_BYTES)
    beside = path.with_suffix(".yml")
    if not beside.exists():
        raise UnreadableError(
            f"{printable(beside.name)}: is missing; it states how the output of {name} is read, "
            "see docs/annotations.md, section Your own model",
            file=printable(beside.name),
        )
    text = read_small(beside, most_bytes=_MOST_MANIFEST_BYTES)
    return UserModel(
        name=name,
        content=content,
        manifest=_manifest(text, printable(beside.name)),
        manifest_name=printable(beside.name),
    )


def _manifest(content: bytes, name: str) -> Manifest:
    read = Reader(name)
    try:
        found = read.compose(content.decode("utf-8"))
    except UnicodeDecodeError:
        read.refuse(1, "is no text in UTF-8")
    if found is None:
        read.refuse(1, f"is empty; it needs {', '.join(_REQUIRED)}")
    fields = read.mapping(found, "a manifest", _KEYS)
    for key in _REQUIRED:
        if key not in fields:
            read.refuse(found.line, f'"{key}" is missing; a manifest needs {", ".join(_REQUIRED)}')
    output = _one_of(read, fields, "output", get_args(Output))
    made = Manifest(
        output=output,
        classes=_classes(read, fields["classes"]),
        gsd_m=read.number(fields["gsd_m"], "gsd_m", 0.02, 5.0),
        side=_side(read, fields["side"], output),
        threshold=read.number(fields["threshold"], "threshold", 0.01, 0.99),
        colours=_one_of(read, fields, "colours", get_args(Colours)),
        values=_one_of(read, fields, "values", get_args(Values)),
        angle=_angle(read, fields["angle"]) if "angle" in fields else None,
    )
    if output == "yolo-obb" and made.angle is None:
        read.refuse(found.line, '"angle" is missing, for example "radians clockwise from right"')
    if made.angle is not None and output not in ("yolo-obb", "nms"):
        read.refuse(fields["angle"].line, f'"{output}" has no angle; leave "angle" out')
    if output == "centre" and len(made.classes) != 1:
        read.refuse(fields["classes"].line, '"centre" has one class')
    return made


def _one_of(read: Reader, fields: dict[str, Item], key: str, accepted: tuple[Word, ...]) -> Word:
    """Return one of the accepted words; the first where the key is not given."""
    if key not in fields:
        return accepted[0]
    given = read.text(fields[key], key)
    for word in accepted:
        if given == word:
            return word
    read.refuse(fields[key].line, f'{key}: "{given[:60]}" is none of {", ".join(accepted)}')


def _classes(read: Reader, item: Item) -> tuple[tuple[str, str | None], ...]:
    accepted = ", ".join((*VEHICLES, LEFT_OUT))
    if not isinstance(item.value, dict) or not 0 < len(item.value) <= _MOST_CLASSES:
        read.refuse(
            item.line,
            '"classes" lists all classes in the order of the model, a line each, such as '
            f'"truck: vehicle.heavy"; accepted: {accepted}',
        )
    found = []
    for name, child in item.value.items():
        cls = read.text(child, f'class "{name}"')
        if cls not in (*VEHICLES, LEFT_OUT):
            read.refuse(child.line, f'class "{name}": "{cls[:60]}" is none of {accepted}')
        found.append((printable(name, limit=80), None if cls == LEFT_OUT else cls))
    if all(cls is None for _, cls in found):
        read.refuse(item.line, f"no class is a vehicle; accepted: {accepted}")
    return tuple(found)


def _side(read: Reader, item: Item, output: str) -> int:
    side = read.whole(item, "side")
    step = 16 if output == "centre" else 1
    if not _SIDES[0] <= side <= _SIDES[1] or side % step:
        words = f", a multiple of {step}" if step > 1 else ""
        read.refuse(item.line, f"side: {side} is outside {_SIDES[0]} to {_SIDES[1]} pixels{words}")
    return side


def _angle(read: Reader, item: Item) -> Angle:
    given = read.text(item, "angle")
    parts = re.fullmatch(_ANGLES, " ".join(given.split()))
    if parts is None:
        read.refuse(
            item.line,
            f'angle: "{given[:60]}" is not "UNIT DIRECTION from ZERO", for example "radians '
            'clockwise from right"; accepted: radians or degrees, clockwise or counterclockwise, '
            "from right or up",
        )
    unit: Unit = "degrees" if parts[1] == "degrees" else "radians"
    direction: Direction = "clockwise" if parts[2] == "clockwise" else "counterclockwise"
    zero: Zero = "up" if parts[3] == "up" else "right"
    return Angle(unit=unit, direction=direction, zero=zero)
