"""Detached Ed25519 signatures over a state of the log.

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
from dataclasses import dataclass
from typing import Any

from imgcheck.custody import canonical, keys, layout
from imgcheck.custody.entry import now
from imgcheck.custody.fault import CaseDamagedError
from imgcheck.custody.folder import CustodyFolder
from imgcheck.errors import UsageError

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
    private = keys.load_private(key, passphrase)
    der = keys.der(private.public_key())
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
    wanted = keys.fingerprint(public_key)
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
    return keys.is_signed(signature.message, signature.signature, signature.public_key)
