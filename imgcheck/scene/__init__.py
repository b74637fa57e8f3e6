"""Rendered ground with known truth: vehicles, craters and banks under a known sun.

Training, tests and samples are made with it. It knows nothing of claims or checks.
"""

from imgcheck.scene.annotations import Annotation, Arrow, Caption, Frame, annotate
from imgcheck.scene.bodies import BODIES
from imgcheck.scene.fleet import formation, parked, random_vehicle
from imgcheck.scene.landscapes import arid_plain, wander
from imgcheck.scene.objects import (
    Backdrop,
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
    "Backdrop",
    "Vehicle",
    "Crater",
    "Berm",
    "Building",
    "Road",
    "River",
    "Field",
    "arid_plain",
    "parked",
    "formation",
    "random_vehicle",
    "BODIES",
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
