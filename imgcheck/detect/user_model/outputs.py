"""Read the boxes off the output of a network, in each layout that a manifest can state."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import centres
from imgcheck.detect.user_model.manifest import HEADING, Angle, Manifest
from imgcheck.detect.user_model.process import Outputs
from imgcheck.errors import RefusedError

Floats = NDArray[np.float64]
# Of one window; a parking ground of 100 x 100 m holds 500 vehicles.
_MOST_OBJECTS = 2000
_SLACK = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Boxes with their centres, sides and turn as the model states them, in pixels of its input.

    ``turn`` is None where the boxes are upright; ``kind`` is the place of the class in the
    manifest.
    """

    x: Floats
    y: Floats
    w: Floats
    h: Floats
    turn: Floats | None
    score: Floats
    kind: NDArray[np.intp]

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "Boxes":
        """Return some of the boxes."""
        return Boxes(
            x=self.x[which], y=self.y[which], w=self.w[which], h=self.h[which],
            turn=None if self.turn is None else self.turn[which],
            score=self.score[which], kind=self.kind[which],
        )  # fmt: skip


def angle_of(manifest: Manifest) -> Angle | None:
    """Return how the turn of the boxes is stated; None where they are upright."""
    return HEADING if manifest.output == "centre" else manifest.angle


def decode(outputs: Outputs, manifest: Manifest) -> Boxes:
    """Return the boxes with at least the manifest's score, of classes that are not left out.

    Raises
    ------
    RefusedError
        If the output is not what the manifest states; the sentence lacks the name of the model.
    """
    if not all(np.isfinite(one).all() for one in outputs):
        raise RefusedError("gives values that are not finite numbers; its weights are damaged")
    found = _LAYOUTS[manifest.output](outputs, manifest)
    scores = found.score
    if scores.size and not (scores.min() >= -_SLACK and scores.max() <= 1 + _SLACK):
        raise RefusedError(
            f"gives scores from {scores.min():.3g} to {scores.max():.3g}, and `{manifest.output}` "
            "has scores from 0 to 1; correct `output` in the manifest, or export the model with "
            "its last sigmoid"
        )
    wanted = np.array([cls is not None for _, cls in manifest.classes])
    most = 2 * manifest.side
    keep = (found.score >= manifest.threshold) & (np.minimum(found.w, found.h) > 0)
    keep &= (found.w <= most) & (found.h <= most)
    found = found.take(keep)
    if not ((found.kind >= 0) & (found.kind < len(wanted))).all():
        raise RefusedError(
            f"gives class numbers up to {found.kind.max()}, and the manifest lists {len(wanted)} "
            "classes; list all of them, in the order of the model"
        )
    found = found.take(wanted[found.kind])
    if len(found.x) > _MOST_OBJECTS:
        raise RefusedError(
            f"proposes {len(found.x):,} objects in one window; raise `threshold` in its manifest"
        )
    return found


def _yolo(outputs: Outputs, manifest: Manifest) -> Boxes:
    """Read centre, size and one score a class: a column each, or a row with objectness (v5, v7)."""
    classes = len(manifest.classes)
    table = _single(outputs, manifest, f"(1, {4 + classes}, N)")
    if table.shape[0] == 4 + classes:
        table = table.T
    elif table.shape[1] == 5 + classes:
        table = np.column_stack([table[:, :4], table[:, 5:] * table[:, 4:5]])
    elif table.shape[1] != 4 + classes:
        raise _unlike(outputs, manifest, f"(1, {4 + classes}, N)")
    return _boxes(table[:, :4], table[:, 4:], None)


def _yolo_obb(outputs: Outputs, manifest: Manifest) -> Boxes:
    """Read centre, size, one score a class, and the angle last."""
    columns = 5 + len(manifest.classes)
    table = _rows(outputs, manifest, columns, f"(1, {columns}, N)")
    return _boxes(table[:, :4], table[:, 4:-1], table[:, -1])


