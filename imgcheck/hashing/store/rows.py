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
from imgcheck.hashing import candidates, columns, part_lists, records
from imgcheck.hashing.answer import KnownPicture, NearHash, Polygon
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.probability import reach
from imgcheck.hashing.store import adding, arguments
from imgcheck.hashing.store.segments import HashRows, Segments
from imgcheck.imaging.features import Features

_PICTURE = "id, hex(sha256), path, width, height, date, note"
_MOST_CORNERS = 64


class Rows:
    """The rows of an index in one consistent state, as the search reads them."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._segments = Segments(connection, path)
        self._listed: dict[int, KnownPicture] = {}

    def count(self) -> int:
        """Count the pictures."""
        return int(self._connection.execute("SELECT count(*) FROM picture").fetchone()[0])

    def comparable(self) -> int:
        """Count the pictures whose hashes and features were made by the present algorithm."""
        sql = "SELECT count(*) FROM picture WHERE algorithm = ?"
        return int(self._connection.execute(sql, (records.ALGORITHM,)).fetchone()[0])

    def other_kinds(self) -> list[str]:
        """Return the kinds of listed hashes other than PDQ."""
        return [kind for kind in self._segments.kinds() if kind != "pdq"]

    def listed(self, *of: str) -> int:
        """Count the listed hashes, of some kinds or of all."""
        total = sum(self._segments.count(kind) for kind in of or self._segments.kinds())
        if of and "pdq" not in of:
            return total
        sql = "SELECT (SELECT count(*) FROM picture WHERE hashable) + count(*) FROM region"
        return total - int(self._connection.execute(sql).fetchone()[0])

    def known(self, number: int) -> KnownPicture:
        """Return a picture, or a listed hash that a search of this object found."""
        found = self._picture(number)
        return self._listed[number] if found is None else found

    def all(self) -> Iterator[KnownPicture]:
        """Return the pictures in the order of their ids."""
        rows = self._connection.execute(f"SELECT {_PICTURE} FROM picture ORDER BY id")
        return (_known(row) for row in rows)

    def same(self, column: str, digest: bytes) -> list[int]:
        """Return the pictures with a digest in ``sha256`` (of the file) or ``pixels``."""
        sql = f"SELECT id FROM picture WHERE {column} = ? ORDER BY id"
        return [row[0] for row in self._connection.execute(sql, (digest,))]

    def hits(self, views: Sequence[dict[str, PdqHash]]) -> list[HashHit]:
        """Return the known hashes nearer than expected by chance, most significant first.

        Every PDQ hash of the index is compared, in 8 orientations and 2 polarities, with each
        view of the query; the index is read once.
        """
        count = self._segments.count("pdq")
        widest = reach(rows=count, variants=columns.VARIANTS * len(views))
        queries = [columns.variants(v) if v["original"].hashable else None for v in views]
        near: list[list[HashRows]] = [[] for _ in views]
        for segment, words in self._segments.words("pdq"):
            whole: HashRows | None = None
            for found, variants in zip(near, queries, strict=True):
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
                HashRows.joined(found).without(gone), views[number], count, len(views)
            )
        ]
        return sorted(hits, key=lambda hit: (hit.log10_nfa, hit.picture, hit.view))

    def _hits_among(
        self, found: HashRows, hashes: dict[str, PdqHash], count: int, views: int
    ) -> list[HashHit]:
        places = {int(number): place for place, number in enumerate(found.ids)}
        hits = columns.hits(found.ids, found.words, hashes, rows=count, views=views)
        return [own for hit in hits if (own := self._owned(hit, found, places[hit.picture]))]

    def within(self, words: NDArray[np.uint64], *, kind: str, radius: int) -> list[NearHash]:
        """Return every hash of a kind within some bits of any of some queries, (V, 4)."""
        queries = arguments.checked_words(words, kind=kind).T
        gone = self._segments.tombstones(kind)
        found = []
        for segment, table in self._segments.words(kind):
            bits = np.min([columns.distances(table, query) for query in queries], axis=0)
            at = np.flatnonzero(bits <= radius)
            if len(at) == 0:
                continue
            rows = self._segments.rows(segment, kind).take(at)
            standing = set(rows.without(gone).ids.tolist())
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
        """Return (rows, cols) of every picture by its id."""
        rows = self._connection.execute("SELECT id, height, width FROM picture")
        shapes = {picture: (height, width) for picture, height, width in rows}
        if not all(side > 0 for shape in shapes.values() for side in shape):
            raise self._segments.damaged("the size of a picture")
        return shapes

    def features(self) -> Iterator[tuple[int, Features]]:
        """Return the features of every picture that the present algorithm made."""
        rows = self._connection.execute(
            "SELECT x.picture, x.count, x.data FROM features x JOIN picture p"
            " ON p.id = x.picture AND p.algorithm = ? ORDER BY x.picture",
            (records.ALGORITHM,),
        )
        for picture, count, data in rows:
            yield picture, self._unpacked(data, count)

    def likely(self, query: Features, shape: tuple[int, int]) -> tuple[int, ...] | None:
        """Return the pictures most likely to share a part with a query; None if not known."""
        try:
            if not part_lists.usable(self._connection):
                return None
            found = candidates.candidates(self._connection, query, shape)
        except IndexFileError:
            return None
        chosen = {candidate.picture for candidate in found}
        return tuple(sorted(chosen | set(part_lists.missing(self._connection))))

    def features_of(self, picture: int) -> Features:
        """Return the features of one picture."""
        row = self._connection.execute(
            "SELECT count, data FROM features WHERE picture = ?", (picture,)
        ).fetchone()
        if row is None:
            raise self._segments.damaged(f"the features of picture {picture}")
        return self._unpacked(row[1], row[0])

    def preview(self, picture: int) -> NDArray[np.uint8] | None:
        """Return the stored preview of a picture; None if there is none."""
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
        """Return a hit with its picture; None if another algorithm made the hash."""
        known, region = self._owner(rows, at, "pdq")
        if known.listed is not None:
            return replace(hit, listed=True)
        sql = "SELECT 1 FROM picture WHERE id = ? AND algorithm = ?"
        current = self._connection.execute(sql, (known.id, records.ALGORITHM)).fetchone()
        return replace(hit, picture=known.id, region=region) if current else None

    def _owner(self, rows: HashRows, at: int, kind: str) -> tuple[KnownPicture, Polygon]:
        number = int(rows.ids[at])
        if rows.lists[at]:
            self._listed[number] = self._entry(rows.take(slice(at, at + 1)), kind)
            return self._listed[number], ()
        row = self._connection.execute(
            "SELECT picture, polygon FROM region WHERE id = ?", (number,)
        ).fetchone()
        picture, corners = (number, ()) if row is None else (row[0], polygon(row[1]))
        if corners is None:
            raise self._segments.damaged("the region of a hash")
        found = self._picture(picture)
        if found is None:
            raise self._segments.damaged(f"the picture of hash {number}")
        return found, corners

    def _entry(self, row: HashRows, kind: str) -> KnownPicture:
        found = self._connection.execute(
            "SELECT name, date FROM list WHERE id = ?", (int(row.lists[0]),)
        ).fetchone()
        # The key covers what no check sum of a tail row does: the label.
        if found is None or row.keys[0] != adding.keys_of(row, kind=kind, name=found[0])[0]:
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

    def _picture(self, number: int) -> KnownPicture | None:
        sql = f"SELECT {_PICTURE} FROM picture WHERE id = ?"
        row = self._connection.execute(sql, (number,)).fetchone()
        return None if row is None else _known(row)

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
