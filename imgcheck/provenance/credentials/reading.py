"""One file's content credentials: found by imgcheck, validated by the library, walked again."""

import re
from collections.abc import Iterable
from dataclasses import replace

from imgcheck.imaging.containers import structure as read_structure
from imgcheck.imaging.containers.tree import Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.clocks.times import Time
from imgcheck.provenance.credentials import codes
from imgcheck.provenance.credentials.coverage import outside_hash
from imgcheck.provenance.credentials.library import Answer, Library, missing, version
from imgcheck.provenance.credentials.manifests import (
    Manifest,
    Statuses,
    Store,
    items,
    mapping,
    text,
)
from imgcheck.provenance.credentials.presence import C2paPresence, c2pa_presence
from imgcheck.provenance.credentials.result import Credentials, Identity, Integrity
from imgcheck.provenance.credentials.statements import actions, compare, source_types
from imgcheck.provenance.credentials.trust import NO_TRUST, TrustList
from imgcheck.provenance.credentials.walk import ingredients
from imgcheck.provenance.fields.position import Gps

# XMP names a manifest kept elsewhere (C2PA specification 2.1, 11.5): as attribute or element.
_REMOTE = re.compile(rb"dcterms:provenance\s*(?:=\s*[\"']|>\s*)([^\"'<>\s]{1,2000})")
# The head of a manifest store: a JUMBF superbox whose description is of C2PA's type.
_STORE = re.compile(rb"(?s)jumb.{4}jumdc2pa")
_URL = re.compile(r"https?://[^\s\"'<>]{1,2000}")


def credentials(
    data: FileContent,
    *,
    format: str,
    structure: Structure | None = None,
    trust: TrustList = NO_TRUST,
    gps: Gps | None = None,
    times: Iterable[Time] = (),
) -> Credentials:
    """Find, validate and take apart the content credentials of a file. No network is used.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies. Nothing in it is believed; garbage gives an answer, no
        exception.
    format : str
        What the content was sniffed to be.
    structure : Structure, optional
        The walked file, if it is at hand.
    trust : TrustList, default none
        The user's lists; without one no signer can be trusted, and that is said.
    gps, times : optional
        What the file's tags say, to be set beside what is signed.

    Returns
    -------
    Credentials

    Notes
    -----
    Needs ``imgcheck[c2pa]``; without it a manifest is ``not validated``. Revocation is not
    checked: that would ask a server. Whole and trusted does not mean true: in 2025 a camera
    signed a foreign picture through a multiple exposure, and its maker revoked all certificates.

    References
    ----------
    .. [1] C2PA Technical Specification 2.1.
    """
    data = file_bytes(data)
    structure = structure or read_structure(data, format=format)
    presence = c2pa_presence(structure)
    searched = _outside_scans(data, structure)
    linked = _linked(searched)
    # "jumb" is the type of the box that holds every manifest: without it the library, which takes
    # 0.3 s to load, has nothing to find either.
    if not presence.present and linked is None and b"jumb" not in searched:
        return Credentials(present=False)
    absent = missing()
    if absent is not None:
        return _unvalidated(presence, linked, trust, absent)
    library = Library(trust)
    answer = library.read(data, format=format)
    stray = _STORE.search(data)
    if answer == Answer() and not presence.present and linked is None and stray is not None:
        words = f"a manifest store lies at byte {stray.start() - 4}, where no reader looks for one"
        answer = Answer(error=words)
    if answer.store is None:
        return _without_store(presence, linked, trust, answer)
    store = Store(answer.store)
    active = store.active
    if active is None:
        lost = Answer(error="the manifest that should speak for the file is not in the store")
        return _without_store(presence, linked, trust, lost)
    found = _whole(store, active, answer, library, presence, structure, trust, len(data))
    cut = _without_trailer(data, structure)
    if found.integrity == "broken" and cut and "assertion.dataHash.mismatch" in found.codes:
        again = library.read(cut, format=format)
        whole = again.store is not None and _integrity(Store(again.store))[0] == "intact"
        if whole:
            words = (
                f"it fits without the last {len(data) - len(cut)} bytes, after the picture's end"
            )
            found = replace(found, whole_without_trailer=True, reason=words)
    return replace(found, statements=compare(active, gps=gps, times=times))


def _whole(
    store: Store, active: Manifest, answer: Answer, library: Library, presence: C2paPresence,
    structure: Structure, trust: TrustList, size: int,
) -> Credentials:  # fmt: skip
    found = store.verdict
    integrity, reason = _integrity(store)
    if not presence.present and answer.remote_url is None:
        odd = "the library finds a manifest where imgcheck's own walk of the file sees none"
        reason = f"{reason}; {odd}" if reason else odd
    certificate = answer.certificates.get(active.label)
    steps = actions(active)
    walked = ingredients(store, answer, library, trust)
    named = {active.label, *(i.manifest for i in walked)}
    return Credentials(
        present=True,
        integrity=integrity,
        places=presence.places,
        reason=reason,
        codes=codes.names(
            (
                *codes.against_integrity(found.failure),
                *codes.changed_since(store.new_of_ingredients),
            )
        ),
        confirmed=codes.names(s for s in found.success if not s.code.startswith("signingC")),
        title=text(active.claim.get("dc:title")),
        generator=_generator(active),
        signer=codes.signer(certificate, found, trust),
        time=codes.stamp(certificate, found, trust),
        ingredients=walked,
        unnamed=tuple(text(label) or "" for label in store.labels if label not in named)[:64],
        outside_hash=outside_hash(store, structure, size),
        actions=steps,
        source_types=source_types(active, steps),
        identities=_identities(active, found, trust),
        remote_url=text(answer.remote_url),
        trust_list=trust.named("signers"),
        library=version(),
    )


