"""Every ingredient, validated on its own.

A manifest store carries the manifests of its ingredients. A validator reports for them only what
is *new* since the maker of the file took them in: a signature that was broken then, and recorded
as broken, is left out, and the whole is called valid. So each manifest is extracted here and
validated as if it were about a file; only the hash of its content cannot be tested, since the
ingredient's own picture is not there. What the maker recorded is reported beside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imgcheck.provenance.credentials import report as codes
from imgcheck.provenance.credentials.library import Library, Report
from imgcheck.provenance.credentials.report import (
    Manifest,
    Status,
    Store,
    label_in,
    mapping,
    plain,
    statuses,
    text,
)
from imgcheck.provenance.credentials.result import Ingredient, IngredientState, Signer, Stamp
from imgcheck.provenance.credentials.trust import TrustList

# Real files were seen with up to 13 ingredients in 3 levels. Each manifest costs about 5 ms.
_MOST_INGREDIENTS = 200
_MOST_VALIDATED = 64
_MOST_BYTES = 128 << 20  # of all the stores taken out; nested ones hold each other again
_DEEPEST = 16

# A JPEG without a picture, for manifests that are validated away from theirs.
_CARRIER = b"\xff\xd8\xff\xd9"


@dataclass(frozen=True, slots=True)
class _Own:
    """The validation of one manifest by itself."""

    state: IngredientState
    failing: tuple[str, ...] = ()
    signer: Signer | None = None
    time: Stamp | None = None


@dataclass(slots=True)
class _Walk:
    store: Store
    report: Report
    library: Library
    trust: TrustList
    redacted: frozenset[str]
    known: dict[str, _Own] = field(default_factory=dict)
    found: list[Ingredient] = field(default_factory=list)
    bytes_left: int = _MOST_BYTES


def ingredients(
    store: Store, report: Report, library: Library, trust: TrustList
) -> tuple[Ingredient, ...]:
    """Walk the ingredients of the active manifest, theirs after each of them.

    At most 200 entries, 16 levels and 64 manifests; what lies beyond is named ``not walked``,
    and so is whatever cannot be extracted from the store.
    """
    walk = _Walk(store, report, library, trust, store.redacted)
    if store.active is not None:
        title = text(store.active.claim.get("dc:title")) or "the file"
        _below(walk, store.active, (title,), (store.active.label,))
    return tuple(walk.found)


def _below(walk: _Walk, parent: Manifest, path: tuple[str, ...], above: tuple[str, ...]) -> None:
    for name, content in _named(parent):
        where = (*path, text(content.get("dc:title")) or f"untitled ({name[:60]})")
        if len(walk.found) >= _MOST_INGREDIENTS:
            if walk.found[-1].state != "not walked":
                walk.found.append(_entry(where, content, None, "not walked"))
            return
        label = label_in(
            mapping(content.get("activeManifest", content.get("c2pa_manifest"))).get("url")
        )
        _one(walk, parent, name, content, where, label)
        child = None if label is None else walk.store.manifest(label)
        if child is None:
            continue
        if label in above:
            walk.found[-1] = _entry(where, content, label, "broken", ("ingredient.loop",))
        elif len(above) >= _DEEPEST:
            walk.found.append(_entry((*where, "everything below"), {}, None, "not walked"))
        else:
            _below(walk, child, where, (*above, child.label))


def _named(parent: Manifest) -> Iterator[tuple[str, dict[str, object]]]:
    """Return the ingredient assertions; those that are claimed but absent are empty."""
    there = {label: mapping(content) for label, content in parent.labelled("c2pa.ingredient")}
    yield from there.items()
    for name in parent.claimed():
        if name.startswith("c2pa.ingredient") and name not in there:
            yield name, {}


def _one(
    walk: _Walk, parent: Manifest, name: str, content: dict[str, object],
    where: tuple[str, ...], label: str | None,
) -> None:  # fmt: skip
    seen = walk.store.seen_of(parent.uri(name))
    failing = codes.names(codes.about(codes.INGREDIENT, seen.failure))
    recorded = _recorded(content)
    own = None if label is None else _own(walk, label)
    if not content and parent.uri(name) not in walk.redacted:
        state: IngredientState = "missing"
        failing = (*failing, "assertion.missing")
    elif label is None:
        state = _worse("no credentials", (*failing, *recorded))
    elif own is None:
        state = "missing"
        failing = failing or ("ingredient.manifest.missing",)
    else:
        state = own.state
        failing = tuple(dict.fromkeys((*own.failing, *failing)))
        state = _worse(state, (*failing, *recorded))
    walk.found.append(
        Ingredient(
            path=where[1:],
            relation=text(content.get("relationship")) or "unknown",
            manifest=label,
            state=state,
            codes=failing,
            recorded=recorded,
            signer=None if own is None else own.signer,
            time=None if own is None else own.time,
        )
    )


def _entry(
    where: tuple[str, ...], content: dict[str, object], label: str | None, state: IngredientState,
    failing: tuple[str, ...] = (),
) -> Ingredient:  # fmt: skip
    return Ingredient(
        path=where[1:], relation=text(content.get("relationship")) or "unknown", manifest=label,
        state=state, codes=failing,
    )  # fmt: skip


def _worse(state: IngredientState, failing: tuple[str, ...]) -> IngredientState:
    """Lower a state that is fine by itself for failures that others report."""
    if state not in ("intact", "disputed", "no credentials") or not failing:
        return state
    hard = any(codes.cryptographic(Status(c, "")) or c.startswith("ingredient.") for c in failing)
    return "broken" if hard else "disputed"


def _recorded(content: dict[str, object]) -> tuple[str, ...]:
    """Return the failures that the maker recorded; trust in signers is another axis."""
    results = content.get("validationResults", content.get("validation_results"))
    new = statuses(mapping(results).get("activeManifest")).failure
    old = plain(content.get("validationStatus", content.get("validation_status")))
    # Version 1 has one list for everything: what fits is left out by its ending.
    bad = (s for s in (*new, *old) if not s.code.endswith((".match", ".validated", ".trusted")))
    return codes.names((*codes.against_integrity(bad), *codes.about(codes.INGREDIENT, new)))


def _own(walk: _Walk, label: str) -> _Own | None:
    if walk.store.manifest(label) is None:
        return None
    if label not in walk.known:
        walk.known[label] = _validated(walk, label)
    return walk.known[label]


def _validated(walk: _Walk, label: str) -> _Own:
    if len(walk.known) >= _MOST_VALIDATED or walk.bytes_left <= 0:
        return _Own("not walked")
    alone = walk.report.substore(label)
    if alone is None:
        return _Own("unreadable")
    walk.bytes_left -= len(alone)
    report = walk.library.read(_CARRIER, format="jpeg", manifest=alone)
    if not isinstance(report, Report) or report.store.get("active_manifest") != label:
        return _Own("unreadable")
    found = Store(report.store).verdict
    wrong = tuple(s for s in codes.against_integrity(found.failure) if not _excused(walk, s))
    state: IngredientState = "intact"
    if wrong:
        state = "broken" if any(codes.cryptographic(s) for s in wrong) else "disputed"
    if codes.only_unsupported(wrong) or (not wrong and not found.signature_fits):
        state = "unreadable"
    certificate = report.certificates.get(label)
    return _Own(state, codes.names(wrong), codes.signer(certificate, found, walk.trust),
                codes.stamp(certificate, found, walk.trust))  # fmt: skip


def _excused(walk: _Walk, status: Status) -> bool:
    """Return whether a failure means nothing: the picture is not here, or it was redacted."""
    content = bool(codes.about(codes.CONTENT, (status,))) and status.code.endswith(".mismatch")
    return content or (status.code == "assertion.missing" and status.url in walk.redacted)
