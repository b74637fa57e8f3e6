"""ClaimReview: one for each tested statement, a word and no number, none for the picture."""

import json
from dataclasses import replace

from imgcheck.model import Answer
from imgcheck.report.claim_review import claim_review
from tests.report.sample_report import bare, sample


def test_each_tested_statement_has_a_review_with_a_word_and_no_number() -> None:
    report = sample()
    text = claim_review(report)
    assert text is not None
    reviews = json.loads(text)["@graph"]
    tested = {Answer.SUPPORTED, Answer.CONTRADICTED, Answer.INCONCLUSIVE}
    expected = [one for one in report.verdicts if one.verdict in tested]
    assert len(reviews) == len(expected) < len(report.verdicts)
    for review, verdict in zip(reviews, expected, strict=True):
        assert review["@type"] == "ClaimReview"
        assert review["reviewRating"]["alternateName"] == verdict.verdict.value
        assert "ratingValue" not in json.dumps(review)
        assert "author" not in review  # who publishes it is not known here
    assert "false" not in {one["reviewRating"]["alternateName"] for one in reviews}


def test_what_was_not_tested_is_not_reviewed() -> None:
    verdicts = tuple(replace(one, verdict=Answer.NOT_RUN) for one in sample().verdicts)
    assert claim_review(replace(sample(), verdicts=verdicts)) is None
    assert claim_review(bare()) is None
