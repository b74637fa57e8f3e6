"""What content credentials mean for a claim."""

import pytest

from imgcheck import provenance
from imgcheck.case import Case, inspect
from imgcheck.checks.provenance_credentials import provenance_credentials
from imgcheck.imaging import Image
from imgcheck.model import Finding
from imgcheck.model.claimfile import loads
from imgcheck.verification import plan, run
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
    assert "changed after it was signed" in found.summary
    assert "whether the picture or only its tags" in found.summary
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
    assert "says nothing" in found.summary
