"""A placed picture as text and as a page."""

from imgcheck.report.placing.page import html
from imgcheck.report.placing.text import links, terminal

__all__ = ["html", "links", "terminal"]
