"""What content credentials mean for unaltered, original and acquired."""

from dataclasses import replace

import pytest

from imgcheck import provenance
from imgcheck.case import Case, inspect
from imgcheck.checks.provenance_credentials import provenance_credentials
from imgcheck.imaging import Image
from imgcheck.model import Finding
from imgcheck.model.claimfile import loads
from imgcheck.provenance.credentials.result import (
    Action,
    OutsideHash,
    SignedStatement,
    Signer,
    Stamp,
)
from imgcheck.verification import plan, run
from tests.checks.frozen import case_of
from tests.provenance.signing import Part, authority, picture, sign

CLAIM = loads("statements:\n  - unaltered\n  - original\n  - acquired: 2017-09-10\n")
TRUST = provenance.TrustList(bundles=(provenance.read_bundle(authority().root_pem.encode()),))


def unaltered(data: bytes, trust: provenance.TrustList) -> Finding:
    case = Case(image=Image.from_bytes(data, name="post.jpg"), claim=CLAIM)
    vars(case)["file"] = inspect(case.image, trust=trust)
    findings = run(plan(case, checks=[provenance_credentials]), case)
    named = {s.id: s.kind for s in CLAIM.statements}
    return next(f for f in findings if f.statement and named[f.statement] == "unaltered")


def changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_trusted_signature_over_the_same_bytes_supports_with_limits() -> None:
    found = unaltered(sign(picture()), TRUST)
    assert found.outcome == "supports"
    assert any("not that the scene is true" in limit for limit in found.limits)


def test_without_a_trust_list_nothing_is_supported_and_the_way_out_is_named() -> None:
    found = unaltered(sign(picture()), provenance.NO_TRUST)
    assert found.outcome == "inconclusive"
    assert any("--import-trust" in wish for wish in found.would_change)


def test_a_valid_signature_over_other_content_says_that_the_file_changed_not_what() -> None:
    data = sign(picture())
    found = unaltered(changed(data, len(data) - 200), provenance.NO_TRUST)
    assert found.outcome == "inconclusive"
    assert "changed after signing" in found.summary
    assert "whether the pixels or only the metadata" in found.summary
    assert found.innocent
    assert "the file as it was signed" in found.would_change


@pytest.mark.parametrize("what", ["trailer", "assertion", "rule", "ingredient", "steps"])
def test_what_does_not_speak_of_the_picture_stays_inconclusive(what: str) -> None:
    whole = sign(picture())
    part = sign(picture(2), title="first.jpg")
    data = {
        "trailer": whole + b"appended",
        "assertion": changed(whole, whole.index(b"digitalCapture")),
        "rule": sign(picture(), steps={"action": "c2pa.created"}),
        "ingredient": sign(picture(), parts=(Part(changed(part, len(part) - 200), "first.jpg"),)),
        "steps": sign(picture(), steps={"action": "c2pa.color_adjustments"}),
    }[what]
    assert unaltered(data, TRUST).outcome == "inconclusive"


def test_a_file_without_credentials_is_not_applicable_and_says_that_this_says_nothing() -> None:
    found = unaltered(picture(), TRUST)
    assert found.outcome == "not_applicable"
    assert "no evidence" in found.summary


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


def whole(found: provenance.Credentials) -> Finding:
    (finding,) = findings(found, "unaltered")
    return finding


