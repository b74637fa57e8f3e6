"""The export: its form here; its conformance where the public validator is at hand."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from imgcheck import custody
from imgcheck.errors import UsageError


def graph(case: Path) -> list[dict]:
    nodes: list[dict] = json.loads(custody.export(custody.read(case)))["@graph"]
    return nodes


def of_type(nodes: list[dict], name: str) -> list[dict]:
    return [node for node in nodes if node["@type"].endswith(f":{name}")]


def test_each_line_is_an_action_and_each_file_a_file_with_hashes(case: Path) -> None:
    nodes = graph(case)
    assert len(of_type(nodes, "InvestigativeAction")) == 5
    assert len(of_type(nodes, "ProvenanceRecord")) == 2
    assert len(of_type(nodes, "Investigation")) == 1
    files = of_type(nodes, "File")
    assert len(files) == 4
    hashes = files[0]["uco-core:hasFacet"][1]["uco-observable:hash"]
    assert [h["uco-types:hashMethod"]["@value"] for h in hashes] == ["MD5", "SHA1", "SHA256"]
    assert files[0]["uco-core:hasFacet"][0]["uco-observable:fileName"] == ["post.jpg"]


def test_every_reference_leads_to_a_node(case: Path) -> None:
    nodes = graph(case)
    known = {node["@id"] for node in nodes}

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                return {value["@id"]}
            return set().union(*(references(v) for v in value.values()))
        if isinstance(value, list):
            return set().union(*(references(v) for v in value), set())
        return set()

    assert references(nodes) <= known
    assert len(known) == len(nodes)


def test_the_same_log_gives_the_same_bytes(case: Path) -> None:
    assert custody.export(custody.read(case)) == custody.export(custody.read(case))


def test_a_damaged_log_is_not_exported(case: Path) -> None:
    log = case / "case.log.jsonl"
    log.write_bytes(log.read_bytes()[:-200])
    with pytest.raises(UsageError, match="damaged"):
        custody.export(custody.read(case))


@pytest.mark.slow
def test_the_public_validator_finds_nothing_against_the_ontology(
    case: Path, tmp_path: Path
) -> None:
    validator = shutil.which("case_validate")
    if validator is None:
        pytest.skip("the validator case_validate (package case-utils) is not on the path")
    path = tmp_path / "case.jsonld"
    path.write_text(custody.export(custody.read(case)))
    done = subprocess.run(
        [validator, "--built-version", "case-1.3.0", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Conforms: True" in done.stdout, done.stdout
