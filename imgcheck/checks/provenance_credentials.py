"""Are the file's content credentials (C2PA) intact, and what do they state about the claim?"""

from collections.abc import Iterable, Iterator

from imgcheck.case import Case
from imgcheck.checks.check import check, error_rate
from imgcheck.model import ByteRange, Evidence, Finding, Measure, Outcome
from imgcheck.provenance import Credentials, credentials_words

_BASIS = "content credentials"

_LIMITS = (
    "A signature shows that the bytes are those that were signed, not that the scene is true: in "
    "2025 a camera signed a picture from elsewhere, and its maker revoked all certificates.",
    "Revocation is not checked offline, and parts outside the hash are not protected.",
)
_BROKEN_LIMITS = (
    "A broken hash shows that bytes changed, not which ones: a changed tag breaks it just "
    "like a changed pixel.",
    "Anyone can put the credentials of another file into a picture.",
)
_INNOCENT = (
    "a platform or program rewrote the file, or its tags, and left the credentials in it",
    "different versions of the C2PA library read old files differently",
)
_ABSENT = (
    "The file has no content credentials (C2PA). Most files have none and any re-save removes "
    "them, so that is no evidence."
)
# Steps that only bring a picture into being.
_MAKING = frozenset({"c2pa.created", "c2pa.captured", "c2pa.published"})
# Kinds of source (IPTC, digital source type) that are a picture as a camera or a scanner made it.
_CAPTURES = frozenset(
    {"digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"}
)


@check(
    "provenance.credentials",
    question="Are its content credentials (C2PA) intact, and what do they state about the claim?",
    asks="manipulated",
    analysis="source",
    stage="bytes",
    answers=("unaltered", "original", "acquired"),
)
def provenance_credentials(case: Case) -> Iterable[Finding]:
    """Report what a signature covers, who signed, and what changed since."""
    found = case.file.credentials
    if not found.present:
        yield from provenance_credentials.without(case, Outcome.NOT_APPLICABLE, _ABSENT)
        return
    yield _finding(None, Outcome.INCONCLUSIVE, "; ".join(credentials_words(found)[:3]), found)
    for statement in case.claim.of_kind("unaltered"):
        outcome, words = _altered(found)
        yield _finding(statement.id, outcome, words, found)
    for statement in case.claim.of_kind("original"):
        yield _finding(statement.id, *_first(found), found)
    for statement in case.claim.of_kind("acquired"):
        yield _finding(statement.id, *_when(found), found)


