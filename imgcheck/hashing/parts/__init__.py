"""Inverted lists of local features: the pictures worth comparing, out of very many."""

from imgcheck.hashing.parts.segments import SCHEMA

__all__ = ["SCHEMA"]
