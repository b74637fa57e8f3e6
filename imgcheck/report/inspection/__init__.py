"""What a file says about itself, as text on a terminal and as one HTML page."""

from imgcheck.report.inspection.page import html
from imgcheck.report.inspection.text import terminal

__all__ = ["html", "terminal"]
