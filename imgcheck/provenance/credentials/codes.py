"""What the library's words mean on each axis: integrity, signer, time, ingredients.

References
----------
.. [1] C2PA Technical Specification 2.1, section 15.2, status codes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from imgcheck.provenance.credentials.manifests import Status, Statuses, mapping, text
from imgcheck.provenance.credentials.result import Signer, Stamp, TimeTrust, Trust
from imgcheck.provenance.credentials.trust import TrustList

# Axes of their own: none of these says that the bytes or the assertions are wrong.
_SIGNER = ("signingCredential.", "claimSignature.outsideValidity")
_TIME = ("timeStamp.", "timeOfSigning.")
_INGREDIENT = ("ingredient.",)
_IDENTITY = ("cawg.",)
_CONTENT = ("assertion.dataHash.", "assertion.bmffHash.", "assertion.boxesHash.",
            "assertion.collectionHash.", "assertion.multiAssetHash.")  # fmt: skip
_UNSUPPORTED = frozenset({"algorithm.unsupported", "assertion.bmffHash.unsupported"})


def names(found: Iterable[Status]) -> tuple[str, ...]:
    """Give the codes, each once, in the order found."""
    return tuple(dict.fromkeys(status.code for status in found))


def against_integrity(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep what says that signature, assertions or content are not what was signed."""
    other = _SIGNER + _TIME + _INGREDIENT + _IDENTITY
    return tuple(s for s in found if not s.code.startswith(other))


def about_content(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep what is about the hash of the content."""
    return tuple(s for s in found if s.code.startswith(_CONTENT))


def about_identity(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep what is about identity assertions of CAWG."""
    return tuple(s for s in found if s.code.startswith(_IDENTITY))


def about_ingredients(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep what is about ingredients."""
    return tuple(s for s in found if s.code.startswith(_INGREDIENT))


def only_unsupported(found: tuple[Status, ...]) -> bool:
    """Tell whether everything that fails is beyond the library, not wrong."""
    return bool(found) and {s.code for s in found} <= _UNSUPPORTED


def signature_fits(found: Statuses) -> bool:
    """Tell whether the signature was confirmed, and not merely left unmentioned."""
    return any(s.code == "claimSignature.validated" for s in found.success)


def content_fits(found: Statuses) -> bool:
    """Tell whether some hash of the content was confirmed."""
    return any(s.code.endswith(".match") for s in about_content(found.success))


def cryptographic(status: Status) -> bool:
    """Tell whether a failure says that a hash or signature does not fit, or that a part is gone.

    The others say that a manifest breaks a rule of the standard, though it is as it was signed.
    """
    return status.code.endswith(("mismatch", "missing")) or status.code.startswith("claimSignature")


def changed_since(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep what shows, of an ingredient, that its manifest changed after the file was signed."""
    found = tuple(found)
    direct = tuple(s for s in against_integrity(found) if cryptographic(s))
    return direct + tuple(s for s in about_ingredients(found) if s.code.endswith("mismatch"))


def refused_though_whole(found: Statuses) -> bool:
    """Tell whether signature and content hash are confirmed, and the library refuses all the same.

    Seen: an excluded range that holds more than the manifest, where one hash is reported both as
    fitting and as not fitting (2023, one maker); steps without a source type.
    """
    failing = against_integrity(found.failure)
    fitting = {s.url for s in about_content(found.success) if s.code.endswith(".match")}
    return (
        bool(failing and fitting)
        and signature_fits(found)
        and all(
            not cryptographic(s) or (s.code.endswith("Hash.mismatch") and s.url in fitting)
            for s in failing
        )
    )


def signer(certificate: Any, found: Statuses, trust: TrustList) -> Signer | None:
    """Say who signed and whether the user's list vouches for it."""
    block = mapping(certificate)
    facts = mapping(block.get("certificateInfo"))
    if not facts and not block.get("algorithm"):
        return None
    subject, issuer = mapping(facts.get("subject")), mapping(facts.get("issuer"))
    validity = mapping(facts.get("validity"))
    every = (*found.success, *found.told, *found.failure)
    own = names(s for s in every if s.code.startswith(_SIGNER))
    return Signer(
        common_name=text(subject.get("CN")),
        organisation=text(subject.get("O")),
        issuer=_name(issuer),
        algorithm=text(block.get("algorithm")),
        valid_from=text(validity.get("notBefore")),
        valid_until=text(validity.get("notAfter")),
        fits=signature_fits(found),
        trust=_trust(own, trust),
        revocation=_revocation(own),
        codes=own,
    )


def _name(parts: Mapping[str, Any]) -> str | None:
    words = [text(parts.get(key)) for key in ("CN", "O")]
    return ", ".join(word for word in words if word) or None


def _trust(own: tuple[str, ...], trust: TrustList) -> Trust:
    if any("revoked" in c and "notRevoked" not in c for c in own):
        return "revoked"
    if "signingCredential.expired" in own or "claimSignature.outsideValidity" in own:
        return "expired"
    if "signingCredential.invalid" in own:
        return "invalid"
    if not trust.of("signers"):
        return "no trust list"
    return "trusted" if "signingCredential.trusted" in own else "untrusted"


def _revocation(own: tuple[str, ...]) -> str:
    if any("revoked" in c and "notRevoked" not in c for c in own):
        return "revoked (answer stapled to the signature)"
    if any("notRevoked" in c for c in own):
        return "not revoked when signed (answer stapled to the signature); unchecked offline since"
    return "unchecked offline"


def stamp(certificate: Any, found: Statuses, trust: TrustList) -> Stamp | None:
    """Say what time an authority stamped, and whether anybody vouches for that authority."""
    every = (*found.success, *found.told, *found.failure)
    own = tuple(s for s in every if s.code.startswith(_TIME))
    facts = mapping(mapping(certificate).get("timeStampInfo"))
    if not own and not facts:
        return None
    subject = mapping(mapping(facts.get("certificateInfo")).get("subject"))
    fits = any(s.code == "timeStamp.validated" for s in found.success)
    return Stamp(
        time=text(facts.get("timestamp")) if fits else None,
        authority=text(subject.get("CN")) or _named(own),
        fits=fits,
        trust=_time_trust(own, trust) if fits else "not tested",
        codes=names(own),
    )


def _named(own: tuple[Status, ...]) -> str | None:
    """Find the authority in the library's words: "timestamp message digest …: NAME"."""
    for status in own:
        _, colon, name = status.words.partition(": ")
        if colon and name:
            return text(name)
    return None


def _time_trust(own: tuple[Status, ...], trust: TrustList) -> TimeTrust:
    trusted = [s for s in own if s.code == "timeStamp.trusted"]
    # What c2pa-rs 0.91 accepts by a rule for old claims, without asking any list, it calls
    # "legacy". This is asked first: the words go on with a name out of the file.
    if any(s.words.startswith("legacy") for s in trusted):
        return "accepted unlisted"
    lists = tuple(f"trust list: urn:sha256:{bundle.sha256}" for bundle in trust.bundles)
    if lists and any(s.words.endswith(lists) for s in trusted):
        return "trusted"
    if trusted:
        return "accepted unlisted"
    return "untrusted" if trust.of("time-stamps") else "no trust list"
