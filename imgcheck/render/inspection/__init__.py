"""What a file says about itself, as text on a terminal and as one HTML page."""

from imgcheck.render.inspection.page import html
from imgcheck.render.inspection.text import terminal

__all__ = ["html", "terminal"]
