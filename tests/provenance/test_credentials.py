"""Content credentials: pictures signed here, then broken in known ways."""

import http.server
import io
import json
import shutil
import sys
import threading
from dataclasses import replace

import c2pa
import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import provenance
from imgcheck.case import inspect
from imgcheck.errors import RefusedError
from imgcheck.imaging import containers
from imgcheck.provenance.clocks.stated import Time
from imgcheck.provenance.credentials import ingredients, library
from imgcheck.provenance.credentials import report as codes
from imgcheck.provenance.credentials.report import Status, Statuses
from imgcheck.provenance.fields.position import Gps

from .signing import CAPTURE, Part, authority, picture, sign
from .stamping import stamping

OWN = provenance.TrustList(
    bundles=(provenance.read_bundle(authority().root_pem.encode(), date="2026-11-22"),)
)
OTHER = provenance.TrustList(
    bundles=(provenance.read_bundle(authority("Somebody Else").root_pem.encode()),)
)
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x0c\0\0\0\x1aTest camera\0\0\0\0\0"


def read(data: bytes, *, trust: provenance.TrustList = OWN, **more) -> provenance.Credentials:
    return provenance.read_credentials(data, format=more.pop("format", "jpeg"), trust=trust, **more)


@pytest.fixture(scope="module")
def signed() -> bytes:
    return sign(picture(exif=EXIF))


@pytest.fixture(scope="module")
def with_parts() -> bytes:
    grandparent = sign(picture(2), title="first.jpg")
    parent = sign(
        picture(3), title="second.jpg", parts=(Part(grandparent, "first.jpg", "parentOf"),)
    )
    plain = Part(picture(4), "plain.jpg")
    return sign(picture(5), parts=(Part(parent, "second.jpg", "parentOf"), plain))


def flipped(data: bytes, place: int, bit: int = 1) -> bytes:
    return data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]


def test_an_unsigned_picture_has_none_and_the_library_is_not_loaded() -> None:
    found = read(picture())
    assert not found.present
    assert found.integrity is None
    assert found.library is None


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF"])
def test_every_format_is_found_validated_and_its_signer_named(form: str) -> None:
    format = form.lower()
    found = read(sign(picture(form=form), media=f"image/{format}"), format=format)
    assert (found.present, found.integrity, found.codes) == (True, "intact", ())
    assert found.places
    assert found.signer is not None
    assert found.signer.common_name == "Imgcheck Test Signer"
    assert found.signer.issuer == "Imgcheck Test Root, imgcheck tests"
    assert found.signer.algorithm == "ed25519"
    assert found.source_types == ("digitalCapture",)


def test_trust_is_the_users_and_does_not_touch_integrity(signed: bytes) -> None:
    answers = {
        name: read(signed, trust=trust)
        for name, trust in {"own": OWN, "other": OTHER, "none": provenance.NO_TRUST}.items()
    }
    assert {n: a.signer and a.signer.trust for n, a in answers.items()} == {
        "own": "trusted", "other": "untrusted", "none": "no trust list",
    }  # fmt: skip
    assert {a.integrity for a in answers.values()} == {"intact"}
    assert {a.signer and a.signer.revocation for a in answers.values()} == {"unchecked offline"}
    assert OWN.bundles[0].sha256 in answers["own"].trust_list
    assert "2026-11-22" in answers["own"].trust_list
    assert answers["none"].trust_list == "no trust list"


