"""Are the shipped counts those of the real files, as the benchmark counts them?"""

import json
from pathlib import Path

import pytest

from imgcheck.provenance.rules import RULES
from imgcheck.provenance.rules.coding import LEAST_FILES, model_tables
from imgcheck.provenance.rules.rule import fire_rates

PACKAGE = Path(__file__).resolve().parents[2] / "imgcheck" / "provenance"


def test_every_rate_is_of_a_rule_and_can_be() -> None:
    rates = fire_rates()
    assert set(rates) <= {rule.id for rule in RULES}
    for rows in rates.values():
        for rate in rows:
            assert 0 <= rate.fired <= rate.applicable
            assert rate.applicable > 0


def test_no_table_of_a_model_rests_on_fewer_than_twenty_files() -> None:
    assert model_tables()
    for row in model_tables().values():
        assert row.files >= LEAST_FILES
        assert sum(row.sets.values()) == row.files


@pytest.mark.slow
@pytest.mark.data
def test_the_shipped_counts_are_counted_again(data_dir: Path) -> None:
    from tests.benchmarks import rules as benchmark

    assert benchmark.DATA.resolve() == data_dir
    shipped = json.loads((PACKAGE / "rules" / "rates.json").read_text("utf-8"))["rules"]
    # What the thumbnail shows needs pixels, which the benchmark itself decodes.
    counted = benchmark.count_rates(pixels=False)
    assert {k: v for k, v in shipped.items() if k != "thumbnail.picture"} == counted
    models = json.loads((PACKAGE / "rules" / "models.json").read_text("utf-8"))["models"]
    assert models == json.loads(json.dumps(benchmark.count_models()))
    rows = json.loads((PACKAGE / "platforms/rates.json").read_text("utf-8"))["rows"]
    assert rows == benchmark.count_background()
