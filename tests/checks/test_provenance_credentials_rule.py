"""The decision rule of provenance.credentials, on frozen results."""

from dataclasses import replace

import pytest

from imgcheck import provenance
from imgcheck.checks.provenance_credentials import provenance_credentials
from imgcheck.model import Finding
from imgcheck.provenance.credentials.result import (
    Action,
    OutsideHash,
    SignedStatement,
    Signer,
    Stamp,
)
from tests.checks.frozen import case_of

SIGNER = Signer(
    common_name="A", organisation=None, issuer="B", algorithm="ps256", valid_from=None,
    valid_until=None, fits=True, trust="trusted", revocation="unchecked offline",
)  # fmt: skip
WHOLE = provenance.Credentials(
    present=True, integrity="intact", signer=SIGNER, ingredients=(), trust_list="list of 2026",
    outside_hash=OutsideHash(method="data", picture=False), source_types=("digitalCapture",),
    actions=(Action(action="c2pa.created"),),
)  # fmt: skip
PART = provenance.Ingredient(path=("b.jpg",), relation="parentOf", manifest="m", state="intact")
MISMATCH = ("assertion.dataHash.mismatch",)


def findings(found: provenance.Credentials, kind: str) -> list[Finding]:
    case = case_of(f"  - {kind}\n", credentials=found)
    (named,) = case.claim.statements
    return [f for f in provenance_credentials.run(case) if f.statement == named.id]


def unaltered(found: provenance.Credentials) -> Finding:
    (finding,) = findings(found, "unaltered")
    return finding


def test_whole_and_trusted_with_nothing_done_since_supports_with_a_measured_rate() -> None:
    finding = unaltered(WHOLE)
    assert finding.outcome == "supports"
    assert finding.error_rate is not None and finding.error_rate.decides
    assert "what was done before signing is not shown" in finding.summary


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"integrity": "broken", "codes": MISMATCH}, "damaged"),
        ({"integrity": "disputed", "reason": "a rule"}, "do not decide: a rule"),
        ({"integrity": "unreadable", "reason": "no answer"}, "do not decide: no answer"),
        ({"integrity": "not validated", "reason": "no library"}, "do not decide: no library"),
        ({"integrity": None}, "cannot be read"),
        ({"outside_hash": None}, "not known to cover the picture"),
        ({"outside_hash": OutsideHash(method=None)}, "not known to cover the picture"),
        ({"outside_hash": OutsideHash(method="data", picture=True)}, "leaves out the picture"),
        ({"ingredients": (replace(PART, state="broken"),)}, "ingredient b.jpg: broken"),
        ({"ingredients": (replace(PART, state="not walked"),)}, "ingredient b.jpg: not walked"),
        ({"ingredients": (PART,)}, "after these steps: ingredients"),
        ({"ingredients": None}, "after these steps: steps not known"),
        ({"signer": None}, "unknown signer"),
        ({"signer": replace(SIGNER, fits=False)}, "nobody vouches"),
        ({"signer": replace(SIGNER, trust="untrusted")}, "nobody vouches"),
        ({"signer": replace(SIGNER, trust="expired")}, "nobody vouches"),
        ({"signer": replace(SIGNER, trust="revoked")}, "nobody vouches"),
        ({"signer": replace(SIGNER, trust="no trust list")}, "nobody vouches"),
        ({"actions": (Action(action="c2pa.cropped"),)}, "after these steps: c2pa.cropped"),
        ({"source_types": ("digitalCapture", "compositeSynthetic")}, "compositeSynthetic"),
        ({"source_types": ("trainedAlgorithmicMedia",)}, "trainedAlgorithmicMedia"),
    ],
)
def test_each_condition_alone_keeps_it_from_supporting(change: dict, words: str) -> None:
    finding = unaltered(replace(WHOLE, **change))
    unread = change.get("integrity", "intact") in (None, "not validated")
    assert finding.outcome == ("not_applicable" if unread else "inconclusive")
    assert words.lower() in finding.summary.lower()


def test_what_the_credentials_say_is_an_observation_of_its_own() -> None:
    for found in (WHOLE, replace(WHOLE, integrity="broken", codes=MISMATCH)):
        (own,) = tuple(provenance_credentials.run(case_of(credentials=found)))
        assert (own.statement, own.outcome) == (None, "inconclusive")


@pytest.mark.parametrize("action", ["c2pa.created", "c2pa.captured", "c2pa.published"])
def test_steps_that_only_make_the_picture_are_no_alteration(action: str) -> None:
    assert unaltered(replace(WHOLE, actions=(Action(action=action),))).outcome == "supports"


@pytest.mark.parametrize(
    ("confirmed", "codes", "trailer", "words"),
    [
        (("claimSignature.validated",), MISMATCH, False, "changed after it was signed"),
        (("claimSignature.validated",), MISMATCH, True, "bytes were appended"),
        ((), MISMATCH, False, "themselves are damaged"),
        (("claimSignature.validated",), (*MISMATCH, "claim.malformed"), False, "are damaged"),
        (("claimSignature.validated",), ("claimSignature.mismatch",), False, "are damaged"),
    ],
)
def test_a_broken_hash_says_what_changed_as_far_as_it_shows(
    confirmed, codes, trailer, words
) -> None:
    broken = replace(WHOLE, integrity="broken", confirmed=confirmed, codes=codes,
                     whole_without_trailer=trailer)  # fmt: skip
    finding = unaltered(broken)
    assert finding.outcome == "inconclusive"
    assert words.lower() in finding.summary.lower()
    assert finding.innocent


def test_a_parent_is_named_and_neither_original_nor_date_is_decided() -> None:
    (finding,) = findings(replace(WHOLE, ingredients=(PART,)), "original")
    assert finding.outcome == "inconclusive"
    assert "name another file" in finding.summary
    deep = replace(PART, path=("b.jpg", "c.jpg"))
    for other in (None, (), (replace(PART, relation="componentOf"),), (deep,)):
        (finding,) = findings(replace(WHOLE, ingredients=other), "original")
        assert finding.outcome == "not_applicable"
        assert "do not show whether" in finding.summary


SIGNED = SignedStatement(what="time", source="exif", signed="2017-09-10T10:00:00Z",
                         unsigned=None, agreement="signed only")  # fmt: skip
STAMP = Stamp(time="2017-09-11T10:00:00Z", authority="T", fits=True, trust="trusted")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statements": (SIGNED,), "time": STAMP}, "the signed time (exif) is 2017-09-10"),
        ({"statements": (replace(SIGNED, signed=None),), "time": STAMP}, "was stamped at 2017"),
        ({"statements": (replace(SIGNED, what="position"),)}, "no time of capture"),
        ({"time": STAMP}, "was stamped at 2017-09-11"),
        ({"time": replace(STAMP, time=None)}, "no time of capture"),
        ({"statements": (SIGNED,), "time": STAMP, "integrity": "broken"}, "no time of capture"),
        ({}, "no time of capture"),
    ],
)
def test_a_signed_time_is_told_where_the_signature_holds(change: dict, words: str) -> None:
    (finding,) = findings(replace(WHOLE, **change), "acquired: 2017-09-10")
    told = "no time" not in words
    assert finding.outcome == ("inconclusive" if told else "not_applicable")
    assert words.lower() in finding.summary.lower()
