"""Annotated pictures: draw what is marked, exchange it with other tools, compare it with truth.

from imgcheck import annotate

file = annotate.read("labels.xml")                # CVAT, COCO, YOLO, ...: found by content
shown = annotate.draw(rgb, file.pictures[0])      # an `imgcheck.annotation.AnnotatedPicture`
annotate.write(file, "dota", name="labels.txt").files
"""

from imgcheck.annotate.drawing import draw, png
from imgcheck.annotate.exchange import FORMATS, Written, of_picture, read, write
from imgcheck.annotate.packing import AnnotationFile

__all__ = ["draw", "png", "read", "of_picture", "write", "FORMATS", "AnnotationFile", "Written"]
