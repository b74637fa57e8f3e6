"""Ed25519 keys; `cryptography` is loaded in this module only, and only when it is needed."""

import hashlib
from pathlib import Path
from typing import Any

from imgcheck.custody.copying import write_new
from imgcheck.custody.fault import said
from imgcheck.errors import MissingDependencyError, UsageError
from imgcheck.imaging.intake import read_small
from imgcheck.imaging.text import printable

_MOST_KEY_BYTES = 65536


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Tell whether a signature over a message is by the key, given in DER."""
    serialization, ed25519 = _library()
    from cryptography.exceptions import InvalidSignature

    try:
        key = serialization.load_der_public_key(public_key)
        if not isinstance(key, ed25519.Ed25519PublicKey):
            return False
        key.verify(signature, message)
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
    return hashlib.sha256(der(key)).hexdigest()


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
    return public_path, hashlib.sha256(der(public)).hexdigest()


def read_small_file(path: Path, *, most: int = _MOST_KEY_BYTES) -> bytes:
    """Read a key or a signature: a regular file of at most 64 KiB, or of ``most`` bytes.

    Raises
    ------
    UnreadableError
        If it cannot be read, or is longer.
    """
    return read_small(path, most_bytes=most)


def load_private(key: bytes, passphrase: bytes | None) -> Any:
    """Load an Ed25519 private key in PEM; raises `UsageError` for anything else."""
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


def der(public: Any) -> bytes:
    """Give a public key as SubjectPublicKeyInfo in DER, of which the fingerprint is made."""
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
