"""Annotated pictures: draw what is marked, exchange it with other tools, compare it with truth.

from imgcheck import annotate

file = annotate.read("labels.xml")                # CVAT, COCO, YOLO, ...: found by content
shown = annotate.draw(rgb, file.pictures[0])      # an `imgcheck.annotation.AnnotatedPicture`
annotate.write(file, "dota", name="labels.txt").files
"""

from imgcheck.annotate.contact import sheet as contact_sheet
from imgcheck.annotate.drawing import draw, png
from imgcheck.annotate.exchange import FORMATS, Written, names_of, of_picture, read, write
from imgcheck.annotate.packing import AnnotationFile
from imgcheck.annotate.review import oriented, pictures_of, reviewed
from imgcheck.annotate.scoring import score

__all__ = [
    "read", "write", "of_picture", "names_of", "FORMATS", "AnnotationFile", "Written",
    "draw", "png", "oriented", "reviewed", "pictures_of",
    "score", "contact_sheet",
]  # fmt: skip