def _finding(statement: str | None, outcome: Outcome, words: str, found: Credentials) -> Finding:
    return provenance_credentials.finding(
        statement=statement,
        outcome=outcome,
        summary=_sentence(words),
        basis=_BASIS,
        error_rate=error_rate("provenance.credentials", "edited, called intact"),
        measures=tuple(_measures(found)),
        evidence=Evidence(bytes=tuple(_places(found))),
        innocent=_INNOCENT if found.integrity in ("broken", "disputed") else (),
        limits=(*_LIMITS, *(_BROKEN_LIMITS if found.integrity == "broken" else ())),
        would_change=tuple(_wishes(found)),
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def _altered(found: Credentials) -> tuple[Outcome, str]:
    """Return the meaning for "nothing was altered".

    A valid signature over other content shows that the file changed since, not that the picture
    did: a rewritten tag breaks the hash as a pixel does, and how often that is the cause was not
    measured. So it is reported and does not contradict.
    """
    if found.integrity == "broken":
        return _broken(found)
    if found.integrity != "intact":
        words = found.reason or "the credentials cannot be read"
        read = found.integrity not in (None, "not validated")
        outcome = Outcome.INCONCLUSIVE if read else Outcome.NOT_APPLICABLE
        return outcome, f"the credentials do not decide: {words}"
    outside = found.outside_hash
    if outside is None or outside.picture is not False:
        known = outside is not None and outside.picture
        words = "leaves out the picture" if known else "may not cover the picture"
        return Outcome.INCONCLUSIVE, f"the signature is valid, but the signed hash {words}"
    if found.broken_ingredients:
        words = found.broken_ingredients[0].sentence
        return Outcome.INCONCLUSIVE, f"the file is as it was signed, but {words}"
    signer = found.signer
    if signer is None or not signer.fits or signer.trust != "trusted":
        why = "unknown signer" if signer is None else signer.trust
        return Outcome.INCONCLUSIVE, (
            "the hashed bytes are those that were signed, but the signer is not on a trust list "
            f"({why}): anyone can sign an altered picture in any name"
        )
    made_by = [source for source in found.source_types if source not in _CAPTURES]
    if made_by:
        words = f"the hashed bytes are those that were signed, declared as {made_by[0]}"
        return Outcome.INCONCLUSIVE, words
    steps = [a.action for a in found.actions if a.action not in _MAKING]
    if steps or found.ingredients or found.ingredients is None:
        made = ", ".join(steps[:5]) or ("ingredients" if found.ingredients else "steps not known")
        words = f"the hashed bytes are those that were signed after these steps: {made}"
        return Outcome.INCONCLUSIVE, words
    return Outcome.SUPPORTS, (
        f"the hashed bytes are those that {signer.common_name or 'the signer'} signed, who is on "
        f"the trust list ({found.trust_list}); the signature does not show what was done before"
    )


def _broken(found: Credentials) -> tuple[Outcome, str]:
    codes = ", ".join(found.codes)
    if found.whole_without_trailer:
        return Outcome.INCONCLUSIVE, f"bytes were appended to a signed file; {found.reason}"
    signed = "claimSignature.validated" in found.confirmed
    content = any(c.endswith("Hash.mismatch") for c in found.codes)
    other = [c for c in found.codes if not c.endswith("Hash.mismatch")]
    if signed and content and not other:
        return Outcome.INCONCLUSIVE, (
            f"the valid signature does not match the current bytes of the file ({codes}): the "
            "file was changed after signing; the hash does not show whether the pixels or only "
            "the metadata changed"
        )
    return Outcome.INCONCLUSIVE, (
        f"the credentials themselves are damaged ({codes}), so they confirm nothing; that is no "
        "evidence about the picture"
    )


def _first(found: Credentials) -> tuple[Outcome, str]:
    origin = [i for i in found.ingredients or () if i.relation == "parentOf" and len(i.path) == 1]
    if origin:
        return Outcome.INCONCLUSIVE, (
            "the credentials name another file from which this one was made, not whether that was "
            "published"
        )
    words = "content credentials do not show whether a picture was published before"
    return Outcome.NOT_APPLICABLE, words


def _when(found: Credentials) -> tuple[Outcome, str]:
    signed = [s for s in found.statements if s.what == "time" and s.signed]
    if found.integrity == "intact" and signed:
        return Outcome.INCONCLUSIVE, (
            f"the signed time ({signed[0].source}) is {signed[0].signed}, by the clock of the "
            f"signer; the file's own tags: {signed[0].agreement}"
        )
    if found.integrity == "intact" and found.time is not None and found.time.time:
        return Outcome.INCONCLUSIVE, (
            f"the signature was stamped at {found.time.time}: the picture existed then, and may "
            "be older"
        )
    words = "the credentials contain no reliable time of capture"
    return Outcome.NOT_APPLICABLE, words


def _measures(found: Credentials) -> Iterator[Measure]:
    yield Measure(name="integrity", value=found.integrity, reason="no answer")
    if found.codes:
        yield Measure(name="failing", value=", ".join(found.codes))
    if found.signer is not None:
        yield Measure(name="signer", value=found.signer.common_name, reason="unnamed")
        yield Measure(name="trust", value=found.signer.trust)
        yield Measure(name="revocation", value=found.signer.revocation)
    if found.integrity not in (None, "not validated"):
        yield Measure(name="trust list", value=found.trust_list)
        stamp = None if found.time is None else found.time.time
        yield Measure(name="time stamp", value=stamp, reason="none that fits")
    if found.ingredients is not None:
        yield Measure(name="ingredients", value=len(found.ingredients))
        yield Measure(name="ingredients not whole", value=len(found.broken_ingredients))
    for statement in found.statements[:6]:
        yield Measure(name=f"{statement.what}, {statement.source}", value=statement.agreement)
    if found.library is not None:
        yield Measure(name="validated by", value=found.library)


def _places(found: Credentials) -> Iterator[ByteRange]:
    for offset, length in found.places[:10]:
        yield ByteRange(offset=offset, length=length, label="content credentials")
    outside = found.outside_hash
    for part in () if outside is None else outside.ranges[:10]:
        words = ", ".join(part.parts[:6])
        yield ByteRange(offset=part.offset, length=part.length, label=f"outside the hash: {words}")


def _wishes(found: Credentials) -> Iterator[str]:
    if found.integrity == "not validated":
        yield "the C2PA library (pip install 'imgcheck[c2pa]')"
    elif found.integrity == "broken":
        yield "the file as it was signed"
    elif found.signer is not None and found.signer.trust == "no trust list":
        yield "a list of trusted signers (imgcheck doctor --import-trust FILE)"
    if found.remote_url:
        yield "the manifest, which is stored elsewhere"