def _rt_detr(outputs: Outputs, manifest: Manifest) -> Boxes:
    """Read shares of the side: one table with scores, or two, of boxes and of logits."""
    classes = len(manifest.classes)
    expected = f"(1, N, {4 + classes}), or (1, N, 4) and (1, N, {classes})"
    if len(outputs) == 2:
        tables = [_single((one,), manifest, expected) for one in outputs]
        shares = [one.shape[1] == 4 and one.min() >= 0 and one.max() <= 1 for one in tables]
        box = tables[0 if shares[0] else 1]
        logits = tables[1 if shares[0] else 0]
        if box.shape[1] != 4 or logits.shape != (len(box), classes):
            raise _unlike(outputs, manifest, expected)
        scores = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
        return _boxes(box * manifest.side, scores, None)
    table = _rows(outputs, manifest, 4 + classes, expected)
    return _boxes(table[:, :4] * manifest.side, table[:, 4:], None)


def _nms(outputs: Outputs, manifest: Manifest) -> Boxes:
    """Read rows of a model that has chosen its boxes: corners, or centre and size with an angle."""
    columns = 6 if manifest.angle is None else 7
    table = _single(outputs, manifest, f"(1, N, {columns})")
    if table.shape[1] != columns:
        raise _unlike(outputs, manifest, f"(1, N, {columns})")
    box, score, kind = table[:, :4], table[:, 4], table[:, 5]
    if manifest.angle is None:
        (left, top), (right, bottom) = box[:, :2].T, box[:, 2:].T
        box = np.column_stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])
    return Boxes(
        x=box[:, 0], y=box[:, 1], w=box[:, 2], h=box[:, 3],
        turn=None if manifest.angle is None else table[:, 6],
        score=score, kind=np.clip(kind, -1, 1e6).astype(np.intp),
    )  # fmt: skip


def _centre(outputs: Outputs, manifest: Manifest) -> Boxes:
    """Read the maps of a network that the package's own recipe has trained."""
    cells = manifest.side // centres.STRIDE
    if len(outputs) != 1 or outputs[0].shape != (1, 7, cells, cells):
        raise _unlike(outputs, manifest, f"(1, 7, {cells}, {cells})")
    floor = math.log(manifest.threshold / (1 - manifest.threshold))
    found = centres.boxes(outputs[0][0], floor=floor)
    return Boxes(
        x=found.x, y=found.y,
        w=found.length / manifest.gsd_m, h=found.width / manifest.gsd_m, turn=found.heading,
        score=1 / (1 + np.exp(-found.heat)), kind=np.zeros(len(found.x), np.intp),
    )  # fmt: skip


_LAYOUTS = {
    "yolo": _yolo, "yolo-obb": _yolo_obb, "rt-detr": _rt_detr, "nms": _nms, "centre": _centre
}  # fmt: skip


def _boxes(box: Floats, scores: Floats, turn: Floats | None) -> Boxes:
    kind = scores.argmax(axis=1) if len(scores) else np.zeros(0, np.intp)
    best = np.take_along_axis(scores, kind[:, None], axis=1)[:, 0]
    return Boxes(
        x=box[:, 0], y=box[:, 1], w=box[:, 2], h=box[:, 3], turn=turn, score=best, kind=kind
    )


def _rows(outputs: Outputs, manifest: Manifest, columns: int, expected: str) -> Floats:
    """Return the only output with a row an object, whichever way it lies."""
    table = _single(outputs, manifest, expected)
    turned = manifest.output.startswith("yolo")
    for one in (table.T, table) if turned else (table, table.T):
        if one.shape[1] == columns:
            return one
    raise _unlike(outputs, manifest, expected)


def _single(outputs: Outputs, manifest: Manifest, expected: str) -> Floats:
    if len(outputs) != 1 or outputs[0].ndim not in (2, 3):
        raise _unlike(outputs, manifest, expected)
    table = outputs[0]
    if table.ndim == 3:
        if table.shape[0] != 1:
            raise _unlike(outputs, manifest, expected)
        table = table[0]
    return table.astype(np.float64)


def _unlike(outputs: Outputs, manifest: Manifest, expected: str) -> RefusedError:
    shapes = " and ".join(str(one.shape) for one in outputs) or "nothing"
    return RefusedError(
        f"gives {shapes}, and the manifest states `{manifest.output}` with "
        f"{len(manifest.classes)} classes, which is {expected}; correct `output`, `classes` or "
        "`angle`"
    )
