"""A report as text: for a terminal, a browser, a program, a colleague, a build server.

Every function takes a `Report` and gives text. Nothing here opens a file, prints, or decides.
"""

from imgcheck.report.ci import RegressionCase, junit, sarif
from imgcheck.report.machine import geojson, json_text
from imgcheck.report.page import html
from imgcheck.report.prose import markdown
from imgcheck.report.screen import terminal

__all__ = [
    "RegressionCase", "geojson", "html", "json_text", "junit", "markdown", "sarif", "terminal",
]  # fmt: skip
