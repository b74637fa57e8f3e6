"""Imported by the process of which all others are copies: nothing is loaded twice."""

from imgcheck.batch.running import load_everything

load_everything()
