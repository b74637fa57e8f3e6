import numpy as np
import pytest

from imgcheck.hashing import ORIENTATIONS, PdqHash, columns, distance, pdq_dihedral
from imgcheck.hashing.columns import distances, nearest, variants
from tests.hashing.pictures import dihedral, ground


def words_of(texts):
    return np.array([PdqHash.from_hex(text).bits for text in texts], np.uint64).reshape(-1, 4).T


def hits(texts, hashes):
    return columns.hits(np.arange(len(texts)), words_of(texts), hashes, rows=len(texts))


@pytest.mark.data
def test_scan_gives_the_distances_of_plain_python_for_all_needles(data_dir):
    folder = data_dir / "pdq" / "reg-test-input"
    haystack = (folder / "haystack.txt").read_text().split()
    needles = (folder / "needles.txt").read_text().split()
    haystack = [line.split(",")[-1] for line in haystack]
    needles = [line.split(",")[-1] for line in needles]
    words = words_of(haystack)
    for needle in needles:
        plain = [bin(int(needle, 16) ^ int(other, 16)).count("1") for other in haystack]
        assert distances(words, PdqHash.from_hex(needle).bits).tolist() == plain


def test_scan_equals_pairwise_distance():
    rng = np.random.default_rng(8)
    texts = [rng.bytes(32).hex() for _ in range(300)]
    one = PdqHash.from_hex(rng.bytes(32).hex())
    found = distances(words_of(texts), one.bits)
    assert found.tolist() == [distance(one, PdqHash.from_hex(t)) for t in texts]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("number", range(8))
def test_orientation_and_polarity_of_a_copy_are_named(number, inverted):
    pictures = [ground(seed) for seed in range(20, 26)]
    known = [pdq_dihedral(p)["original"].hex for p in pictures]
    # The query must be laid down in orientation `number` to look like picture 3.
    back = {1: 3, 3: 1}.get(number, number)
    query = dihedral(255 - pictures[3] if inverted else pictures[3], back)
    (hit,) = hits(known, pdq_dihedral(query))
    assert (hit.picture, hit.orientation, hit.inverted) == (3, ORIENTATIONS[number], inverted)


def test_strangers_are_no_hits_and_an_unhashable_query_hits_nothing():
    known = [pdq_dihedral(ground(seed))["original"].hex for seed in range(30, 60)]
    assert hits(known, pdq_dihedral(ground(99))) == []
    assert hits(known, pdq_dihedral(np.zeros((64, 64), np.uint8))) == []
    assert hits([], pdq_dihedral(ground(99))) == []


def test_every_row_within_reach_is_found():
    rng = np.random.default_rng(9)
    hashes = pdq_dihedral(ground(61))
    own = int(hashes["original"].hex, 16)
    texts = []
    for flips in range(0, 80, 2):
        flipped = own
        for bit in rng.choice(256, flips, replace=False):
            flipped ^= 1 << int(bit)
        texts.append(f"{flipped:064x}")
    texts += [rng.bytes(32).hex() for _ in range(200)]
    found = {h.picture: h.distance for h in hits(texts, hashes)}
    assert found == {i: 2 * i for i in range(40)}
    assert nearest(words_of(texts), variants(hashes))[:40].tolist() == list(range(0, 80, 2))
