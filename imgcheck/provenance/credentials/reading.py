"""Content credentials of one file: found here, validated by the library, walked again."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from imgcheck.imaging.containers import structure as read_structure
from imgcheck.imaging.containers.tree import Node, Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.clocks.stated import Time
from imgcheck.provenance.credentials import report as codes
from imgcheck.provenance.credentials.ingredients import ingredients
from imgcheck.provenance.credentials.library import Library, NoReport, Report, missing, version
from imgcheck.provenance.credentials.report import Manifest, Statuses, Store, items, mapping, text
from imgcheck.provenance.credentials.result import Credentials, Identity, Integrity
from imgcheck.provenance.credentials.signed import actions, compare, outside_hash, source_types
from imgcheck.provenance.credentials.trust import NO_TRUST, TrustList
from imgcheck.provenance.fields.position import Gps

# XMP names a manifest kept elsewhere (C2PA specification 2.1, 11.5): as attribute or element.
_REMOTE = re.compile(rb"dcterms:provenance\s*(?:=\s*[\"']|>\s*)([^\"'<>\s]{1,2000})")
# The head of a manifest store: a JUMBF superbox whose description is of C2PA's type.
_STORE = re.compile(rb"(?s)jumb.{4}jumdc2pa")
_URL = re.compile(r"https?://[^\s\"'<>]{1,2000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class C2paPresence:
    """Where a manifest store lies. Nothing is validated: presence proves nothing."""

    present: bool
    places: tuple[tuple[int, int], ...]


def c2pa_presence(structure: Structure) -> C2paPresence:
    """Look for a C2PA manifest store in a walked file.

    JPEG: APP11 segments with a JUMBF box labelled c2pa; PNG: ``caBX``; HEIF, AVIF: a ``uuid``
    box of C2PA; JPEG 2000: a ``jumb`` box labelled c2pa; WebP: a ``C2PA`` chunk; TIFF: tag 52545;
    GIF: an application extension ``C2PA_GIF`` (C2PA Technical Specification 2.1, appendix A.3).

    Absence is not evidence: any re-save removes a manifest. A manifest can also lie elsewhere and
    be linked from XMP (``dcterms:provenance``).
    """
    places = tuple((node.offset, node.length) for node in _nodes(structure.nodes) if _is_c2pa(node))
    return C2paPresence(present=bool(places), places=places)


def _nodes(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _nodes(node.children)


def _is_c2pa(node: Node) -> bool:
    return (
        (node.kind == "APP11" and node.note == "JUMBF c2pa")
        or (node.kind in ("uuid", "C2PA") and node.note.startswith("C2PA"))
        or node.kind in ("caBX", "C2PA", "0xcd41")
        or (node.kind == "jumd" and node.note.startswith("c2pa"))
        or (node.kind == "application" and node.note.startswith("C2PA_GIF"))
    )


def read_credentials(
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
        The whole file, or where it lies. Garbage gives a result, not an exception.
    format : str
        The sniffed format of the content.
    structure : Structure, optional
        The walked file, if it is at hand.
    trust : TrustList, default none
        The user's lists; without one no signer can be trusted, and the result states that.
    gps, times : optional
        Position and times of the file's tags, to be compared with the signed ones.

    Returns
    -------
    Credentials

    Notes
    -----
    Needs ``imgcheck[c2pa]``; without it a manifest is ``not validated``. Revocation is not
    checked: that would ask a server. Intact and trusted does not mean true: in 2025 a camera
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
        if not presence.present and linked is None:
            return Credentials(present=False)
        return Credentials(
            present=True, integrity="not validated", places=presence.places,
            reason=f"present, not validated: {absent}",
            remote_url=linked, trust_list=trust.named("signers"),
        )  # fmt: skip
    library = Library(trust)
    report = library.read(data, format=format)
    stray = _STORE.search(data)
    if report is None and not presence.present and linked is None and stray is not None:
        report = NoReport(
            f"a manifest store lies at byte {stray.start() - 4}, where C2PA readers do not "
            "look for one"
        )
    if not isinstance(report, Report):
        return _without_report(presence, linked, trust, report)
    store = Store(report.store)
    active = store.active
    if active is None:
        lost = NoReport("the active manifest is not in the store")
        return _without_report(presence, linked, trust, lost)
    found = _whole(store, active, report, library, presence, structure, trust, len(data))
    cut = _without_trailer(data, structure)
    if found.integrity == "broken" and cut and "assertion.dataHash.mismatch" in found.codes:
        again = library.read(cut, format=format)
        if isinstance(again, Report) and _integrity(Store(again.store))[0] == "intact":
            words = (
                f"the hash matches without the last {len(data) - len(cut)} bytes, which "
                "follow the end of the picture"
            )
            found = replace(found, whole_without_trailer=True, reason=words)
    return replace(found, statements=compare(active, gps=gps, times=times))


def _whole(
    store: Store, active: Manifest, report: Report, library: Library, presence: C2paPresence,
    structure: Structure, trust: TrustList, size: int,
) -> Credentials:  # fmt: skip
    found = store.verdict
    integrity, reason = _integrity(store)
    if not presence.present and report.remote_url is None:
        odd = "the C2PA library finds a manifest that imgcheck's own parser does not find"
        reason = f"{reason}; {odd}" if reason else odd
    certificate = report.certificates.get(active.label)
    steps = actions(active)
    walked = ingredients(store, report, library, trust)
    named = {active.label, *(i.manifest for i in walked)}
    failing = (*codes.against_integrity(found.failure),
               *codes.changed_since(store.new_of_ingredients))  # fmt: skip
    return Credentials(
        present=True, integrity=integrity, places=presence.places, reason=reason,
        codes=codes.names(failing),
        confirmed=codes.names(s for s in found.success if not s.code.startswith("signingC")),
        title=text(active.claim.get("dc:title")), generator=_generator(active),
        signer=codes.signer(certificate, found, trust),
        time=codes.stamp(certificate, found, trust),
        ingredients=walked,
        unnamed=tuple(text(label) or "" for label in store.labels if label not in named)[:64],
        outside_hash=outside_hash(store, structure, size), actions=steps,
        source_types=source_types(active, steps), identities=_identities(active, found, trust),
        remote_url=text(report.remote_url), trust_list=trust.named("signers"), library=version(),
    )  # fmt: skip


def _integrity(store: Store) -> tuple[Integrity, str | None]:
    found = store.verdict
    failing = codes.against_integrity(found.failure)
    # A failure of an ingredient that was not recorded when the file was signed means a change
    # since: the file is not what was signed, though its own manifest is.
    later = codes.changed_since(store.new_of_ingredients)
    if codes.only_unsupported(failing):
        return "unreadable", f"beyond this library: {failing[0].words or failing[0].code}"
    refused = codes.refused_though_whole(found)
    if later and (refused or not failing):
        return "broken", f"the manifest of an ingredient changed since: {later[0].words}"
    if refused:
        return "disputed", (
            "the signature and the hash are valid, but the C2PA library reports: "
            f"{failing[0].words}"
        )
    if failing:
        return "broken", failing[0].words or None
    if found.signature_fits and found.content_fits:
        return "intact", None
    return "unreadable", (
        "the C2PA library does not confirm the signature, or does not confirm the hash of the "
        "content"
    )


def _without_trailer(data: bytes, structure: Structure) -> bytes | None:
    ends = [n.offset + n.length for n in structure.nodes if n.kind == "EOI"]
    return data[: ends[0]] if ends and ends[0] < len(data) else None


def _without_report(
    presence: C2paPresence, linked: str | None, trust: TrustList, report: NoReport | None
) -> Credentials:
    """Return what is known without a report: present but unreadable, never absent."""
    remote = linked
    if report is not None:
        reason = report.reason
        url = _URL.search(reason)
        remote = remote or (url[0] if url else None)
    elif presence.present:
        reason = "the file has a block for content credentials, in which the library finds none"
    elif linked is not None:
        reason = "the manifest is stored elsewhere and was not downloaded"
    else:
        return Credentials(present=False)
    return Credentials(
        present=True, integrity="unreadable", places=presence.places, reason=reason,
        remote_url=remote, trust_list=trust.named("signers"), library=version(),
    )  # fmt: skip


def _outside_scans(data: bytes, structure: Structure) -> bytes:
    """Leave out the entropy-coded data of a JPEG: most of the file, and nothing to read in it."""
    scans = [node for node in structure.nodes if node.kind == "scan"]
    starts = [0, *(node.offset + node.length for node in scans)]
    ends = [*(node.offset for node in scans), len(data)]
    return b"".join(data[a:b] for a, b in zip(starts, ends, strict=True)) if scans else data


def _linked(data: bytes) -> str | None:
    match = _REMOTE.search(data) if b"dcterms:provenance" in data else None
    return None if match is None else match[1].decode("utf-8", "replace")


def _generator(active: Manifest) -> str | None:
    info = active.claim.get("claim_generator_info")
    block = mapping(items(info)[0]) if items(info) else mapping(info)
    words = " ".join(w for w in (text(block.get("name")), text(block.get("version"))) if w)
    return text(active.claim.get("claim_generator")) or words or None


def _identities(active: Manifest, found: Statuses, trust: TrustList) -> tuple[Identity, ...]:
    listed = bool(trust.of("identities"))
    return tuple(_identity(found, label, listed) for label, _ in active.labelled("cawg.identity"))


def _identity(found: Statuses, label: str, listed: bool) -> Identity:
    failing = [s for s in codes.about(codes.IDENTITY, found.failure) if s.url.endswith(f"/{label}")]
    fitting = [s for s in codes.about(codes.IDENTITY, found.success) if s.url.endswith(f"/{label}")]
    if any("untrusted" not in s.code for s in failing):
        state = "broken"
    elif failing:
        state = "untrusted" if listed else "no trust list"
    elif any(s.code.endswith("trusted") for s in fitting):
        state = "trusted"
    else:
        state = "well formed" if fitting else "unreadable"
    return Identity(label=label, state=state, codes=codes.names((*failing, *fitting)))
