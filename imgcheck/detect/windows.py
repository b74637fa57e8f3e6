"""Cut a large picture into overlapping windows, so that memory stays small."""

from collections.abc import Iterator

WINDOW_PX = 1536


def windows(rows: int, columns: int, *, overlap: int) -> Iterator[tuple[slice, slice]]:
    """Windows that cover a picture; neighbours share ``overlap`` pixels and more.

    Yields
    ------
    (slice, slice)
        Rows and columns.
    """
    for top in _starts(rows, overlap):
        for left in _starts(columns, overlap):
            yield (
                slice(top, min(rows, top + WINDOW_PX)),
                slice(left, min(columns, left + WINDOW_PX)),
            )


def _starts(length: int, overlap: int) -> list[int]:
    step = WINDOW_PX - overlap
    return list(range(0, max(1, length - overlap), step))
