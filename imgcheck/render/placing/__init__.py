"""A placed picture as text and as a page."""

from imgcheck.render.placing.page import html
from imgcheck.render.placing.text import links, terminal

__all__ = ["html", "links", "terminal"]
