"""Every rule, asked of one file."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from imgcheck.imaging.containers.mpf import read_mpf
from imgcheck.imaging.containers.tree import Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.pictures.embedded import jpeg_size
from imgcheck.provenance.platforms.fbmd import Fbmd
from imgcheck.provenance.rules import (
    clocks,
    drone,
    encoder_marks,
    exposure,
    file_name,
    frame,
    gps_clock,
    history,
    models,
    offsets,
    position,
    programs,
    said_twice,
)
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.rates import fire_rates
from imgcheck.provenance.rules.result import RuleResult
from imgcheck.provenance.rules.rule import Rule

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding

#: In the order in which they are told: times, sizes, encoding, offsets, programs, places.
RULES: tuple[Rule, ...] = (
    *clocks.RULES, *gps_clock.RULES, *said_twice.RULES, *exposure.RULES, *file_name.RULES,
    *frame.RULES, *encoder_marks.RULES, *models.RULES, *offsets.RULES, *history.RULES,
    *programs.RULES, *position.RULES, *drone.RULES,
)  # fmt: skip


def consistency(
    data: FileContent,
    *,
    structure: Structure,
    encoding: "Encoding | None",
    metadata: Metadata,
    name: str | None = None,
    thumbnail: str | None = None,
    thumbnail_size: tuple[int, int] | None = None,
    fbmd: Fbmd | None = None,
    pictures: Iterable[tuple[int, int]] | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[RuleResult, ...]:
    """Ask whether the fields of a file agree with each other.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    structure, encoding, metadata
        As the functions of those names give them.
    name : str or None
        The file's name without folders, where it is known.
    thumbnail : str or None
        ``kind`` of `thumbnail_agreement`: what the embedded thumbnail shows.
    thumbnail_size : (width, height) or None
        Of the embedded thumbnail; read from its header where it is not given.
    fbmd : Fbmd or None
        As `decode_fbmd` gives it.
    pictures : iterable of (offset, length) or None
        Places in the file that an index of several pictures states; read from the MPF index of
        a JPEG where they are not given.
    size : (width, height) or None
        Of the stored picture, in pixels, where another reader knows it (PNG, WebP, HEIF); of a
        JPEG or a TIFF it is read from the structure.

    Returns
    -------
    tuple of RuleResult
        One for every rule, in the order of `RULES`; the rule that cannot be asked says why.
        A rule that fires speaks of the file's fields. It never says that the picture was altered.

    Notes
    -----
    Each result carries the measured share of camera files on which its rule fires. Those files
    are not certified untouched: it is a fire rate, not a false-alarm rate.
    """
    data = file_bytes(data)
    if thumbnail_size is None and metadata.thumbnail is not None:
        thumbnail_size = jpeg_size(metadata.thumbnail.data)
    listed = _listed(data, structure) if pictures is None else tuple(pictures)
    facts = Facts(data=data, structure=structure, encoding=encoding, metadata=metadata, name=name,
                  thumbnail=thumbnail, thumbnail_size=thumbnail_size, fbmd=fbmd,
                  pictures=listed, size=size,
                  times={time.tag: time for time in reversed(metadata.times)},
                  entries={f"{one.group}:{one.name}": one for one in reversed(metadata.entries)},
                  )  # fmt: skip
    rates = fire_rates()
    return tuple(rule.result(facts, rates.get(rule.id, ())) for rule in RULES)


def _listed(data: bytes, structure: Structure) -> tuple[tuple[int, int], ...] | None:
    """Give the places of the pictures after the first that an MPF index states."""
    index = read_mpf(data, structure=structure)
    if index is None:
        return None
    return tuple((e.offset, e.length) for e in index.entries if e.number > 1 and e.length)
