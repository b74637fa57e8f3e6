"""The layers that ground and objects are painted on before light falls on them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imgcheck.scene.grid import Array, Grid

# A window, or the rows and columns of single pixels.
Where = tuple[slice, slice] | tuple[NDArray[np.intp], ...]
_ALL: Where = (slice(None), slice(None))


@dataclass(slots=True, kw_only=True)
class Canvas:
    """Height and albedo of a patch, on the fine grid; painters change it in place.

    ``ground`` is the smooth land whose slopes are shaded; ``above`` is what stands on it with
    walls (metres above the ground: boxes, shrubs), which throws shadows but has level tops.
    ``level`` is the share of a pixel that is such a top, or water.
    """

    grid: Grid
    ground: Array = field(init=False)
    above: Array = field(init=False)
    level: Array = field(init=False)
    albedo: Array = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.grid.rows, self.grid.cols)
        self.ground = np.zeros(shape, np.float32)
        self.above = np.zeros(shape, np.float32)
        self.level = np.zeros(shape, np.float32)
        self.albedo = np.zeros((*shape, 3), np.float32)

    def paint(
        self, color: tuple[float, float, float] | Array, opacity: Array, where: Where = _ALL
    ) -> None:
        """Mix a colour over the albedo; ``opacity`` has the shape of ``where``."""
        old = self.albedo[where]
        self.albedo[where] = old + opacity[..., None] * (np.asarray(color, np.float32) - old)

    def scale(self, factor: Array, where: Where = _ALL) -> None:
        """Multiply the albedo."""
        self.albedo[where] *= factor[..., None]