def _integrity(store: Store) -> tuple[Integrity, str | None]:
    found = store.verdict
    failing = codes.against_integrity(found.failure)
    # What fails of an ingredient, and was not written down as failing when the file was signed,
    # has changed since: the file is not what was signed, though its own manifest is.
    later = codes.changed_since(store.new_of_ingredients)
    if codes.only_unsupported(failing):
        return "unreadable", f"beyond this library: {failing[0].words or failing[0].code}"
    refused = codes.refused_though_whole(found)
    if later and (refused or not failing):
        return "broken", f"the manifest of an ingredient changed since: {later[0].words}"
    if refused:
        return "disputed", f"signature and hash fit, but the library objects: {failing[0].words}"
    if failing:
        return "broken", failing[0].words or None
    if codes.signature_fits(found) and codes.content_fits(found):
        return "intact", None
    return "unreadable", "the library confirms no signature, or no hash of the content"


def _without_trailer(data: bytes, structure: Structure) -> bytes | None:
    """Give a JPEG up to its end of image, or None where nothing follows it."""
    ends = [n.offset + n.length for n in structure.nodes if n.kind == "EOI"]
    return data[: ends[0]] if ends and ends[0] < len(data) else None


def _without_store(
    presence: C2paPresence, linked: str | None, trust: TrustList, answer: Answer
) -> Credentials:
    """Say what is known where the library gives no report: present but unreadable, never none."""
    if answer.error is None and not presence.present and linked is None:
        return Credentials(present=False)
    remote = linked
    if answer.error is not None and (url := _URL.search(answer.error)):
        remote = remote or url[0]
    if answer.error is not None:
        reason = answer.error
    elif presence.present:
        reason = "the file has a block for content credentials, in which the library finds none"
    else:
        reason = "the manifest is kept elsewhere and was not fetched"
    return Credentials(
        present=True, integrity="unreadable", places=presence.places, reason=reason,
        remote_url=remote, trust_list=trust.named("signers"), library=version(),
    )  # fmt: skip


def _unvalidated(
    presence: C2paPresence, linked: str | None, trust: TrustList, absent: str
) -> Credentials:
    if not presence.present and linked is None:
        return Credentials(present=False)
    return Credentials(
        present=True, integrity="not validated", places=presence.places,
        reason=f"present, not validated: {absent}",
        remote_url=linked, trust_list=trust.named("signers"),
    )  # fmt: skip


def _outside_scans(data: bytes, structure: Structure) -> bytes:
    """Leave out the entropy-coded data of a JPEG: most of the file, and nothing to read in it."""
    scans = [node for node in structure.nodes if node.kind == "scan"]
    starts = [0, *(node.offset + node.length for node in scans)]
    ends = [*(node.offset for node in scans), len(data)]
    return b"".join(data[a:b] for a, b in zip(starts, ends, strict=True)) if scans else data


def _linked(data: bytes) -> str | None:
    if b"dcterms:provenance" not in data:
        return None
    match = _REMOTE.search(data)
    return None if match is None else match[1].decode("utf-8", "replace")


def _generator(active: Manifest) -> str | None:
    """Name the program that made the claim."""
    info = active.claim.get("claim_generator_info")
    block = mapping(items(info)[0]) if items(info) else mapping(info)
    words = " ".join(w for w in (text(block.get("name")), text(block.get("version"))) if w)
    return text(active.claim.get("claim_generator")) or words or None


def _identities(active: Manifest, found: Statuses, trust: TrustList) -> tuple[Identity, ...]:
    listed = bool(trust.of("identities"))
    labels = (label for label, _ in active.labelled("cawg.identity"))
    return tuple(_identity(found, label, listed) for label in labels)


def _identity(found: Statuses, label: str, listed: bool) -> Identity:
    failing = [s for s in codes.about_identity(found.failure) if s.url.endswith(f"/{label}")]
    fitting = [s for s in codes.about_identity(found.success) if s.url.endswith(f"/{label}")]
    if any("untrusted" not in s.code for s in failing):
        state = "broken"
    elif failing:
        state = "untrusted" if listed else "no trust list"
    elif any(s.code.endswith("trusted") for s in fitting):
        state = "trusted"
    else:
        state = "well formed" if fitting else "unreadable"
    return Identity(label=label, state=state, codes=codes.names((*failing, *fitting)))