@pytest.mark.parametrize(
    ("code", "trust", "revocation"),
    [
        ("signingCredential.expired", "expired", "unchecked offline"),
        ("claimSignature.outsideValidity", "expired", "unchecked offline"),
        ("signingCredential.invalid", "invalid", "unchecked offline"),
        (
            "signingCredential.ocsp.revoked",
            "revoked",
            "revoked (according to the response attached to the signature)",
        ),
        ("signingCredential.untrusted", "untrusted", "unchecked offline"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_no_matter_of_integrity(
    code: str, trust: str, revocation: str
) -> None:
    # The library refuses to sign with such certificates, so its words stand here in their place.
    found = Statuses(failure=(Status(code, "self#jumbf=/c2pa/a/c2pa.signature"),))
    signer = codes.signer({"algorithm": "ed25519"}, found, OWN)
    assert signer is not None
    assert (signer.trust, signer.revocation) == (trust, revocation)
    assert codes.against_integrity(found.failure) == ()


def test_an_old_claims_time_stamp_is_not_called_trusted_by_a_list() -> None:
    listed = f"timestamp cert trusted: A, trust list: urn:sha256:{OWN.bundles[0].sha256}"
    forged = listed.replace("timestamp cert trusted: A", "legacy timestamp cert trusted: A")
    words = ("legacy timestamp cert trusted: Some Authority", listed, forged)
    facts = {"timeStampInfo": {"timestamp": "2023-01-24T14:48:56+00:00"}}
    answers = []
    for said in words:
        success = (Status("timeStamp.validated", ""), Status("timeStamp.trusted", "", said))
        answers.append(codes.stamp(facts, Statuses(success=success), OWN))
    assert [a and a.trust for a in answers] == [
        "accepted unlisted", "trusted", "accepted unlisted",
    ]  # fmt: skip


@pytest.mark.parametrize("where", ["pixel", "exif"])
def test_one_changed_bit_breaks_the_content_hash(signed: bytes, where: str) -> None:
    place = len(signed) - 200 if where == "pixel" else signed.index(b"Test camera")
    found = read(flipped(signed, place))
    assert found.integrity == "broken"
    assert found.codes == ("assertion.dataHash.mismatch",)
    assert found.signer is not None
    assert found.signer.fits
    assert not found.whole_without_trailer


def test_appended_bytes_break_the_hash_and_are_told_apart(signed: bytes) -> None:
    found = read(signed + b"appended")
    assert found.integrity == "broken"
    assert found.whole_without_trailer
    assert "last 8 bytes" in (found.reason or "")
    changed = read(flipped(signed, len(signed) - 200) + b"appended")
    assert not changed.whole_without_trailer


def test_a_file_cut_short_is_broken(signed: bytes) -> None:
    assert read(signed[:-300]).integrity == "broken"


def test_a_changed_assertion_is_broken_and_no_content_code(signed: bytes) -> None:
    found = read(flipped(signed, signed.index(b"digitalCapture")))
    assert found.integrity == "broken"
    assert "assertion.hashedURI.mismatch" in found.codes


def test_a_changed_signature_leaves_the_name_unconfirmed(signed: bytes) -> None:
    # COSE_Sign1 ends with the signature, a byte string of 64: 0x58 0x40.
    place = signed.rindex(b"\x58\x40", 0, signed.index(b"\xff\xdb"))
    found = read(flipped(signed, place + 10))
    assert found.integrity == "broken"
    assert "claimSignature.mismatch" in found.codes
    assert found.signer is not None
    assert not found.signer.fits
    assert any("not confirmed as theirs" in s for s in provenance.credentials_words(found))


def test_the_manifest_of_another_file_does_not_fit(signed: bytes) -> None:
    other = sign(picture(77, exif=EXIF))
    spans = []
    for data in (signed, other):
        node = next(n for n in containers.structure(data, format="jpeg").nodes if n.kind == "APP11")
        spans.append((node.offset, node.offset + node.length))
    (a, b), (c, d) = spans
    assert read(other[:c] + signed[a:b] + other[d:]).integrity == "broken"


def test_saving_again_removes_everything(signed: bytes) -> None:
    out = io.BytesIO()
    with Pillow.open(io.BytesIO(signed)) as image:
        image.save(out, "JPEG")
    assert not read(out.getvalue()).present


def test_every_ingredient_is_walked_with_its_path_in_words(with_parts: bytes) -> None:
    found = read(with_parts)
    assert found.integrity == "intact"
    assert [i.sentence for i in found.ingredients or ()] == [
        "ingredient second.jpg: intact",
        "ingredient first.jpg of second.jpg: intact",
        "ingredient plain.jpg: no credentials",
    ]
    assert {i.relation for i in found.ingredients or ()} == {"parentOf", "componentOf"}
    assert not found.broken_ingredients


def test_an_ingredient_that_was_broken_when_it_came_in_is_not_called_clean() -> None:
    broken = sign(picture(2), title="first.jpg")
    place = broken.rindex(b"\x58\x40", 0, broken.index(b"\xff\xdb"))
    whole = sign(picture(3), parts=(Part(flipped(broken, place + 10), "first.jpg", "parentOf"),))
    found = read(whole)
    reader = c2pa.Reader.try_create(
        "image/jpeg", io.BytesIO(whole), context=library.Library(OWN)._context
    )
    assert reader.get_validation_state() == "Trusted"  # what the library says of the whole
    assert found.integrity == "intact"
    (ingredient,) = found.broken_ingredients
    assert ingredient.state == "broken"
    assert "claimSignature.mismatch" in ingredient.codes
    assert "claimSignature.mismatch" in ingredient.recorded


def test_an_ingredient_with_another_content_is_broken_by_its_makers_record() -> None:
    changed = flipped(sign(picture(2), title="first.jpg"), -200)
    found = read(sign(picture(3), parts=(Part(changed, "first.jpg", "parentOf"),)))
    (ingredient,) = found.broken_ingredients
    assert ingredient.codes == ()
    assert ingredient.recorded == ("assertion.dataHash.mismatch",)
    assert "(recorded)" in ingredient.sentence


def test_an_ingredient_changed_after_signing_breaks_the_file(with_parts: bytes) -> None:
    # The first manifest of the store is the oldest: that of first.jpg.
    found = read(flipped(with_parts, with_parts.index(b"digitalCapture")))
    assert found.integrity == "broken"
    assert "ingredient" in (found.reason or "")
    assert any(i.path[-1] == "first.jpg" for i in found.broken_ingredients)


def test_a_manifest_that_no_ingredient_names_is_counted(
    with_parts: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(with_parts).unnamed == ()
    true_read = library.Library.read

    def cut_off(self: library.Library, data: bytes, **more) -> library.Report:
        answer = true_read(self, data, **more)
        for manifest in answer.store["manifests"].values():
            if manifest["claim"].get("dc:title") == "second.jpg":
                manifest["assertion_store"] = {}
                manifest["claim"] = {}
        return answer

    monkeypatch.setattr(library.Library, "read", cut_off)
    found = read(with_parts)
    assert len(found.unnamed) == 1
    assert any("not referenced as ingredients" in s for s in provenance.credentials_words(found))


def test_what_is_not_walked_is_never_clean(
    with_parts: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingredients, "_MOST_VALIDATED", 1)
    found = read(with_parts)
    assert [i.state for i in found.ingredients or ()] == ["intact", "not walked", "no credentials"]
    assert [i.path[-1] for i in found.broken_ingredients] == ["first.jpg"]
    monkeypatch.setattr(ingredients, "_MOST_INGREDIENTS", 1)
    states = [i.state for i in read(with_parts).ingredients or ()]
    assert states[-1] == "not walked"
    assert len(states) <= 3


def test_a_manifest_that_breaks_a_rule_is_disputed_not_broken() -> None:
    found = read(sign(picture(), steps={"action": "c2pa.created"}))  # without a source type
    assert found.integrity == "disputed"
    assert found.codes == ("assertion.action.malformed",)


def test_bytes_outside_the_hash_are_named(signed: bytes) -> None:
    found = read(signed).outside_hash
    assert found is not None
    assert found.method == "data"
    assert [p.parts for p in found.ranges] == [("APP11 JUMBF c2pa",)]
    assert (found.exif, found.xmp, found.picture) == (False, None, False)


def test_a_hash_that_leaves_out_the_picture_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sign(picture(exif=EXIF))
    true_read = library.Library.read

    def wide(self: library.Library, data: bytes, **more) -> library.Report:
        answer = true_read(self, data, **more)
        active = answer.store["manifests"][answer.store["active_manifest"]]
        spans = [{"start": 0, "length": len(data)}]
        active["assertion_store"]["c2pa.hash.data"]["exclusions"] = spans
        return answer

    monkeypatch.setattr(library.Library, "read", wide)
    found = read(data)
    assert found.outside_hash is not None
    assert (found.outside_hash.exif, found.outside_hash.picture) == (True, True)
    assert any("picture itself lies outside" in s for s in provenance.credentials_words(found))


def test_signed_position_and_time_are_set_beside_the_tags() -> None:
    words = {
        "label": "stds.exif",
        "data": {
            "@context": {"exif": "http://ns.adobe.com/exif/1.0/"},
            "exif:GPSLatitude": "35,24.0000N",
            "exif:GPSLongitude": "40,9.0000E",
            "exif:DateTimeOriginal": "2017-09-10T08:04:12Z",
        },
    }
    data = sign(picture(), assertions=(words,))
    when = Time(
        value="2017-09-10T11:04:12", zone=None, source="camera clock",
        tag="ExifIFD:DateTimeOriginal", uncertainty_s=1.0, role="capture",
    )  # fmt: skip
    same = read(data, gps=Gps(lat=35.4, lon=40.15), times=(when,)).statements
    assert [(s.what, s.agreement) for s in same] == [("position", "agrees"), ("time", "agrees")]
    moved = read(data, gps=Gps(lat=35.4, lon=40.25), times=()).statements
    assert [(s.what, s.agreement) for s in moved] == [
        ("position", "differs"), ("time", "signed only"),
    ]  # fmt: skip
    assert moved[0].difference == pytest.approx(0.1, abs=1e-6)


def test_signed_steps_are_listed() -> None:
    step = {
        "action": "c2pa.created", "when": "2017-09-10T08:04:12Z", "digitalSourceType": CAPTURE,
        "softwareAgent": {"name": "Test camera"},
    }  # fmt: skip
    (action,) = read(sign(picture(), steps=step)).actions
    assert (action.action, action.when, action.source_type, action.software) == (
        "c2pa.created", "2017-09-10T08:04:12Z", "digitalCapture", "Test camera",
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the time stamps")
def test_a_time_stamp_is_trusted_only_by_a_list_that_names_its_authority(tmp_path) -> None:
    with stamping(tmp_path) as (url, root):
        data = sign(picture(), stamped_by=url)
    own = provenance.read_bundle(root.encode(), purpose="time-stamps")
    other = provenance.read_bundle(authority("X").root_pem.encode(), purpose="time-stamps")
    answers = []
    for bundles in ((), (own,), (other,), (*OWN.bundles, own)):
        found = read(data, trust=provenance.TrustList(bundles=bundles))
        assert found.integrity == "intact"
        assert found.time is not None
        assert (found.time.fits, found.time.authority) == (True, "Test time stamps")
        assert found.time.time is not None
        answers.append(found.time.trust)
    assert answers == ["no trust list", "trusted", "untrusted", "trusted"]


def test_an_identity_assertion_has_a_trust_of_its_own() -> None:
    person = authority("A Person")
    data = sign(picture(), identity=person)
    named = provenance.read_bundle(person.root_pem.encode(), purpose="identities")
    answers = {}
    for name, bundles in {"none": (), "signer": OWN.bundles, "person": (named,)}.items():
        found = read(data, trust=provenance.TrustList(bundles=bundles))
        assert found.integrity == "intact"
        answers[name] = (found.signer and found.signer.trust, found.identities[0].state)
    assert answers == {
        "none": ("no trust list", "no trust list"),
        "signer": ("trusted", "no trust list"),
        "person": ("no trust list", "trusted"),
    }


@pytest.mark.slow
def test_a_report_with_wrong_types_everywhere_gives_an_answer(
    with_parts: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(20170924)
    true_read = library.Library.read

    def garbled(self: library.Library, data: bytes, **more) -> library.Report:
        answer = true_read(self, data, **more)
        store = garble(answer.store, rng)
        facts = garble(answer.certificates, rng)
        return replace(
            answer,
            store=store if isinstance(store, dict) else {},
            certificates=facts if isinstance(facts, dict) else {},
        )

    monkeypatch.setattr(library.Library, "read", garbled)
    for _ in range(150):
        found = read(with_parts)
        assert found.present
        json.dumps(provenance.credentials_to_json(found), allow_nan=False)


def garble(value: object, rng: np.random.Generator) -> object:
    """Put values of wrong types into about one field of thirty."""
    if rng.random() < 0.03:
        odd: list[object] = [None, True, -1, 2**70, "", "self#jumbf=", [], {}, [None], {"url": 3}]
        return odd[int(rng.integers(len(odd)))]
    if isinstance(value, dict):
        return {key: garble(item, rng) for key, item in value.items()}
    if isinstance(value, list):
        return [garble(item, rng) for item in value]
    return value


def test_ingredients_that_lead_in_a_circle_end_and_are_broken(
    with_parts: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_read = library.Library.read

    def circular(self: library.Library, data: bytes, **more) -> library.Report:
        answer = true_read(self, data, **more)
        top = answer.store["active_manifest"]
        for manifest in answer.store["manifests"].values():
            for label, content in manifest["assertion_store"].items():
                if label.startswith("c2pa.ingredient"):
                    content["activeManifest"] = {"url": f"self#jumbf=/c2pa/{top}"}
        return answer

    monkeypatch.setattr(library.Library, "read", circular)
    found = read(with_parts)
    assert {i.codes for i in found.ingredients or ()} == {("ingredient.loop",)}
    assert {i.state for i in found.broken_ingredients} == {"broken"}


def test_a_manifest_elsewhere_is_named_and_never_fetched() -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *words: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/post.c2pa"
        found = read(sign(picture(), remote_url=url, embed=False))
        server.shutdown()
    assert asked == []
    assert (found.present, found.integrity, found.remote_url) == (True, "unreadable", url)
    assert found.ingredients is None


def test_the_library_is_told_to_stay_offline_twice() -> None:
    told = library.settings(OWN)
    assert told["verify"]["remote_manifest_fetch"] is False
    assert told["verify"]["ocsp_fetch"] is False
    assert told["core"]["allowed_network_hosts"] == []


def test_without_the_library_a_manifest_is_present_and_not_validated(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = read(signed)
    assert (found.present, found.integrity) == (True, "not validated")
    assert found.reason == "present, not validated: install imgcheck[c2pa]"
    assert found.ingredients is None
    assert not read(picture()).present


def test_a_block_without_a_manifest_is_unreadable_not_none(signed: bytes) -> None:
    hollow = signed.replace(b"jumb", b"jumx")
    found = read(hollow)
    assert found.present
    assert found.integrity == "unreadable"
    assert found.reason


def test_a_manifest_store_where_no_reader_looks_is_present_and_unreadable(signed: bytes) -> None:
    node = next(n for n in containers.structure(signed, format="jpeg").nodes if n.kind == "APP11")
    found = read(picture() + signed[node.offset : node.offset + node.length])
    assert (found.present, found.integrity, found.places) == (True, "unreadable", ())
    assert "where C2PA readers do not look" in (found.reason or "")


def test_what_only_the_library_finds_is_said(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = containers.Structure(format="jpeg", nodes=())
    found = read(signed, structure=empty)
    assert found.present
    assert found.integrity == "intact"
    assert "own parser does not find" in (found.reason or "")


@pytest.mark.slow
def test_two_hundred_hostile_manifests_raise_nothing_and_none_is_called_whole_unchanged() -> None:
    from tests.benchmarks.credentials import _where, mutated

    for at, kind, data, base in mutated(200, seed=5):
        found = read(data)
        assert isinstance(json.dumps(provenance.credentials_to_json(found)), str)
        if found.integrity == "intact" and not found.broken_ingredients and data != base:
            # What the format itself leaves unhashed: padding, labels and lengths of boxes.
            assert _where(base, at) != "elsewhere", (at, kind)


def test_random_bytes_that_look_like_a_manifest_are_present_but_unreadable() -> None:
    noise = np.random.default_rng(3).bytes(400)
    payload = b"JP\0\x01\0\0\0\x01" + b"\0\0\x01\x80jumb\0\0\0\x1ejumdc2pa\0" + noise
    segment = b"\xff\xeb" + (len(payload) + 2).to_bytes(2, "big") + payload
    plain = picture()
    found = read(plain[:2] + segment + plain[2:])
    assert (found.present, found.integrity) == (True, "unreadable")


def test_the_machine_contract_of_inspect_holds_its_fields(tmp_path, signed: bytes) -> None:
    path = tmp_path / "post.jpg"
    path.write_bytes(signed)
    shown = json.loads(json.dumps(inspect(path, trust=OWN).to_json()["c2pa"]))
    fields = {"present", "integrity", "signer", "ingredients", "time", "outside_hash"}
    assert fields <= set(shown)
    assert shown["signer"]["trust"] == "trusted"
    assert shown["sentences"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate 1 cannot"),
        (b"-----BEGIN PRIVATE KEY-----\n", "private key"),
        (b"x" * (9 << 20), "more than 8 MB"),
    ],
)
def test_a_bad_trust_list_is_refused_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        provenance.read_bundle(data, name="list.pem")


def test_a_trust_list_that_the_library_refuses_is_said(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(library._KINDS, "signers", "a word that no version knows")
    found = read(signed)
    assert (found.present, found.integrity) == (True, "unreadable")
    assert "trust list" in (found.reason or "")


@pytest.mark.data
def test_every_public_file_is_answered_rightly_on_every_axis() -> None:
    from tests.benchmarks.credentials import DATA, EXPECTED, axes, trust_lists

    if not (DATA / "c2pa").is_dir():
        pytest.skip("the real files of IMGCHECK_DATA are not there")
    for label, trust in trust_lists().items():
        for name in EXPECTED:
            found = read((DATA / "c2pa" / name).read_bytes(), trust=trust)
            wrong = [axis for axis, right in axes(name, label, found).items() if not right]
            assert not wrong, f"{name}, {label}: {wrong}"


def test_a_cut_trust_list_is_refused() -> None:
    pem = authority().root_pem.encode() * 2
    with pytest.raises(RefusedError, match="cut short"):
        provenance.read_bundle(pem[:-60])