def test_whole_and_trusted_with_nothing_done_since_supports_with_a_measured_rate() -> None:
    finding = whole(WHOLE)
    assert finding.outcome == "supports"
    assert finding.error_rate is not None and finding.error_rate.decides
    assert "does not show what was done before" in finding.summary


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"integrity": "broken", "codes": MISMATCH}, "damaged"),
        ({"integrity": "disputed", "reason": "a rule"}, "do not decide: a rule"),
        ({"integrity": "unreadable", "reason": "no answer"}, "do not decide: no answer"),
        ({"integrity": "not validated", "reason": "no library"}, "do not decide: no library"),
        ({"integrity": None}, "cannot be read"),
        ({"outside_hash": None}, "may not cover the picture"),
        ({"outside_hash": OutsideHash(method=None)}, "may not cover the picture"),
        ({"outside_hash": OutsideHash(method="data", picture=True)}, "leaves out the picture"),
        ({"ingredients": (replace(PART, state="broken"),)}, "ingredient b.jpg: broken"),
        ({"ingredients": (replace(PART, state="not walked"),)}, "ingredient b.jpg: not walked"),
        ({"ingredients": (PART,)}, "after these steps: ingredients"),
        ({"ingredients": None}, "after these steps: steps not known"),
        ({"signer": None}, "unknown signer"),
        ({"signer": replace(SIGNER, fits=False)}, "not on a trust list"),
        ({"signer": replace(SIGNER, trust="untrusted")}, "not on a trust list"),
        ({"signer": replace(SIGNER, trust="expired")}, "not on a trust list"),
        ({"signer": replace(SIGNER, trust="revoked")}, "not on a trust list"),
        ({"signer": replace(SIGNER, trust="no trust list")}, "not on a trust list"),
        ({"actions": (Action(action="c2pa.cropped"),)}, "after these steps: c2pa.cropped"),
        ({"source_types": ("digitalCapture", "compositeSynthetic")}, "compositeSynthetic"),
        ({"source_types": ("trainedAlgorithmicMedia",)}, "trainedAlgorithmicMedia"),
    ],
)
def test_each_condition_alone_keeps_it_from_supporting(change: dict, words: str) -> None:
    finding = whole(replace(WHOLE, **change))
    unread = change.get("integrity", "intact") in (None, "not validated")
    assert finding.outcome == ("not_applicable" if unread else "inconclusive")
    assert words.lower() in finding.summary.lower()


@pytest.mark.parametrize(
    ("change", "wishes"),
    [
        ({}, []),
        ({"integrity": "not validated"}, ["the C2PA library"]),
        ({"integrity": "broken", "codes": MISMATCH}, ["the file as it was signed"]),
        ({"integrity": "unreadable"}, []),
        ({"signer": None}, []),
        ({"signer": replace(SIGNER, trust="untrusted")}, []),
        ({"signer": replace(SIGNER, trust="no trust list")}, ["a list of trusted signers"]),
        ({"remote_url": "https://a.example"}, ["the manifest, which is stored elsewhere"]),
    ],
)
def test_what_would_let_the_credentials_decide_is_named(change: dict, wishes: list) -> None:
    found = whole(replace(WHOLE, **change)).would_change
    assert len(found) == len(wishes)
    assert all(one.startswith(wish) for one, wish in zip(found, wishes, strict=True))


def test_what_the_credentials_say_is_an_observation_of_its_own() -> None:
    for found in (WHOLE, replace(WHOLE, integrity="broken", codes=MISMATCH)):
        (own,) = tuple(provenance_credentials.run(case_of(credentials=found)))
        assert (own.statement, own.outcome) == (None, "inconclusive")


@pytest.mark.parametrize("action", ["c2pa.created", "c2pa.captured", "c2pa.published"])
def test_steps_that_only_make_the_picture_are_no_alteration(action: str) -> None:
    assert whole(replace(WHOLE, actions=(Action(action=action),))).outcome == "supports"


@pytest.mark.parametrize(
    ("confirmed", "codes", "trailer", "words"),
    [
        (("claimSignature.validated",), MISMATCH, False, "changed after signing"),
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
    finding = whole(broken)
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
        ({"statements": (replace(SIGNED, what="position"),)}, "no reliable time of capture"),
        ({"time": STAMP}, "was stamped at 2017-09-11"),
        ({"time": replace(STAMP, time=None)}, "no reliable time of capture"),
        (
            {"statements": (SIGNED,), "time": STAMP, "integrity": "broken"},
            "no reliable time of capture",
        ),
        ({}, "no reliable time of capture"),
    ],
)
def test_a_signed_time_is_told_where_the_signature_holds(change: dict, words: str) -> None:
    (finding,) = findings(replace(WHOLE, **change), "acquired: 2017-09-10")
    told = "no reliable" not in words
    assert finding.outcome == ("inconclusive" if told else "not_applicable")
    assert words.lower() in finding.summary.lower()
