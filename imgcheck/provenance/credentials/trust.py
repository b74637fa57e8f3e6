"""The user's trust lists: bundles of certificates in PEM form, checked when they are read."""

import base64
import binascii
import hashlib
import re
import ssl
from dataclasses import dataclass
from typing import Literal

from imgcheck.errors import RefusedError

Purpose = Literal["signers", "time-stamps", "identities"]

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
# The lists of August 2026 have 30 and 22 certificates; Mozilla's whole root store about 150.
_MOST_CERTIFICATES = 2_000
MOST_BYTES = 8 << 20
# RFC 5280, 4.2.1.12: extended key usages as they stand in DER.
_TIME_STAMPING = bytes.fromhex("06082b06010505070308")
_EMAIL = bytes.fromhex("06082b06010505070304")
_CLAIM_SIGNING = bytes.fromhex("060a2b0601040183e85e0201")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustBundle:
    """One list of certificates: what for, of which bytes (SHA-256 of the file), since when."""

    purpose: Purpose
    pem: str
    sha256: str
    certificates: int
    date: str | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """The list in words that identify it."""
        since = f", imported {self.date}" if self.date else ""
        return f"SHA-256 {self.sha256}{since} ({self.certificates} certificates)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """Every trusted bundle. Without bundles no signer is trusted."""

    bundles: tuple[TrustBundle, ...] = ()

    def of(self, purpose: Purpose) -> tuple[TrustBundle, ...]:
        return tuple(b for b in self.bundles if b.purpose == purpose)

    def named(self, purpose: Purpose) -> str:
        """Return the lists for one purpose in words, or that there is none."""
        return "; ".join(b.label for b in self.of(purpose)) or "no trust list"


NO_TRUST = TrustList()


def read_bundle(
    data: bytes, *, purpose: Purpose | None = None, date: str | None = None, name: str = ""
) -> TrustBundle:
    """Read and check a PEM bundle.

    Parameters
    ----------
    data : bytes
        Certificates in PEM form; words between them are skipped, keys are refused.
    purpose : str, optional
        What the certificates are trusted for. Without it: ``time-stamps`` where some of them may
        only stamp times and none may sign content, else ``signers``.
    date : str, optional
        ISO date of its import, to print with the list.

    Raises
    ------
    RefusedError
        If it is too large, holds a private key, no certificate, or one that cannot be read.
    """
    shown = name or "the trust list"
    if len(data) > MOST_BYTES:
        raise RefusedError(
            f"{shown}: has more than {MOST_BYTES >> 20} MB; a list of root certificates is smaller"
        )
    if b"PRIVATE KEY-----" in data:
        raise RefusedError(f"{shown}: holds a private key; give certificates only")
    blocks = _BLOCK.findall(data)
    if not blocks:
        raise RefusedError(
            f"{shown}: holds no certificate; give a PEM file (-----BEGIN CERTIFICATE-----)"
        )
    if len(blocks) > _MOST_CERTIFICATES:
        raise RefusedError(f"{shown}: holds more than {_MOST_CERTIFICATES} certificates")
    if data.count(b"-----BEGIN CERTIFICATE-----") != len(blocks):
        raise RefusedError(f"{shown}: the last certificate is cut short; get the file again")
    ders = [_checked(block, number, shown) for number, block in enumerate(blocks, 1)]
    return TrustBundle(
        purpose=purpose or _purpose(ders),
        pem="".join(ssl.DER_cert_to_PEM_cert(der) for der in ders),
        sha256=hashlib.sha256(data).hexdigest(),
        certificates=len(ders),
        date=date,
        name=name,
    )


def _checked(block: bytes, number: int, shown: str) -> bytes:
    try:
        der = base64.b64decode(b"".join(block.split()), validate=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # used as a parser; nothing is connected
        context.load_verify_locations(cadata=der)
    except (binascii.Error, ssl.SSLError, ValueError) as error:
        raise RefusedError(
            f"{shown}: certificate {number} cannot be read; get the file again or leave it out"
        ) from error
    return der


def _purpose(ders: list[bytes]) -> Purpose:
    stamping = any(_TIME_STAMPING in der for der in ders)
    signing = any(_EMAIL in der or _CLAIM_SIGNING in der for der in ders)
    return "time-stamps" if stamping and not signing else "signers"
