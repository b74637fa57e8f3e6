"""Annotated pictures: draw what is marked, exchange it with other tools, compare it with truth.

from imgcheck import annotate

shown = annotate.draw(rgb, picture)     # an `imgcheck.annotation.AnnotatedPicture`
annotate.png(shown)
"""

from imgcheck.annotate.drawing import draw, png

__all__ = ["draw", "png"]
