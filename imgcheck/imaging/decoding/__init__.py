"""Decode from bytes, each format with its own decoder and no other.

Pillow decodes posted pictures, by the class of the one format, so that it cannot take
the file for another; GDAL decodes TIFF, JPEG 2000 and PNG of 16 bits, from memory, with
one driver named. No decoder is ever given a file name, except that a raster too large
for memory is opened through its open descriptor.
"""

from imgcheck.imaging.decoding.picture import decode

__all__ = ["decode"]
