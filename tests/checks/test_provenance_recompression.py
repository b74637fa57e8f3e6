"""How a file was last saved is told, and says nothing for or against the picture."""

from types import SimpleNamespace

import pytest

from imgcheck.checks.provenance_recompression import provenance_recompression
from imgcheck.forensics import Encoding
from imgcheck.model import Finding, Outcome
from tests.checks.frozen import case_of


def saved(**more: object) -> Encoding:
    base: dict[str, object] = {
        "width": 4, "height": 3, "precision": 8, "process": "baseline", "progressive": False,
        "components": (), "subsampling": "4:2:0", "scans": 1, "restart_interval": None,
        "huffman": "standard", "tables": (), "ijg_quality": 90, "nearest_quality": 90,
        "distance": 0.0, "variant": "IJG", "adobe_transform": None, "redefined": False,
    }  # fmt: skip
    return Encoding(**{**base, **more})


def findings(encoding: Encoding | None, claim: str = "  - unaltered\n") -> list[Finding]:
    return list(provenance_recompression.run(case_of(claim, encoding=encoding)))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "the standard tables of quality 90, baseline, in one scan, chroma 4:2:0."),
        ({"ijg_quality": None}, "not the standard ones (nearest standard quality 90), baseline"),
        ({"ijg_quality": None, "nearest_quality": None}, "tables that are not the standard ones,"),
        ({"progressive": True, "process": "progressive", "scans": 10}, "progressive, in 10 scans"),
        ({"progressive": True, "process": "progressive"}, "progressive, in one scan"),
        ({"process": "extended"}, "extended, in one scan"),
        ({"subsampling": None}, "in one scan."),
    ],
)
def test_tables_scans_and_chroma_are_told(more: dict[str, object], words: str) -> None:
    whole, named = findings(saved(**more))
    assert words in whole.summary
    assert (whole.statement, whole.outcome) == (None, Outcome.INCONCLUSIVE)
    assert named.outcome is Outcome.NOT_APPLICABLE
    assert "not evidence for or against alteration" in named.summary


def test_tables_that_cannot_be_read_are_no_test() -> None:
    (finding,) = findings(None)
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.statement is not None


def test_without_the_statement_only_the_file_is_described() -> None:
    (finding,) = findings(saved(), "")
    assert finding.statement is None


@pytest.mark.parametrize("form", ["png", "webp", "tiff"])
def test_other_formats_do_not_tell_how_they_were_saved(form: str) -> None:
    case = case_of(image=SimpleNamespace(format=form))
    lack = provenance_recompression.missing(case)
    assert lack is not None and form.upper() in lack.reason
    jpeg = case_of(image=SimpleNamespace(format="jpeg"))
    assert provenance_recompression.missing(jpeg) is None


def test_measures_say_why_a_value_is_unknown() -> None:
    whole, _ = findings(saved(ijg_quality=None, subsampling=None))
    unknown = {m.name: m.reason for m in whole.measures if m.value is None}
    assert unknown["standard (IJG) quality"] == "the tables are not those of any standard quality"
    assert unknown["chroma subsampling"] == "the picture has no chroma"
