"""Rendered ground with known truth: vehicles, craters and banks under a known sun.

Training, tests and samples are made with it. It knows nothing of claims or checks.
"""

from imgcheck.scene.annotations import Annotation, Arrow, Caption, Frame, annotate
from imgcheck.scene.landscapes import arid_plain, parked, wander
from imgcheck.scene.objects import (
    Berm,
    Building,
    Crater,
    Field,
    River,
    Road,
    Scene,
    Terrain,
    Vehicle,
)
from imgcheck.scene.posting import Posted, Save, decode, geotiff, post
from imgcheck.scene.rendering import PlacedObject, Rendering, Truth, Window, render

__all__ = [
    "Scene",
    "Terrain",
    "Vehicle",
    "Crater",
    "Berm",
    "Building",
    "Road",
    "River",
    "Field",
    "arid_plain",
    "parked",
    "wander",
    "render",
    "Rendering",
    "Window",
    "Truth",
    "PlacedObject",
    "post",
    "Posted",
    "Save",
    "decode",
    "Annotation",
    "Arrow",
    "Frame",
    "Caption",
    "annotate",
    "geotiff",
]
