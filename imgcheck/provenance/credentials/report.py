"""The library's report: manifests, status codes, and their meaning on each axis.

Every field of the report comes out of the file and may have any type. The axes are integrity,
signer, time and ingredients.

References
----------
.. [1] C2PA Technical Specification 2.1, section 15.2, status codes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from imgcheck.provenance.credentials.result import Signer, Stamp, TimeTrust, Trust
from imgcheck.provenance.credentials.trust import TrustList

_LONGEST = 300  # characters kept of a name
_ADDRESS = "self#jumbf="


def text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)[:_LONGEST] or None


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# Axes of their own: none of these means that the bytes or the assertions are wrong.
_SIGNER = ("signingCredential.", "claimSignature.outsideValidity")
_TIME = ("timeStamp.", "timeOfSigning.")
INGREDIENT = ("ingredient.",)
IDENTITY = ("cawg.",)
CONTENT = ("assertion.dataHash.", "assertion.bmffHash.", "assertion.boxesHash.",
            "assertion.collectionHash.", "assertion.multiAssetHash.")  # fmt: skip
_UNSUPPORTED = frozenset({"algorithm.unsupported", "assertion.bmffHash.unsupported"})


@dataclass(frozen=True, slots=True)
class Status:
    """One status code of a validation, and the box it is about."""

    code: str
    url: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Statuses:
    """Success, informational and failure codes of one validation."""

    success: tuple[Status, ...] = ()
    informational: tuple[Status, ...] = ()
    failure: tuple[Status, ...] = ()

    @property
    def every(self) -> tuple[Status, ...]:
        return (*self.success, *self.informational, *self.failure)

    @property
    def signature_fits(self) -> bool:
        return any(s.code == "claimSignature.validated" for s in self.success)

    @property
    def content_fits(self) -> bool:
        return any(s.code.endswith(".match") for s in about(CONTENT, self.success))


def statuses(value: Any) -> Statuses:
    block = mapping(value)
    return Statuses(*(tuple(_read(block.get(k))) for k in ("success", "informational", "failure")))


def _read(value: Any) -> Iterator[Status]:
    for item in items(value):
        code = text(mapping(item).get("code"))
        if code:
            url, words = mapping(item).get("url"), mapping(item).get("explanation")
            yield Status(code, (text(url) or ""), (text(words) or ""))


def plain(value: Any) -> tuple[Status, ...]:
    """Read a bare list of codes, as manifests of version 1 hold it."""
    return tuple(_read(value))


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest of the store."""

    label: str
    raw: dict[str, Any]

    @property
    def claim(self) -> dict[str, Any]:
        return mapping(self.raw.get("claim"))

    @property
    def assertions(self) -> dict[str, Any]:
        return mapping(self.raw.get("assertion_store"))

    def labelled(self, prefix: str) -> Iterator[tuple[str, Any]]:
        """Return the assertions of that label, also ``.v3`` and ``__2`` of it."""
        for label, content in sorted(self.assertions.items()):
            if label == prefix or label.startswith((f"{prefix}.", f"{prefix}__")):
                yield label, content

    def claimed(self) -> tuple[str, ...]:
        """Return the labels of the assertions that the claim lists, present or not."""
        keys = ("assertions", "created_assertions", "gathered_assertions")
        urls = (mapping(i).get("url") for key in keys for i in items(self.claim.get(key)))
        return tuple(str(url).rsplit("/", 1)[-1] for url in urls if url)

    def uri(self, assertion: str) -> str:
        return f"{_ADDRESS}/c2pa/{self.label}/c2pa.assertions/{assertion}"


@dataclass(frozen=True, slots=True)
class Store:
    """The whole report."""

    raw: dict[str, Any]

    @property
    def active(self) -> Manifest | None:
        """The active manifest: the one about the file itself."""
        return self.manifest(str(self.raw.get("active_manifest")))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(mapping(self.raw.get("manifests")))

    def manifest(self, label: str) -> Manifest | None:
        found = mapping(self.raw.get("manifests")).get(label)
        return Manifest(label, found) if isinstance(found, dict) else None

    @property
    def verdict(self) -> Statuses:
        return statuses(mapping(self.raw.get("validation_results")).get("activeManifest"))

    def seen_of(self, uri: str) -> Statuses:
        """Return the new results for an ingredient, by the address of its assertion."""
        results = mapping(self.raw.get("validation_results"))
        for item in items(results.get("ingredientDeltas")):
            if mapping(item).get("ingredientAssertionURI") == uri:
                return statuses(mapping(item).get("validationDeltas"))
        return Statuses()

    @property
    def new_of_ingredients(self) -> tuple[Status, ...]:
        """Failures of ingredients that were not recorded when the file was signed."""
        results = mapping(self.raw.get("validation_results"))
        blocks = (
            mapping(i).get("validationDeltas") for i in items(results.get("ingredientDeltas"))
        )
        return tuple(status for block in blocks for status in statuses(block).failure)

    @property
    def redacted(self) -> frozenset[str]:
        manifests = (self.manifest(label) for label in self.labels)
        return frozenset(
            str(url)
            for manifest in manifests if manifest is not None
            for url in items(manifest.claim.get("redacted_assertions"))
        )  # fmt: skip


