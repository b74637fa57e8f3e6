"""Content credentials in plain sentences. Strings of the file come unescaped: escape them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from imgcheck.provenance.credentials.result import Credentials, OutsideHash, Signer, Stamp

_INTEGRITY = {
    "intact": "signature, assertions and content hash fit: the hashed bytes are those signed",
    "broken": "broken: what is there is not what was signed",
    "disputed": "disputed: signature and content hash fit, but the library refuses the manifest",
    "unreadable": "present, but unreadable",
    "not validated": "present, not validated",
}
_TRUST = {
    "trusted": "on the user's trust list",
    "untrusted": "not on the user's trust list, which says nothing against the picture",
    "expired": "the certificate had expired, and no time stamp shows that it was valid when used",
    "invalid": "the certificate does not keep to the rules for signers",
    "revoked": "the certificate was revoked",
    "no trust list": "no trust list was given: anyone can sign in any name",
}
_STAMP = {
    "trusted": "by an authority on the user's list",
    "untrusted": "by an authority that is not on the user's list",
    "accepted unlisted": "by an authority that no list was asked about (an old claim)",
    "no trust list": "by an authority for which no trust list was given",
}


def say(found: Credentials) -> list[str]:
    """Say the result in plain sentences, the most important first.

    Notes
    -----
    Names and titles come out of the file: whoever prints them must escape them.
    """
    if not found.present:
        return ["no content credentials (C2PA); most files have none, and any re-save removes them"]
    return list(_lines(found))


def to_json(found: Credentials) -> dict[str, Any]:
    """Give the fields of ``c2pa`` in the machine contract of ``imgcheck inspect``."""
    shown = asdict(found)
    for ingredient, block in zip(found.ingredients or (), shown["ingredients"] or (), strict=True):
        block["sentence"] = ingredient.sentence
    return {**shown, "sentences": say(found)}


def _lines(found: Credentials) -> Iterator[str]:
    words = _INTEGRITY[found.integrity or "unreadable"]
    if found.integrity == "not validated":
        words = found.reason or words
        yield f"content credentials (C2PA): {words}"
    else:
        why = ", ".join(found.codes) or ""
        yield f"content credentials (C2PA): {words}" + (f" ({why})" if why else "")
        if found.reason:
            yield found.reason
    broken = len(found.broken_ingredients)
    if broken:
        which = "ingredient is" if broken == 1 else "ingredients are"
        yield f"but {broken} {which} not whole: see below"
    if found.remote_url:
        yield f"the manifest is linked, not fetched: {found.remote_url}"
    if found.signer is not None:
        yield from _signer(found.signer, found.trust_list)
    if found.library is not None and found.signer is not None:
        yield _stamp(found.time)
    for ingredient in found.ingredients or ():
        yield ingredient.sentence
    if found.unnamed:
        count = len(found.unnamed)
        yield f"manifests in the store that no ingredient names, not validated: {count}"
    if found.outside_hash is not None:
        yield from _outside(found.outside_hash)
    for statement in found.statements:
        yield (
            f"{statement.what} ({statement.source}): signed {statement.signed or 'nothing'}, "
            f"in the tags {statement.unsigned or 'nothing'}: {statement.agreement}"
        )
    if found.actions:
        yield "signed steps: " + ", ".join(action.action for action in found.actions[:12])
    if found.source_types:
        yield f"declared source: {', '.join(found.source_types)}"
    for identity in found.identities:
        yield f"identity assertion {identity.label}: {identity.state}"


def _signer(signer: Signer, trust_list: str) -> Iterator[str]:
    name = signer.common_name or "somebody without a name"
    issuer = f", certificate issued by {signer.issuer}" if signer.issuer else ""
    if signer.fits:
        yield f"signed by {name}{issuer}: {_TRUST[signer.trust]}"
    else:
        yield f"the certificate names {name}{issuer}, but the signature is not confirmed as theirs"
    yield f"trust list: {trust_list}; revocation: {signer.revocation}"


def _stamp(stamp: Stamp | None) -> str:
    if stamp is None:
        return "no time stamp: when it was signed is not shown"
    who = stamp.authority or "an unnamed authority"
    if not stamp.fits:
        return f"the time stamp of {who} does not fit what it should stamp"
    return f"signed by {stamp.time}, as stamped by {who}, {_STAMP[stamp.trust]}"


def _outside(outside: OutsideHash) -> Iterator[str]:
    if outside.method is None:
        yield "no hash of the content was found: the picture itself is not protected"
    for part in outside.ranges:
        names = ", ".join(part.parts) or "nothing of the walked file"
        yield f"outside the hash: bytes {part.offset} to {part.offset + part.length}: {names}"
    if outside.rules:
        yield f"outside the hash ({outside.method}): {', '.join(outside.rules[:12])}"
    kinds = (
        ("the picture itself", outside.picture),
        ("EXIF", outside.exif),
        ("XMP", outside.xmp),
    )
    for name, lies in kinds:
        if lies:
            yield f"{name} lies outside the hash: it can be edited and nothing will say so"
