"""The content credentials of a file: plain data, one axis a field, and sentences about them.

Integrity, signer, time and ingredients are separate questions. An untrusted signer is not evidence
against the bytes; intact bytes are not evidence for the signer; neither shows that the scene is
true. Strings of the file come unescaped: whoever prints them must escape them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: ``intact``: signature, assertions and content hash fit. ``broken``: one of them does not.
#: ``disputed``: signature and content hash fit, but the library refuses the manifest.
#: ``unreadable``: there is a manifest, and no result. ``not validated``: the library is missing.
Integrity = Literal["intact", "broken", "disputed", "unreadable", "not validated"]

#: Of an ingredient: ``disputed`` breaks a rule of the standard while signature and hashes fit;
#: ``missing``: its manifest is named but not there; ``no credentials``: it came without;
#: ``not walked``: beyond the limits, never to be read as clean.
IngredientState = Literal[
    "intact", "broken", "disputed", "missing", "unreadable", "no credentials", "not walked"
]

Trust = Literal["trusted", "untrusted", "expired", "invalid", "revoked", "no trust list"]

#: ``accepted unlisted``: the stamp fits, but the library takes the authority of an old claim
#: (C2PA 1.x) without a list. ``not tested``: the stamp does not fit anyway.
TimeTrust = Literal["trusted", "untrusted", "accepted unlisted", "no trust list", "not tested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The signer, according to the certificate in the file.

    ``fits``: the signature is that of this certificate; where it is not, the name means
    nothing. ``trust`` is about the certificate alone. ``revocation`` is ``unchecked offline``
    unless an answer of the authority is stapled to the signature. ``codes`` are the library's
    codes about both.
    """

    common_name: str | None
    organisation: str | None
    issuer: str | None
    algorithm: str | None
    valid_from: str | None
    valid_until: str | None
    fits: bool
    trust: Trust
    revocation: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The time stamp of a signature: when an authority saw it, not when the picture was taken."""

    time: str | None
    authority: str | None
    fits: bool
    trust: TimeTrust
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """One ingredient, validated on its own.

    ``path`` are titles from the file down to this ingredient. ``codes`` are failures of signature
    and assertions; its own picture is not here to be hashed. ``recorded`` are failures that the
    program that took it in wrote down: part of the signed statement of that program, and the only
    sign of a wrong content hash.
    """

    path: tuple[str, ...]
    relation: str
    manifest: str | None
    state: IngredientState
    codes: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    signer: Signer | None = None
    time: Stamp | None = None

    @property
    def sentence(self) -> str:
        """Its place and what is wrong with it, in one line."""
        where = " of ".join(reversed(self.path))
        why = ", ".join(dict.fromkeys((*self.codes, *(f"{c} (recorded)" for c in self.recorded))))
        return f"ingredient {where}: {self.state}" + (f" ({why})" if why else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsidePart:
    """A run of the file that the content hash leaves out, and the parts in it."""

    offset: int
    length: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideHash:
    """The parts of the file that the content hash does not cover.

    ``method`` is ``data``, ``boxes``, ``bmff``, or None where no hash of the content was found.
    ``ranges`` are the excluded bytes (data), always with the manifest itself; ``rules`` the
    excluded boxes (bmff, boxes). ``exif``, ``xmp``, ``picture``: whether any of the file's EXIF,
    XMP or compressed pixels lie outside; None where there are none or it is unknown.
    """

    method: str | None
    ranges: tuple[OutsidePart, ...] = ()
    rules: tuple[str, ...] = ()
    exif: bool | None = None
    xmp: bool | None = None
    picture: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step that the signer states was taken."""

    action: str
    when: str | None = None
    software: str | None = None
    source_type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A signed time or position, beside that of the file's own tags.

    ``agreement`` is ``agrees``, ``differs``, ``not comparable`` (a zone is missing on one side)
    or ``unsigned only``/``signed only``. ``difference`` is in degrees or seconds.
    """

    what: Literal["position", "time"]
    source: str
    signed: str | None
    unsigned: str | None
    agreement: str
    difference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A CAWG identity assertion: a statement of its own, with a signature and trust of its own."""

    label: str
    state: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The content credentials (C2PA) of one file. ``present`` False proves nothing.

    Attributes
    ----------
    places : tuple of (offset, length)
        Where imgcheck itself finds a manifest store.
    reason : str or None
        Why there is no result, or what is odd about it, in one sentence.
    codes, confirmed : tuple of str
        Failures of the active manifest, without certificates and ingredients; what fits.
    whole_without_trailer : bool
        The content hash fails, and fits once the bytes after the picture's end are cut off:
        something was appended, the picture is as signed.
    ingredients : tuple of Ingredient or None
        Every one, in the order of the walk; None where nothing could be walked.
    unnamed : tuple of str
        Labels of manifests in the store that no ingredient names: not validated.
    trust_list, library : str, str or None
        Identity of the list of trusted signers, and version of the validator.
    """

    present: bool
    integrity: Integrity | None = None
    places: tuple[tuple[int, int], ...] = ()
    reason: str | None = None
    codes: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    whole_without_trailer: bool = False
    title: str | None = None
    generator: str | None = None
    signer: Signer | None = None
    time: Stamp | None = None
    ingredients: tuple[Ingredient, ...] | None = None
    unnamed: tuple[str, ...] = ()
    outside_hash: OutsideHash | None = None
    statements: tuple[SignedStatement, ...] = ()
    actions: tuple[Action, ...] = ()
    source_types: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    remote_url: str | None = None
    trust_list: str = "no trust list"
    library: str | None = None

    @property
    def broken_ingredients(self) -> tuple[Ingredient, ...]:
        """The ingredients that are not intact; one that could not be walked counts."""
        whole = ("intact", "no credentials")
        return tuple(i for i in self.ingredients or () if i.state not in whole)


_INTEGRITY = {
    "intact": "signature, assertions and content hash are valid: the hashed bytes are the ones "
    "that were signed",
    "broken": "broken: the current bytes are not the signed ones",
    "disputed": "disputed: signature and content hash are valid, but the C2PA library rejects the "
    "manifest",
    "unreadable": "present, but unreadable",
    "not validated": "present, not validated",
}
_TRUST = {
    "trusted": "on the user's trust list",
    "untrusted": "not on the user's trust list, which is not evidence against the picture",
    "expired": "the certificate had expired, and no time stamp shows that it was valid when used",
    "invalid": "the certificate does not meet the C2PA rules for signers",
    "revoked": "the certificate was revoked",
    "no trust list": "no trust list was given: anyone can sign in any name",
}
_STAMP = {
    "trusted": "by an authority on the user's list",
    "untrusted": "by an authority that is not on the user's list",
    "accepted unlisted": "by an authority that was not checked against a list (old version of "
    "C2PA)",
    "no trust list": "by an authority for which no trust list was given",
}


def credentials_words(found: Credentials) -> list[str]:
    if not found.present:
        return ["no content credentials (C2PA); most files have none, and any re-save removes them"]
    return list(_lines(found))


def credentials_to_json(found: Credentials) -> dict[str, Any]:
    """Return the fields of ``c2pa`` in the document of ``imgcheck inspect``."""
    shown = asdict(found)
    for ingredient, block in zip(found.ingredients or (), shown["ingredients"] or (), strict=True):
        block["sentence"] = ingredient.sentence
    return {**shown, "sentences": credentials_words(found)}


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
        yield f"but {broken} {which} not intact: see below"
    if found.remote_url:
        yield f"the manifest is only linked, and was not downloaded: {found.remote_url}"
    if found.signer is not None:
        yield from _signer(found.signer, found.trust_list)
    if found.library is not None and found.signer is not None:
        yield _stamp(found.time)
    for ingredient in found.ingredients or ():
        yield ingredient.sentence
    if found.unnamed:
        count = len(found.unnamed)
        yield f"manifests that are not referenced as ingredients and were not validated: {count}"
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
    name = signer.common_name or "an unnamed signer"
    issuer = f", certificate issued by {signer.issuer}" if signer.issuer else ""
    if signer.fits:
        yield f"signed by {name}{issuer}: {_TRUST[signer.trust]}"
    else:
        yield f"the certificate names {name}{issuer}, but the signature is not confirmed as theirs"
    yield f"trust list: {trust_list}; revocation: {signer.revocation}"


def _stamp(stamp: Stamp | None) -> str:
    if stamp is None:
        return "no time stamp, so the time of signing is not known"
    who = stamp.authority or "an unnamed authority"
    if not stamp.fits:
        return f"the time stamp of {who} does not match the signature that it should stamp"
    return f"signed by {stamp.time}, as stamped by {who}, {_STAMP[stamp.trust]}"


def _outside(outside: OutsideHash) -> Iterator[str]:
    if outside.method is None:
        yield "no hash of the content was found: the picture itself is not protected"
    for part in outside.ranges:
        names = ", ".join(part.parts) or "no known part of the file"
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
            yield f"{name} lies outside the hash: it can be edited without breaking the signature"
