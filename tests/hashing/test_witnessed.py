import numpy as np
import pytest

from imgcheck.hashing import HashIndex, witnessed
from imgcheck.hashing.store import kinds
from imgcheck.hashing.witnesses import dhash, phash
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground


@pytest.mark.parametrize("kind", witnessed.KINDS)
def test_a_listed_hash_of_another_kind_is_found_by_a_search(tmp_path, kind):
    hashed = phash if kind.startswith("phash") else dhash
    bits = kinds.BITS[kind]
    listed = [hashed(ground(seed), bits=bits).hex for seed in range(40, 60)]
    query = as_image(ground(47)[:, ::-1], quality=90)
    with HashIndex.create(tmp_path / "lists.imgcheck") as index:
        index.add_hashes(
            kinds.words(listed, kind=kind),
            labels=[f"{seed}.jpg" for seed in range(40, 60)],
            list_name="others",
            date="2015",
            kind=kind,
        )
        result = index.search(query)
    assert [(m.path, m.view, m.relation) for m in result.matches] == [
        ("47.jpg", kind, "undetermined")
    ]
    assert result.listed == 20
    assert result.matches[0].log10_nfa <= -2


def test_strangers_are_not_found_in_lists(tmp_path):
    with HashIndex.create(tmp_path / "lists.imgcheck") as index:
        for kind in witnessed.KINDS:
            hashed = phash if kind.startswith("phash") else dhash
            listed = [hashed(ground(seed), bits=kinds.BITS[kind]).hex for seed in range(40, 60)]
            index.add_hashes(
                kinds.words(listed, kind=kind), labels=listed, list_name=kind, kind=kind
            )
        assert index.search(as_image(ground(99))).matches == ()


def test_the_second_witnesses_are_heard_beside_a_match_by_hash(known):
    (match,) = known.search(as_image(ground(104)[::-1, ::-1], quality=60)).matches
    assert match.stage == "hash"
    assert [kind for kind, _ in match.witnesses] == ["phash256", "dhash256"]
    assert all(bits <= 60 for _, bits in match.witnesses)


def test_the_reach_falls_with_the_number_of_rows():
    few = [witnessed.reach(kind, rows=100, log10_nfa=-2) for kind in witnessed.KINDS]
    many = [witnessed.reach(kind, rows=10**6, log10_nfa=-2) for kind in witnessed.KINDS]
    assert all(a > b for a, b in zip(few, many, strict=True))
    for kind, bits in zip(witnessed.KINDS, few, strict=True):
        tests = np.log10(100 * witnessed.VARIANTS)
        assert tests + witnessed.log10_coincidence(bits, kind=kind) <= -2
    tests = np.log10(10**6 * witnessed.VARIANTS)
    for kind, bits in zip(witnessed.KINDS, many, strict=True):
        assert tests + witnessed.log10_coincidence(bits + 1, kind=kind) > -2
