"""The fields of metadata blocks, from EXIF to maker notes, and a second reader of them."""
