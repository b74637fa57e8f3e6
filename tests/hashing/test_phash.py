import imagehash
import numpy as np
import pytest
from PIL import Image as PillowImage

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.hashing import HashIndex
from imgcheck.hashing import phash as hashing
from imgcheck.hashing.phash import dhash, phash
from imgcheck.hashing.store import arguments
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground

# Written by ImageHash 4.3.2 of the same pixels.
VECTORS = [
    (1, (360, 480), "phash", "ee58392666ea1bc2"),
    (1, (360, 480), "phash", "ee59584a393d26dc66cde86c0a70c21fa61ee50052db05efbe21b3a69706f6b1"),
    (1, (360, 480), "dhash", "0f1b2b2564670707"),
    (1, (360, 480), "dhash", "486f4b2f03ad89ac98c684ce24679c7318323a36bcb2287e097fc91f603a08bb"),
    (2, (700, 300), "phash", "9b62f4af1c962692"),
    (2, (700, 300), "phash", "9b6a62faf499afa71c51968f2655926c1829c10813acc9e3b9f52cdf2f69ae40"),
    (2, (700, 300), "dhash", "0f8bcd587b5b38f8"),
    (2, (700, 300), "dhash", "5b6908e620bfe3c9486560d799c4878c07cf3ecd315e178f1bd1dbc19f20ade0"),
    (3, (40, 90), "phash", "90dd3f326835386e"),
    (3, (40, 90), "phash", "9097dd003ff332bf68233558385a6e76d3883a6537d7e2653d80f14e662452bc"),
    (3, (40, 90), "dhash", "b47cc488cc9c4cbd"),
    (3, (40, 90), "dhash", "c7b087b097a09650e880c080d0c0c2c0f0f2c2f2c3f371f371f324f386d3c7b3"),
]


@pytest.mark.parametrize(("seed", "shape", "kind", "text"), VECTORS)
def test_hashes_are_those_of_imagehash(seed, shape, kind, text):
    assert getattr(hashing, kind)(ground(seed, shape=shape), bits=4 * len(text)) == text


@pytest.mark.parametrize("side", [8, 16])
def test_live_imagehash_agrees_on_odd_sizes(side):
    for seed, shape in ((21, (33, 517)), (22, (601, 64)), (23, (26, 26))):
        pixels = ground(seed, shape=shape)
        picture = PillowImage.fromarray(pixels)
        assert phash(pixels, bits=side**2) == str(imagehash.phash(picture, hash_size=side))
        assert dhash(pixels, bits=side**2) == str(imagehash.dhash(picture, hash_size=side))


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_shrinking_moves_few_bits_and_other_ground_moves_half():
    picture, other = ground(4), ground(5)
    small = np.asarray(PillowImage.fromarray(picture).resize((240, 180)))
    for hashed in (phash, dhash):
        assert distance(hashed(picture), hashed(small)) <= 16
        assert distance(hashed(picture), hashed(other)) >= 80


def test_other_lengths_and_arrays_are_refused():
    with pytest.raises(UsageError, match="64 or 256 bits"):
        phash(ground(4), bits=128)
    with pytest.raises(GridMismatchError, match="uint8"):
        dhash(np.zeros((5, 5, 4), np.uint8))


@pytest.mark.parametrize("kind", hashing.KINDS)
def test_a_listed_hash_of_another_kind_is_found_by_a_search(tmp_path, kind):
    hashed = phash if kind.startswith("phash") else dhash
    bits = arguments.BITS[kind]
    listed = [hashed(ground(seed), bits=bits) for seed in range(40, 60)]
    query = as_image(ground(47)[:, ::-1], quality=90)
    with HashIndex.create(tmp_path / "lists.imgcheck") as index:
        index.add_hashes(
            arguments.words(listed, kind=kind),
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


@pytest.mark.slow
def test_strangers_are_not_found_in_lists(tmp_path):
    with HashIndex.create(tmp_path / "lists.imgcheck") as index:
        for kind in hashing.KINDS:
            hashed = phash if kind.startswith("phash") else dhash
            listed = [hashed(ground(seed), bits=arguments.BITS[kind]) for seed in range(40, 60)]
            index.add_hashes(
                arguments.words(listed, kind=kind), labels=listed, list_name=kind, kind=kind
            )
        assert index.search(as_image(ground(99))).matches == ()


def test_the_reach_falls_with_the_number_of_rows():
    few = [hashing.reach(kind, rows=100, log10_nfa=-2) for kind in hashing.KINDS]
    many = [hashing.reach(kind, rows=10**6, log10_nfa=-2) for kind in hashing.KINDS]
    assert all(a > b for a, b in zip(few, many, strict=True))
    for kind, bits in zip(hashing.KINDS, few, strict=True):
        tests = np.log10(100 * hashing.VARIANTS)
        assert tests + hashing.log10_probability(bits, kind=kind) <= -2
    tests = np.log10(10**6 * hashing.VARIANTS)
    for kind, bits in zip(hashing.KINDS, many, strict=True):
        assert tests + hashing.log10_probability(bits + 1, kind=kind) > -2
