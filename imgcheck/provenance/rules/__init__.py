"""Consistency of the fields of one file: one small rule a question.

A rule states what it read, what follows and what does not, and how often it fires on camera files.
"""

from typing import TYPE_CHECKING

from imgcheck.imaging.containers.tree import Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.platforms.fbmd import Fbmd
from imgcheck.provenance.rules import coding, duplicates, places, programs, times
from imgcheck.provenance.rules.programs import named_years
from imgcheck.provenance.rules.rule import Facts, FireRate, Rule, RuleResult, State, fire_rates

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding

__all__ = ["RULES", "consistency", "named_years", "RuleResult", "FireRate", "State"]

#: In the order in which they are reported.
RULES: tuple[Rule, ...] = (
    *times.RULES, *duplicates.RULES, *coding.RULES, *programs.RULES, *places.RULES
)  # fmt: skip


def consistency(
    data: FileContent,
    *,
    structure: Structure,
    encoding: "Encoding | None",
    metadata: Metadata,
    name: str | None = None,
    thumbnail: str | None = None,
    fbmd: Fbmd | None = None,
) -> tuple[RuleResult, ...]:
    """Apply every rule to the fields of a file.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    structure, encoding, metadata
        As the functions of those names return them.
    name : str or None
        The file's name without folders, where it is known.
    thumbnail : str or None
        ``kind`` of `thumbnail_agreement`: what the embedded thumbnail shows.
    fbmd : Fbmd or None
        As `read_fbmd` returns it.

    Returns
    -------
    tuple of RuleResult
        One for every rule, in the order of `RULES`; a rule that does not apply states why.
        A rule that fires is about the file's fields. It never shows that the picture was altered.

    Notes
    -----
    Each result carries the measured share of camera files on which its rule fires. Those files
    are not certified untouched: it is a fire rate, not a false-alarm rate.
    """
    facts = Facts(data=file_bytes(data), structure=structure, encoding=encoding,
                  metadata=metadata, name=name, thumbnail=thumbnail, fbmd=fbmd)  # fmt: skip
    rates = fire_rates()
    return tuple(rule.result(facts, rates.get(rule.id, ())) for rule in RULES)
