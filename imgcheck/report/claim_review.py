"""Verdicts as schema.org ClaimReview (JSON-LD), for an editor to complete and publish."""

import json
from typing import Any

from imgcheck.model import Answer, Report
from imgcheck.report import wording
from imgcheck.report.arrange import Section, arrange
from imgcheck.report.formatting import first_sentence, line

#: Answers of a test; what was not tested is not reviewed.
_REVIEWED = (Answer.SUPPORTED, Answer.CONTRADICTED, Answer.INCONCLUSIVE)


def claim_review(report: Report) -> str | None:
    """Return one ClaimReview for each statement that was tested, or ``None`` if none was.

    A rating is a word without a number, so that *inconclusive* cannot be read as a grade between
    true and false, and none is given to the picture as a whole. The publisher of the review
    (``author``), its address and its date are not known here and are left out.

    References
    ----------
    .. [1] schema.org, ClaimReview, Claim, Rating.
    """
    tested = [one for one in arrange(report).sections if one.verdict.verdict in _REVIEWED]
    if not tested:
        return None
    found = {
        "@context": "https://schema.org",
        "@graph": [_review(section, report) for section in tested],
    }
    return json.dumps(found, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _review(section: Section, report: Report) -> dict[str, Any]:
    word = wording.VERDICTS[section.verdict.verdict]
    read = line(section.read, limit=600)
    return {
        "@type": "ClaimReview",
        "claimReviewed": line(section.words, limit=600) or read,
        "itemReviewed": _claim(report),
        "reviewBody": f"Read as: {read} {wording.READ_AS}",
        "reviewRating": {
            "@type": "Rating",
            "alternateName": word.word,
            "ratingExplanation": f"{first_sentence(line(section.why, limit=400))} {word.meaning}",
        },
        "isBasedOn": {
            "@type": "SoftwareApplication",
            "name": report.tool.name,
            "softwareVersion": report.tool.version,
        },
    }


def _claim(report: Report) -> dict[str, Any]:
    """Return who claimed it, when, and in which picture."""
    source, posted = report.claim.source, arrange(report).picture
    claim: dict[str, Any] = {"@type": "Claim"}
    if source.publisher:
        claim["author"] = {"@type": "Organization", "name": line(source.publisher, limit=200)}
    if source.posted is not None:
        claim["datePublished"] = source.posted.start.isoformat()[:10]
    if posted is not None:
        picture: dict[str, Any] = {"@type": "ImageObject", "name": line(posted.name, limit=200)}
        if posted.sha256:
            picture["sha256"] = posted.sha256
        if source.url:
            picture["url"] = line(source.url, limit=600)
        claim["appearance"] = picture
    return claim
