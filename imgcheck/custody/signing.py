"""Detached Ed25519 signatures over a state of the log; `cryptography` is loaded only here.

What is signed is the canonical JSON of a statement that names the head of the log: number and hash
of a line. That line holds the hash of the line before, and each line the hashes of the files that
came with it, so the signature covers every file and line up to there.

References
----------
.. [1] S. Josefsson and I. Liusvaara, "Edwards-Curve Digital Signature Algorithm (EdDSA)", RFC 8032.
"""

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcheck.custody import canonical, layout
from imgcheck.custody.copying import write_new
from imgcheck.custody.entry import now
from imgcheck.custody.fault import CaseDamagedError, said
from imgcheck.custody.folder import CustodyFolder
from imgcheck.errors import MissingDependencyError, UnreadableError, UsageError
from imgcheck.imaging.intake import open_regular
from imgcheck.imaging.text import printable

SCHEMA = "imgcheck-signature/1"
#: A signature file is of some 700 bytes.
MOST_BYTES = 65536
_MOST_KEY_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature file that was read.

    Attributes
    ----------
    lines, sha256 : int, str
        The head that was signed.
    fingerprint : str
        SHA-256 of the public key (its SubjectPublicKeyInfo in DER), in hexadecimal.
    report_sha256 : str or None
        Hash of the ``report.json`` that the signature names, if it names one.
    """

    case: str
    lines: int
    sha256: str
    fingerprint: str
    public_key: bytes
    message: bytes
    signature: bytes
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
        can be checked together without the case (`is_of`).

    Raises
    ------
    MissingDependencyError
        If `cryptography` is not installed.
    UsageError
        If the key is of another kind, or its passphrase is wrong or missing.
    """
    private = _private(key, passphrase)
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


def is_of(signature: Signature, report: bytes) -> bool:
    """Tell whether a signature names a report by the hash of its bytes.

    ``report.json`` is written in one way only (sorted, two spaces, ASCII), so its bytes stand for
    its content.
    """
    return signature.report_sha256 == hashlib.sha256(report).hexdigest()


def read(data: bytes) -> Signature:
    """Read a signature file; nothing is checked yet but its form.

    Raises
    ------
    canonical.NotCanonical
        If it is none.
    """
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
            raise canonical.NotCanonical("is no signature of this form")
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
        raise canonical.NotCanonical(f"is no signature of this form: {error}") from None


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
        raise CaseDamagedError("the signature does not belong to what it signs: it was changed")
    if not is_of(found, report):
        raise CaseDamagedError("the signature is sound, but it is not that of this report")
    return found


def is_valid(signature: Signature) -> bool:
    """Tell whether the signature is that of the key which it names.

    Raises
    ------
    MissingDependencyError
        If `cryptography` is not installed.
    """
    serialization, ed25519 = _library()
    from cryptography.exceptions import InvalidSignature

    try:
        key = serialization.load_der_public_key(signature.public_key)
        if not isinstance(key, ed25519.Ed25519PublicKey):
            return False
        key.verify(signature.signature, signature.message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    except Exception as error:
        if type(error).__name__ == "UnsupportedAlgorithm":
            return False
        raise
    return True


def fingerprint(public_key: bytes) -> str:
    """Give the fingerprint of a public key in PEM.

    Raises
    ------
    UsageError
        If it is no Ed25519 public key.
    """
    serialization, ed25519 = _library()
    try:
        key = serialization.load_pem_public_key(public_key)
    except Exception as error:  # the library raises several kinds for what is no key
        raise UsageError(f"this is no public key in PEM: {str(error)[:200]}") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise UsageError("this is a public key of another kind; Ed25519 is needed")
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
            raise UsageError(f"{printable(one.name)}: exists; a key is never replaced")
    private = ed25519.Ed25519PrivateKey.generate()
    lock: Any = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    public = private.public_key()
    public_pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with said(printable(str(path))):
        write_new(path, pem, mode=0o600)
        write_new(public_path, public_pem)
    return public_path, hashlib.sha256(_der(public)).hexdigest()


def read_small_file(path: Path, *, most: int = _MOST_KEY_BYTES) -> bytes:
    """Read a key or a signature: a regular file of at most 64 KiB, or of ``most`` bytes.

    Raises
    ------
    UnreadableError
        If it cannot be read, or is longer.
    """
    shown = printable(str(path))
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise UnreadableError(f"{shown}: {error}", file=shown) from None
    if len(data) > most:
        raise UnreadableError(f"{shown}: has over {most:,} bytes", file=shown)
    return data


def _private(key: bytes, passphrase: bytes | None) -> Any:
    serialization, ed25519 = _library()
    try:
        private = serialization.load_pem_private_key(key, passphrase)
    except TypeError:
        words = "needs its passphrase" if passphrase is None else "has no passphrase"
        raise UsageError(f"this key {words}") from None
    except Exception as error:  # the library raises several kinds for what is no key
        raise UsageError(
            f"this is no private key in PEM, or the passphrase is wrong: {str(error)[:200]}"
        ) from None
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise UsageError("this is a private key of another kind; Ed25519 is needed")
    return private


def _der(public: Any) -> bytes:
    serialization, _ = _library()
    der: bytes = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return der


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingDependencyError(
            "signatures need cryptography, which is not installed: pip install 'imgcheck[sign]'"
        ) from error
    return serialization, ed25519
