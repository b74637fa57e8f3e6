"""Propose vehicles with a detector that the user brings: an ONNX file and its manifest.

The network runs in a process of its own with limits; a self-test picture of rendered vehicles
catches wrong angle conventions before anything is proposed.
"""

from imgcheck.detect.user_model.manifest import Angle, Manifest, UserModel
from imgcheck.detect.user_model.search import Found, find

__all__ = ["Angle", "Found", "Manifest", "UserModel", "find"]
