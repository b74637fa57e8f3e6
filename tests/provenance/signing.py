"""Pictures signed with certificates made here: the truth of the tests of content credentials."""

import datetime as dt
import hashlib
import io
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from PIL import Image as Pillow

_BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_END = dt.datetime(2049, 1, 1, tzinfo=dt.UTC)
_EMAIL = "1.3.6.1.5.5.7.3.4"
CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


_QUIET = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
    "builder": {
        "thumbnail": {"enabled": False},
        "actions": {
            "auto_created_action": {"enabled": False},
            "auto_opened_action": {"enabled": False},
            "auto_placed_action": {"enabled": False},
        },
    },
}


@dataclass(frozen=True)
class Authority:
    """A root and one signer below it."""

    root_pem: str
    chain_pem: str
    key_pem: str


@cache
def authority(name: str = "Imgcheck Test") -> Authority:
    """Make a root and a signer, both Ed25519, from seeds that depend on the name only."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    root_key = Ed25519PrivateKey.from_private_bytes(_seed(f"{name} root"))
    leaf_key = Ed25519PrivateKey.from_private_bytes(_seed(f"{name} leaf"))
    root = _certificate(f"{name} Root", root_key, None, None)
    leaf = _certificate(f"{name} Signer", leaf_key, root, root_key)
    pem = serialization.Encoding.PEM
    return Authority(
        root_pem=root.public_bytes(pem).decode(),
        chain_pem=leaf.public_bytes(pem).decode() + root.public_bytes(pem).decode(),
        key_pem=leaf_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )


def _seed(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()


def _certificate(name: str, key: Any, issuer: Any, issuer_key: Any) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "imgcheck tests"),
        ]
    )
    root = issuer is None
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    above = key if root else issuer_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if root else issuer.subject)
        .public_key(key.public_key())
        .serial_number(1 + int.from_bytes(_seed(name)[:8], "big"))
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not root, key_cert_sign=root, **usage), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False
        )
    )
    if not root:
        purposes = x509.ExtendedKeyUsage([x509.ObjectIdentifier(_EMAIL)])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(above, None)


@dataclass(frozen=True)
class Part:
    """An ingredient: a file, and how it was used."""

    data: bytes
    title: str
    relation: str = "componentOf"
    media: str = "image/jpeg"
    more: dict[str, Any] = field(default_factory=dict)


def sign(
    picture: bytes,
    *,
    title: str = "post.jpg",
    media: str = "image/jpeg",
    by: Authority | None = None,
    assertions: tuple[dict[str, Any], ...] = (),
    parts: tuple[Part, ...] = (),
    remote_url: str | None = None,
    embed: bool = True,
    steps: dict[str, Any] | None = None,
    stamped_by: str | None = None,
    identity: Authority | None = None,
) -> bytes:
    """Sign a picture, odd ones too: the library's own check after signing is off."""
    import c2pa

    signer = by or authority()
    definition = {
        "title": title,
        "claim_generator_info": [{"name": "imgcheck tests", "version": "1"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [steps or _first_step(parts)]}},
            *assertions,
        ],
    }
    told = {"version": 1, **_QUIET}
    if identity is not None:
        told |= {"signer": _local(signer), "cawg_x509_signer": _local(identity)}
    context = c2pa.Context(c2pa.Settings.from_dict(told))
    if identity is not None:
        # The Python face does not notice a signer that comes in by the settings.
        context._has_signer = True
    builder = c2pa.Builder.from_json(json.dumps(definition), context=context)
    for part in parts:
        words = {"title": part.title, "relationship": part.relation, "instance_id": part.title}
        builder.add_ingredient(
            json.dumps({**words, **part.more}), part.media, io.BytesIO(part.data)
        )
    if remote_url is not None:
        builder.set_remote_url(remote_url)
    if not embed:
        builder.set_no_embed()
    out = io.BytesIO()
    if identity is not None:
        builder.sign(media, io.BytesIO(picture), out)
        return out.getvalue()
    info = c2pa.C2paSignerInfo(
        alg=b"ed25519",
        sign_cert=signer.chain_pem.encode(),
        private_key=signer.key_pem.encode(),
        ta_url=None if stamped_by is None else stamped_by.encode(),
    )
    builder.sign(c2pa.Signer.from_info(info), media, io.BytesIO(picture), out)
    return out.getvalue()


def _local(who: Authority) -> dict[str, Any]:
    return {"local": {"alg": "ed25519", "sign_cert": who.chain_pem, "private_key": who.key_pem}}


def _first_step(parts: tuple[Part, ...]) -> dict[str, Any]:
    if parts and parts[0].relation == "parentOf":
        return {"action": "c2pa.opened", "parameters": {"ingredientIds": [parts[0].title]}}
    return {"action": "c2pa.created", "digitalSourceType": CAPTURE}


def picture(
    seed: int = 1, *, form: str = "JPEG", exif: bytes = b"", size: tuple[int, int] = (120, 90)
) -> bytes:
    """Draw a small picture that compresses like a photograph."""
    noise = np.random.default_rng(seed)
    rows, cols = np.mgrid[: size[1], : size[0]]
    soft = (
        90 + 60 * np.sin(rows / 9 + seed) + 40 * np.cos(cols / 13) + noise.normal(0, 6, rows.shape)
    )
    rgb = np.clip(np.stack([soft, soft * 0.9, soft * 0.7], axis=2), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    options: dict[str, Any] = {"exif": exif} if exif else {}
    Pillow.fromarray(rgb).save(out, form, **options)
    return out.getvalue()
