"""What ties a log to something outside its folder: noted head hashes and signatures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imgcheck.custody import canonical, keys, layout, signing
from imgcheck.custody.chain import Chain
from imgcheck.custody.copying import read_small
from imgcheck.custody.entry import Entry
from imgcheck.custody.problem import Problem
from imgcheck.errors import MissingDependencyError, UsageError
from imgcheck.imaging.text import printable

#: 16 hexadecimal digits are 64 bits: enough against a slip, short enough for paper.
FEWEST_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signature of the case and what it is worth.

    Attributes
    ----------
    path : str
    fingerprint : str
        SHA-256 of the public key; whose key it is, nothing here can say.
    line : int
        The signature covers the log up to this line.
    valid : bool or None
        None where `cryptography` is not installed, so that it was not tested.
    """

    path: str
    fingerprint: str
    line: int
    valid: bool | None


def examine(
    folder: Path, chain: Chain, *, public_key: bytes | None
) -> tuple[tuple[Seal, ...], list[Problem]]:
    """Check every signature that the log speaks of.

    Raises
    ------
    MissingDependencyError
        If a public key was given and `cryptography` is not installed.
    """
    wanted = None if public_key is None else keys.fingerprint(public_key)
    states: list[Seal] = []
    problems: list[Problem] = []
    for entry in chain.entries:
        if entry.action == "sign":
            for kept in entry.files:
                state = _seal(folder, kept.path, entry, chain)
                if isinstance(state, Seal):
                    states.append(state)
                elif state is not None:
                    problems.append(state)
    if wanted is not None and not any(s.valid and s.fingerprint == wanted for s in states):
        words = f"no valid signature is by the key of fingerprint {wanted}"
        problems.append(Problem(kind="signature", path=layout.SIGNATURES, message=words))
    return tuple(states), problems


def _seal(folder: Path, path: str, entry: Entry, chain: Chain) -> Seal | Problem | None:
    try:
        signature = signing.read(read_small(folder / path, signing.MOST_BYTES))
    except OSError:
        return None  # missing or a link: the walk says so
    except canonical.NotCanonical as error:
        return Problem(kind="signature", path=path, line=entry.sequence, message=f"it {error}")
    line = chain.lines[signature.lines - 1] if 0 < signature.lines <= len(chain.lines) else None
    if line is None or line.sha256 != signature.sha256 or signature.case != entry.case:
        words = f"it signs a line {signature.lines} that is not the one in this log"
        return Problem(kind="signature", path=path, line=entry.sequence, message=words)
    if entry.detail.get("public_key_sha256") != signature.fingerprint:
        words = f"line {entry.sequence} speaks of another key"
        return Problem(kind="signature", path=path, line=entry.sequence, message=words)
    valid: bool | None = None
    try:
        valid = signing.is_valid(signature)
    except MissingDependencyError:
        valid = None
    if valid is False:
        words = "the signature is not that of the key it names: what it signs was changed"
        return Problem(kind="signature", path=path, line=entry.sequence, message=words)
    return Seal(path=path, fingerprint=signature.fingerprint, line=signature.lines, valid=valid)


def remarks(states: tuple[Seal, ...], chain: Chain) -> Iterator[str]:
    """Say in sentences what the signatures cover."""
    for state in states:
        if state.valid is None:
            yield f"{state.path}: not tested; pip install 'imgcheck[sign]'"
            continue
        behind = len(chain.lines) - state.line
        yield (
            f"{state.path}: signed up to line {state.line} ({behind} later) by the key "
            f"{state.fingerprint[:16]}…; whose key that is must be known from elsewhere"
        )


def noted(chain: Chain, expected: str) -> str | Problem:
    """Look for a head hash that was noted down elsewhere among the lines of the log.

    Raises
    ------
    UsageError
        If it is no hash.
    """
    wanted = expected.strip().lower()
    if not FEWEST_DIGITS <= len(wanted) <= 64 or not set(wanted) <= set("0123456789abcdef"):
        raise UsageError(
            f"--expect-head: {printable(expected, limit=70)} is no hash; give the 64 hexadecimal "
            f"digits that were noted down, or the first {FEWEST_DIGITS} or more"
        )
    for line in chain.lines:
        if line.entry is not None and line.sha256.startswith(wanted):
            behind = len(chain.lines) - line.number
            return (
                f"the head that was noted down is line {line.number}: the log up to there is the "
                f"one of that time; {behind} line(s) came later"
            )
    return Problem(
        kind="expected-head",
        path=layout.LOG,
        message="no line has the hash that was noted down: this is not the log of that time, or "
        "lines up to there were changed",
    )