def label_in(url: Any) -> str | None:
    """Return the manifest's label in an address such as ``self#jumbf=/c2pa/LABEL/…``."""
    if not isinstance(url, str):
        return None
    path = url.removeprefix(_ADDRESS).strip("/").split("/")
    if path[0] == "c2pa" and len(path) > 1:
        return path[1]
    return path[0] or None


def names(found: Iterable[Status]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(status.code for status in found))


def against_integrity(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep the codes about signature, assertions or content."""
    other = _SIGNER + _TIME + INGREDIENT + IDENTITY
    return tuple(s for s in found if not s.code.startswith(other))


def about(axis: str | tuple[str, ...], found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep the codes of one axis: `CONTENT`, `IDENTITY` or `INGREDIENT`."""
    return tuple(s for s in found if s.code.startswith(axis))


def only_unsupported(found: tuple[Status, ...]) -> bool:
    """Return whether every failure is only unsupported by the library."""
    return bool(found) and {s.code for s in found} <= _UNSUPPORTED


def cryptographic(status: Status) -> bool:
    """Return whether a failure means a wrong hash or signature, or a missing part.

    The others mean that a manifest breaks a rule of the standard, though it is as it was signed.
    """
    return status.code.endswith(("mismatch", "missing")) or status.code.startswith("claimSignature")


def changed_since(found: Iterable[Status]) -> tuple[Status, ...]:
    """Keep the codes that show that an ingredient's manifest changed after the file was signed."""
    found = tuple(found)
    direct = tuple(s for s in against_integrity(found) if cryptographic(s))
    return direct + tuple(s for s in about(INGREDIENT, found) if s.code.endswith("mismatch"))


def refused_though_whole(found: Statuses) -> bool:
    """Return whether signature and content hash are confirmed, and the library still objects.

    Seen: an excluded range that holds more than the manifest, where one hash is reported both as
    fitting and as not fitting (2023, one maker); steps without a source type.
    """
    failing = against_integrity(found.failure)
    fitting = {s.url for s in about(CONTENT, found.success) if s.code.endswith(".match")}
    return (
        bool(failing and fitting)
        and found.signature_fits
        and all(
            not cryptographic(s) or (s.code.endswith("Hash.mismatch") and s.url in fitting)
            for s in failing
        )
    )


def signer(certificate: Any, found: Statuses, trust: TrustList) -> Signer | None:
    """Return the signer and whether the user's list includes it."""
    block = mapping(certificate)
    facts = mapping(block.get("certificateInfo"))
    if not facts and not block.get("algorithm"):
        return None
    subject, issuer = mapping(facts.get("subject")), mapping(facts.get("issuer"))
    validity = mapping(facts.get("validity"))
    own = names(s for s in found.every if s.code.startswith(_SIGNER))
    return Signer(
        common_name=text(subject.get("CN")),
        organisation=text(subject.get("O")),
        issuer=_name(issuer),
        algorithm=text(block.get("algorithm")),
        valid_from=text(validity.get("notBefore")),
        valid_until=text(validity.get("notAfter")),
        fits=found.signature_fits,
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
        return "revoked (according to the response attached to the signature)"
    if any("notRevoked" in c for c in own):
        return (
            "not revoked when signed (according to the response attached to the signature); "
            "unchecked offline since"
        )
    return "unchecked offline"


def stamp(certificate: Any, found: Statuses, trust: TrustList) -> Stamp | None:
    """Return the stamped time and whether the user's list includes its authority."""
    own = tuple(s for s in found.every if s.code.startswith(_TIME))
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
    """Return the authority in the library's words: "timestamp message digest …: NAME"."""
    for status in own:
        _, colon, name = status.words.partition(": ")
        if colon and name:
            return text(name)
    return None


def _time_trust(own: tuple[Status, ...], trust: TrustList) -> TimeTrust:
    trusted = [s for s in own if s.code == "timeStamp.trusted"]
    # What c2pa-rs 0.91 accepts by a rule for old claims, without asking any list, it calls
    # "legacy". This is tested first: a name out of the file follows in the text.
    if any(s.words.startswith("legacy") for s in trusted):
        return "accepted unlisted"
    lists = tuple(f"trust list: urn:sha256:{bundle.sha256}" for bundle in trust.bundles)
    if lists and any(s.words.endswith(lists) for s in trusted):
        return "trusted"
    if trusted:
        return "accepted unlisted"
    return "untrusted" if trust.of("time-stamps") else "no trust list"
