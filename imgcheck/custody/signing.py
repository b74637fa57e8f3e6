"""Detached Ed25519 signatures over a state of the log: keys, signing, and what signatures cover.

What is signed is the canonical JSON of a statement that names the head of the log: number and hash
of a line. That line holds the hash of the line before, and each line the hashes of the files that
came with it, so the signature covers every file and line up to there. `cryptography` is loaded in
this module only, and only when it is needed.

References
----------
.. [1] S. Josefsson and I. Liusvaara, "Edwards-Curve Digital Signature Algorithm (EdDSA)", RFC 8032.
"""

import base64
import binascii
import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcheck.custody import canonical, layout
from imgcheck.custody.chain import History
from imgcheck.custody.files import read_small, write_new
from imgcheck.custody.folder import CustodyFolder
from imgcheck.custody.layout import CaseDamagedError, explained
from imgcheck.custody.log import Entry, now
from imgcheck.errors import MissingDependencyError, UsageError
from imgcheck.imaging.intake import read_small as read_named
from imgcheck.imaging.text import printable
from imgcheck.model.documents import Problem, Seal

SCHEMA = "imgcheck-signature/1"
# A signature file has some 700 bytes.
MOST_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature file that was read."""

    case: str
    # The head that was signed.
    lines: int
    sha256: str
    fingerprint: str  # SHA-256 of the public key (its SubjectPublicKeyInfo in DER)
    public_key: bytes
    message: bytes
    signature: bytes
    # Hash of the ``report.json`` that the signature names, if it names one.
    report_sha256: str | None = None


def sign(
    case: CustodyFolder,
    key: bytes,
    *,
    passphrase: bytes | None = None,
    report: int | None = None,
) -> Signature:
    """Sign the present head of a case; the signature becomes a file and a line of it.

    Parameters
    ----------
    key : bytes
        Ed25519 private key, PEM (PKCS #8).
    report : int, optional
        Name the ``report.json`` of this number by its hash as well, so that report and signature
        can be checked together without the case (`check_report`).

    Raises
    ------
    MissingDependencyError
        If `cryptography` is not installed.
    UsageError
        If the key is of another kind, or its passphrase is wrong or missing.
    """
    private = _load_private(key, passphrase)
    der = _der(private.public_key())
    statement: dict[str, Any] = {
        "algorithm": "Ed25519",
        "head": case.head.value(),
        "public_key": base64.b64encode(der).decode("ascii"),
        "public_key_sha256": hashlib.sha256(der).hexdigest(),
        "time": now(),
        "time_source": "this machine's clock",
    }
    if report is not None:
        statement["report"] = _report(case, report)
    message = canonical.dumps(statement)
    value = {
        "schema": SCHEMA,
        "signature": base64.b64encode(private.sign(message)).decode("ascii"),
        "statement": statement,
    }
    data = canonical.dumps(value) + b"\n"
    number = 1 + sum(entry.action == "sign" for entry in case.entries)
    detail = {
        "public_key_sha256": statement["public_key_sha256"],
        "signed": {"line": case.head.lines, "sha256": case.head.sha256},
    }
    case.keep(f"{layout.SIGNATURES}/{layout.numbered(number)}.json", data, "sign", detail)
    return read(data)


def _report(case: CustodyFolder, number: int) -> dict[str, Any]:
    path = f"{layout.REPORTS}/{layout.numbered(number)}/report.json"
    for entry in case.entries:
        for kept in entry.files:
            if kept.path == path:
                case.require_unchanged(kept)
                return {"path": path, "sha256": kept.sha256, "size": kept.size}
    raise UsageError(f"there is no report {number} in this case")


def read(data: bytes) -> Signature:
    """Read a signature file and check its form; raises `canonical.NotCanonical`."""
    if len(data) > MOST_BYTES or not data.endswith(b"\n"):
        raise canonical.NotCanonical("is not one line")
    value = canonical.loads(data[:-1])
    try:
        statement, head = value["statement"], value["statement"]["head"]
        der = base64.b64decode(statement["public_key"], validate=True)
        signature = base64.b64decode(value["signature"], validate=True)
        sound = (
            value["schema"] == SCHEMA
            and set(value) == {"schema", "signature", "statement"}
            and statement["algorithm"] == "Ed25519"
            and type(head["lines"]) is int
            and layout.is_sha256(head["sha256"])
            # One key and one signature have one text each.
            and base64.b64encode(der).decode("ascii") == statement["public_key"]
            and base64.b64encode(signature).decode("ascii") == value["signature"]
            and hashlib.sha256(der).hexdigest() == statement["public_key_sha256"]
        )
        if not sound:
            raise canonical.NotCanonical("is not a signature file of imgcheck")
        return Signature(
            case=str(head["case"]),
            lines=head["lines"],
            sha256=head["sha256"],
            fingerprint=statement["public_key_sha256"],
            public_key=der,
            message=canonical.dumps(statement),
            signature=signature,
            report_sha256=statement["report"]["sha256"] if "report" in statement else None,
        )
    except (KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise canonical.NotCanonical(f"is not a signature file of imgcheck: {error}") from None


def check_report(report: bytes, signature: bytes, *, public_key: bytes) -> Signature:
    """Check a report that was handed over with its signature, without the case.

    Raises
    ------
    CaseDamagedError
        If the signature is not by this key, was changed, or is that of another report.
    UsageError
        If the public key is none.
    """
    wanted = fingerprint(public_key)
    try:
        found = read(signature)
    except canonical.NotCanonical as error:
        raise CaseDamagedError(f"the signature {error}") from None
    if found.fingerprint != wanted:
        raise CaseDamagedError(f"the signature is by another key, {found.fingerprint}")
    if not is_valid(found):
        raise CaseDamagedError("the signature does not match the signed content, which was changed")
    # ``report.json`` is written in one way only, so its bytes stand for its content.
    if found.report_sha256 != hashlib.sha256(report).hexdigest():
        raise CaseDamagedError("the signature is valid, but belongs to another report")
    return found


def is_valid(signature: Signature) -> bool:
    """Return whether the signature is that of the key which it names."""
    serialization, ed25519 = _library()
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        key = serialization.load_der_public_key(signature.public_key)
        if not isinstance(key, ed25519.Ed25519PublicKey):
            return False
        key.verify(signature.signature, signature.message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def fingerprint(public_key: bytes) -> str:
    """Return the fingerprint of an Ed25519 public key in PEM; raises `UsageError`."""
    serialization, ed25519 = _library()
    try:
        key = serialization.load_pem_public_key(public_key)
    except Exception as error:  # the library raises several kinds for what is no key
        raise UsageError(f"this is not a public key in PEM format: {str(error)[:200]}") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise UsageError("this is another kind of public key; Ed25519 is needed")
    return hashlib.sha256(_der(key)).hexdigest()


def make_key(path: Path, *, passphrase: bytes | None = None) -> tuple[Path, str]:
    """Make a key pair: ``KEY.pem`` for its owner only, ``KEY.pub.pem`` for everybody.

    Returns
    -------
    tuple of Path and str
        The path of the public key, and its fingerprint.

    Raises
    ------
    UsageError
        If one of the files exists.
    """
    serialization, ed25519 = _library()
    public_path = path.with_name(f"{path.stem}.pub.pem")
    for one in (path, public_path):
        if one.exists() or one.is_symlink():
            raise UsageError(f"{printable(one.name)}: exists; an existing key is not overwritten")
    private = ed25519.Ed25519PrivateKey.generate()
    lock: Any = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    public = private.public_key()
    public_pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with explained(printable(str(path))):
        write_new(path, pem, mode=0o600)
        write_new(public_path, public_pem)
    return public_path, hashlib.sha256(_der(public)).hexdigest()


def read_small_file(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """Read a key or a signature: a regular file of at most 64 KiB, or of ``most`` bytes."""
    return read_named(path, most_bytes=most)


def _load_private(key: bytes, passphrase: bytes | None) -> Any:
    """Load an Ed25519 private key in PEM; raises `UsageError` for anything else."""
    serialization, ed25519 = _library()
    try:
        private = serialization.load_pem_private_key(key, passphrase)
    except TypeError:
        words = "needs its passphrase" if passphrase is None else "has no passphrase"
        raise UsageError(f"this key {words}") from None
    except Exception as error:  # the library raises several kinds for what is no key
        raise UsageError(
            "this is not a private key in PEM format, or the passphrase is wrong: "
            f"{str(error)[:200]}"
        ) from None
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise UsageError("this is another kind of private key; Ed25519 is needed")
    return private


def _der(public: Any) -> bytes:
    """Return a public key as SubjectPublicKeyInfo in DER; its hash is the fingerprint."""
    serialization, _ = _library()
    data: bytes = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return data


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingDependencyError(
            "signatures need cryptography, which is not installed: pip install 'imgcheck[sign]'"
        ) from error
    return serialization, ed25519


def examine(
    folder: Path, chain: History, *, public_key: bytes | None
) -> tuple[tuple[Seal, ...], list[Problem]]:
    """Check every signature that the log names, and that one is by ``public_key`` if given."""
    wanted = None if public_key is None else fingerprint(public_key)
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
        words = f"there is no valid signature by the key with the fingerprint {wanted}"
        problems.append(Problem(kind="signature", path=layout.SIGNATURES, message=words))
    return tuple(states), problems


def _seal(folder: Path, path: str, entry: Entry, chain: History) -> Seal | Problem | None:
    def problem(words: str) -> Problem:
        return Problem(kind="signature", path=path, line=entry.sequence, message=words)

    try:
        signature = read(read_small(folder / path, MOST_BYTES))
    except OSError:
        return None  # missing or a link: the walk reports it
    except canonical.NotCanonical as error:
        return problem(f"it {error}")
    line = chain.lines[signature.lines - 1] if 0 < signature.lines <= len(chain.lines) else None
    if line is None or line.sha256 != signature.sha256 or signature.case != entry.case:
        return problem(
            f"it signs line {signature.lines} of the log, but that line is different in this log"
        )
    if entry.detail.get("public_key_sha256") != signature.fingerprint:
        return problem(f"line {entry.sequence} names another key")
    valid: bool | None = None
    with contextlib.suppress(MissingDependencyError):
        valid = is_valid(signature)
    if valid is False:
        return problem(
            "the signature does not match the key that it names: the signed content was changed"
        )
    return Seal(path=path, fingerprint=signature.fingerprint, line=signature.lines, valid=valid)


def remarks(states: tuple[Seal, ...], chain: History) -> Iterator[str]:
    """Return sentences on what the signatures cover."""
    for state in states:
        if state.valid is None:
            yield f"{state.path}: not tested; pip install 'imgcheck[sign]'"
            continue
        behind = len(chain.lines) - state.line
        yield (
            f"{state.path}: signed up to line {state.line} ({behind} later) by the key "
            f"{state.fingerprint[:16]}…; confirm from another source whose key this is"
        )
