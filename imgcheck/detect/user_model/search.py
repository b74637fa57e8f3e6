"""Propose vehicles in a picture with a user's model."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from imgcheck.annotation import Annotation, Box, Geometry, Measured, Obb, Provenance
from imgcheck.detect import inputs
from imgcheck.detect.user_model import onnx_file, self_test
from imgcheck.detect.user_model.manifest import UserModel
from imgcheck.detect.user_model.process import SECONDS, NetworkProcess
from imgcheck.detect.user_model.windows import Objects, join, run_windows
from imgcheck.errors import RefusedError

# Enlarged further than this, a picture has none of the detail that the model was trained on.
COARSEST = 3.0
_MOST_PIXELS = 400_000_000
UNKNOWN = "this model's errors are not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a user's model proposes.

    Attributes
    ----------
    annotations : tuple of Annotation
        Best score first; none has a probability.
    share_searched : float
        Of the picture; 0 where it was not searched.
    remarks : tuple of str
        What the self-test showed.
    reason : str
        Why the number is not bounded, or why the picture was not searched.
    """

    annotations: tuple[Annotation, ...] = ()
    share_searched: float = 0.0
    remarks: tuple[str, ...] = ()
    reason: str = UNKNOWN


def find(rgb: ArrayLike, *, gsd: float, model: UserModel, seconds: float = SECONDS) -> Found:
    """Propose vehicles with a user's model, after it has passed the self-test.

    Parameters
    ----------
    rgb : ndarray of shape (M, N, 3), uint8 or float in [0, 1]
    gsd : float
        Metres per pixel; the picture is resampled to the scale of the model.
    model : UserModel
    seconds : float, default 60
        For one window; then its process is ended.

    Raises
    ------
    RefusedError
        If the file is no ONNX, reaches beyond itself or a limit, or gives what its manifest does
        not state.
    UsageError
        If headings of the self-test picture fit another angle convention than the manifest's.
    """
    metres = inputs.scale(gsd)
    manifest = model.manifest
    factor = metres / manifest.gsd_m
    if factor > COARSEST:
        return Found(
            reason=f"at {metres:g} m per pixel the detail is missing that a model for "
            f"{manifest.gsd_m:g} m needs; {COARSEST * manifest.gsd_m:g} m or finer is needed"
        )
    rows, columns = np.shape(rgb)[:2]
    size = (max(1, round(columns * factor)), max(1, round(rows * factor)))
    if size[0] * size[1] > _MOST_PIXELS:
        raise RefusedError(
            f"{model.name}: at its {manifest.gsd_m:g} m per pixel the picture has "
            f"{size[0] * size[1] / 1e6:,.0f} megapixels, over {_MOST_PIXELS / 1e6:,.0f}; cut out "
            "the part that matters"
        )
    picture, usable = inputs.colour_image(rgb, valid=None)
    try:
        onnx_file.check(model.content)
        with NetworkProcess(model.content, side=manifest.side, seconds=seconds) as process:
            remarks = self_test.check(model, process.run)
            kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
            working = np.asarray(cv2.resize(picture, size, interpolation=kind), np.float32)
            np.clip(working, 0, 1, out=working)
            found = join(run_windows(working, manifest, process.run), manifest)
    except RefusedError as error:
        raise RefusedError(f"{model.name}: {error.message}", file=model.name) from None
    scale = (columns / size[0], rows / size[1])
    return Found(
        annotations=_annotations(found, usable, scale=scale, gsd=metres, model=model),
        share_searched=float(usable.mean()),
        remarks=remarks,
    )


def _annotations(
    found: Objects,
    usable: inputs.Mask,
    *,
    scale: tuple[float, float],
    gsd: float,
    model: UserModel,
) -> tuple[Annotation, ...]:
    """Return the objects on usable ground as annotations, in pixels of the input."""
    provenance = Provenance(
        source="detector",
        name=model.name,
        details={
            "model_sha256": model.sha256,
            "manifest": model.manifest_name,
            "output": model.manifest.output,
            "threshold": f"{model.manifest.threshold:g}",
        },
    )
    made: list[Annotation] = []
    for k in range(len(found.x)):
        row, column = int(found.y[k] * scale[1]), int(found.x[k] * scale[0])
        inside = 0 <= row < usable.shape[0] and 0 <= column < usable.shape[1]
        if not (inside and usable[row, column]):
            continue
        name, cls = model.manifest.classes[found.kind[k]]
        shape = _geometry(found, k, scale)
        made.append(
            Annotation(
                cls=cls or "vehicle",
                geometry=shape,
                id=f"vehicle-{len(made) + 1}",
                label=name if name != cls else "",
                score=round(float(found.score[k]), 4),
                measures=_sizes(shape, gsd),
                provenance=provenance,
            )
        )
    return tuple(made)


def _geometry(found: Objects, k: int, scale: tuple[float, float]) -> Geometry:
    x, y, length, width = (
        round(float(value), 2)
        for value in (
            found.x[k] * scale[0],
            found.y[k] * scale[1],
            found.length[k] * scale[0],
            found.width[k] * scale[1],
        )
    )
    if found.heading is None:
        return Box(
            x=round(x - length / 2, 2), y=round(y - width / 2, 2), width=length, height=width
        )
    heading = round(float(found.heading[k]), 1) % 180
    return Obb(cx=x, cy=y, length=length, width=width, heading=heading)


def _sizes(shape: Geometry, gsd: float) -> dict[str, Measured]:
    """Return the sides of a turned box in metres; those of an upright one are no sizes."""
    if not isinstance(shape, Obb):
        return {}
    return {
        "length": Measured(value=round(shape.length * gsd, 2)),
        "width": Measured(value=round(shape.width * gsd, 2)),
    }
