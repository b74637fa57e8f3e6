"""The rows of an index as a search reads them, with doubt about every length."""

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import columns, records
from imgcheck.hashing.answer import KnownPicture, NearHash, Polygon
from imgcheck.hashing.chance import reach
from imgcheck.hashing.columns import HashColumns, HashHit
from imgcheck.hashing.parts import inverted
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.store import kinds, listed
from imgcheck.hashing.store.hashrows import HashRows, joined
from imgcheck.hashing.store.segments import Segments, without
from imgcheck.imaging.features import Features

_PICTURE = "id, hex(sha256), path, width, height, date, note"
# Rows that another chain of steps made are found by file and pixels only.
_CURRENT = "JOIN picture p ON p.id = x.picture AND p.algorithm = ?"
_MOST_CORNERS = 64


class Rows:
    """The rows of an index, as the cascade reads them."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._segments = Segments(connection, path)
        self._listed: dict[int, KnownPicture] = {}

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM picture").fetchone()[0])

    def comparable(self) -> int:
        """Count the rows whose hashes and features were made by the present steps."""
        return int(
            self._connection.execute(
                "SELECT count(*) FROM picture WHERE algorithm = ?", (records.ALGORITHM,)
            ).fetchone()[0]
        )

    def witnesses(self) -> tuple[str, ...]:
        """Give the kinds of listed hashes other than PDQ that the index holds."""
        return tuple(kind for kind in sorted(self._segments.kinds()) if kind != "pdq")

    def listed(self, *of: str) -> int:
        """Count the listed hashes, of some kinds or of all."""
        total = sum(self._segments.count(kind) for kind in of or self._segments.kinds())
        if of and "pdq" not in of:
            return total
        asked = "SELECT (SELECT count(*) FROM picture WHERE hashable) + count(*) FROM region"
        return total - int(self._connection.execute(asked).fetchone()[0])

    def known(self, number: int) -> KnownPicture:
        """Give a picture, or a listed hash that a search of this object found."""
        row = self._connection.execute(
            f"SELECT {_PICTURE} FROM picture WHERE id = ?", (number,)
        ).fetchone()
        return self._listed[number] if row is None else _known(row)

    def all(self) -> Iterator[KnownPicture]:
        rows = self._connection.execute(f"SELECT {_PICTURE} FROM picture ORDER BY id")
        return (_known(row) for row in rows)

    def same_file(self, sha256: bytes) -> list[int]:
        return self._ids("SELECT id FROM picture WHERE sha256 = ? ORDER BY id", sha256)

    def same_pixels(self, pixels: bytes) -> list[int]:
        return self._ids("SELECT id FROM picture WHERE pixels = ? ORDER BY id", pixels)

    def hits(self, views: Sequence[dict[str, PdqHash]]) -> list[HashHit]:
        """Give the known hashes that are nearer than chance explains, surest first.

        Every PDQ hash of the index is compared, in 8 orientations and 2 polarities, with each
        view of the query; the index is read once.
        """
        count = self._segments.count("pdq")
        widest = reach(rows=count, variants=columns.VARIANTS * len(views))
        laid = [columns.variants(v) if v["original"].hashable else None for v in views]
        near: list[list[HashRows]] = [[] for _ in views]
        for segment, words in self._segments.words("pdq"):
            whole: HashRows | None = None
            for found, variants in zip(near, laid, strict=True):
                if variants is None:
                    continue
                at = np.flatnonzero(columns.nearest(words, variants) <= widest)
                if len(at):
                    whole = whole or self._segments.rows(segment, "pdq")
                    found.append(whole.take(at))
        gone = self._segments.tombstones("pdq") if any(near) else np.zeros(0, np.int64)
        hits = [
            replace(hit, view=number)
            for number, found in enumerate(near)
            if found
            for hit in self._hits_among(
                without(joined(found), gone), views[number], count, len(views)
            )
        ]
        return sorted(hits, key=lambda hit: (hit.log10_nfa, hit.picture, hit.view))

    def _hits_among(
        self, found: HashRows, hashes: dict[str, PdqHash], count: int, views: int
    ) -> list[HashHit]:
        table = HashColumns(
            pictures=found.ids, words=found.words, quality=found.quality.astype(np.int64)
        )
        places = {int(number): place for place, number in enumerate(found.ids)}
        hits = columns.hits(table, hashes, rows=count, views=views)
        return [own for hit in hits if (own := self._owned(hit, found, places[hit.picture]))]

    def within(self, words: NDArray[np.uint64], *, kind: str, radius: int) -> list[NearHash]:
        """Give every hash of a kind within some bits of any of some queries.

        Parameters
        ----------
        words : (V, 4) uint64
            The queries: a hash in each way it may be laid down.
        kind : str
        radius : int
        """
        wide = kinds.width(kind)
        gone = self._segments.tombstones(kind)
        found = []
        for segment, table in self._segments.words(kind):
            bits = np.min([columns.distances(table, query[:wide]) for query in words], axis=0)
            at = np.flatnonzero(bits <= radius)
            if len(at) == 0:
                continue
            rows = self._segments.rows(segment, kind).take(at)
            standing = set(without(rows, gone).ids.tolist())
            found += [
                NearHash(
                    id=number,
                    kind=kind,
                    distance=int(bits[at[place]]),
                    quality=int(rows.quality[place]),
                    known=self._owner(rows, place, kind)[0],
                )
                for place, number in enumerate(rows.ids.tolist())
                if number in standing
            ]
        return sorted(found, key=lambda near: (near.distance, near.id))

    def shapes(self) -> dict[int, tuple[int, int]]:
        rows = self._connection.execute("SELECT id, height, width FROM picture")
        shapes = {picture: (height, width) for picture, height, width in rows}
        if not all(isinstance(side, int) and side > 0 for s in shapes.values() for side in s):
            raise self._segments.damaged("the size of a picture")
        return shapes

    def features(self) -> Iterator[tuple[int, Features]]:
        rows = self._connection.execute(
            f"SELECT x.picture, x.count, x.data FROM features x {_CURRENT} ORDER BY x.picture",
            (records.ALGORITHM,),
        )
        for picture, count, data in rows:
            yield picture, self._unpacked(data, count)

    def likely(self, query: Features, shape: tuple[int, int]) -> tuple[int, ...] | None:
        """Give the pictures most likely to share a part with a query; None if that is not known.

        The lists are a cache: where they are damaged, or of another version, every picture is
        compared instead.
        """
        try:
            if not inverted.usable(self._connection):
                return None
            found = inverted.candidates(self._connection, query, shape)
        except IndexFileError:
            return None
        chosen = {candidate.picture for candidate in found}
        return tuple(sorted(chosen | set(inverted.missing(self._connection))))

    def features_of(self, picture: int) -> Features:
        row = self._connection.execute(
            "SELECT count, data FROM features WHERE picture = ?", (picture,)
        ).fetchone()
        if row is None:
            raise self._segments.damaged(f"what belongs to picture {picture}")
        return self._unpacked(row[1], row[0])

    def preview(self, picture: int) -> NDArray[np.uint8] | None:
        row = self._connection.execute(
            "SELECT data FROM preview WHERE picture = ?", (picture,)
        ).fetchone()
        if row is None:
            return None
        pixels = records.unpack_preview(row[0])
        if pixels is None:
            raise self._segments.damaged("a preview")
        return pixels

    def _owned(self, hit: HashHit, rows: HashRows, at: int) -> HashHit | None:
        """Say whose hash it is; None if another chain of steps made it."""
        known, region = self._owner(rows, at, "pdq")
        if known.listed is not None:
            return replace(hit, listed=True)
        asked = "SELECT 1 FROM picture WHERE id = ? AND algorithm = ?"
        current = self._connection.execute(asked, (known.id, records.ALGORITHM)).fetchone()
        return replace(hit, picture=known.id, region=region) if current else None

    def _owner(self, rows: HashRows, at: int, kind: str) -> tuple[KnownPicture, Polygon]:
        number = int(rows.ids[at])
        if rows.lists[at]:
            self._listed[number] = self._entry(rows.take(slice(at, at + 1)), kind)
            return self._listed[number], ()
        row = self._connection.execute(
            "SELECT picture, polygon FROM region WHERE id = ?", (number,)
        ).fetchone()
        picture, polygon = (number, ()) if row is None else (row[0], self._polygon(row[1]))
        found = self._connection.execute(
            f"SELECT {_PICTURE} FROM picture WHERE id = ?", (picture,)
        ).fetchone()
        if found is None:
            raise self._segments.damaged(f"the picture of hash {number}")
        return _known(found), polygon

    def _entry(self, row: HashRows, kind: str) -> KnownPicture:
        found = self._connection.execute(
            "SELECT name, date FROM list WHERE id = ?", (int(row.lists[0]),)
        ).fetchone()
        # The key covers what no check sum of a tail row does: the label.
        if found is None or row.keys[0] != listed.keys_of(row, kind=kind, name=found[0])[0]:
            raise self._segments.damaged(f"the label of hash {int(row.ids[0])}")
        return KnownPicture(
            id=int(row.ids[0]),
            sha256="",
            path=row.labels[0],
            width=0,
            height=0,
            date=found[1] or None,
            listed=found[0],
        )

    def _polygon(self, text: str) -> Polygon:
        found = polygon(text)
        if found is None:
            raise self._segments.damaged("the region of a hash")
        return found

    def _ids(self, question: str, value: bytes) -> list[int]:
        return [row[0] for row in self._connection.execute(question, (value,))]

    def _unpacked(self, data: bytes, count: int) -> Features:
        found = records.unpack_features(data, count=count)
        if found is None:
            raise self._segments.damaged("the features of a picture")
        return found


def polygon(text: object) -> Polygon | None:
    """Read the corners of a region; None if they are not as they were written."""
    try:
        corners = [(float(x), float(y)) for x, y in json.loads(str(text))]
    except (ValueError, TypeError, RecursionError):
        return None
    fine = 3 <= len(corners) <= _MOST_CORNERS and all(map(math.isfinite, sum(corners, ())))
    return tuple(corners) if fine else None


def _known(row: tuple[int, str, str, int, int, str | None, str | None]) -> KnownPicture:
    number, sha256, path, width, height, date, note = row
    return KnownPicture(
        id=number,
        sha256=sha256.lower(),
        path=path,
        width=width,
        height=height,
        date=date,
        note=note,
    )
