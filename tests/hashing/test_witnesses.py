import imagehash
import numpy as np
import pytest
from PIL import Image as PillowImage

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.hashing import ORIENTATIONS, witnesses
from imgcheck.hashing.witnesses import WitnessHash, dhash, distance, phash, phash_dihedral
from tests.hashing.pictures import dihedral, ground

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
    found = getattr(witnesses, kind)(ground(seed, shape=shape), bits=4 * len(text))
    assert (found.hex, found.kind) == (text, kind)


@pytest.mark.parametrize("side", [8, 16])
def test_live_imagehash_agrees_on_odd_sizes(side):
    for seed, shape in ((21, (33, 517)), (22, (601, 64)), (23, (26, 26))):
        pixels = ground(seed, shape=shape)
        picture = PillowImage.fromarray(pixels)
        assert phash(pixels, bits=side**2).hex == str(imagehash.phash(picture, hash_size=side))
        assert dhash(pixels, bits=side**2).hex == str(imagehash.dhash(picture, hash_size=side))


def test_shrinking_moves_few_bits_and_other_ground_moves_half():
    picture, other = ground(4), ground(5)
    small = np.asarray(PillowImage.fromarray(picture).resize((240, 180)))
    for hashed in (phash, dhash):
        assert distance(hashed(picture), hashed(small)) <= 16
        assert distance(hashed(picture), hashed(other)) >= 80


@pytest.mark.parametrize("number", range(8))
def test_turned_phash_is_near_the_phash_of_the_turned_pixels(number):
    hashes = phash_dihedral(ground(6))
    assert hashes["original"] == phash(ground(6))
    turned = phash(dihedral(ground(6), number))
    bits = {name: distance(turned, found) for name, found in hashes.items()}
    assert min(bits, key=bits.get) == ORIENTATIONS[number]
    assert bits[ORIENTATIONS[number]] <= 8


def test_hex_is_read_as_imagehash_writes_it():
    found = WitnessHash.from_hex(" 00FF00ff00ff00ff\n", kind="dhash")
    assert (found.hex, found.bits) == ("00ff00ff00ff00ff", 64)


@pytest.mark.parametrize("wrong", ["00ff", "x" * 16, ""])
def test_other_text_is_refused_by_name(wrong):
    with pytest.raises(UsageError, match="16 or 64 hexadecimal digits"):
        WitnessHash.from_hex(wrong, kind="phash")


def test_unlike_hashes_are_not_compared():
    picture = ground(4)
    with pytest.raises(UsageError, match="cannot be compared"):
        distance(phash(picture), phash(picture, bits=64))
    with pytest.raises(UsageError, match="one of phash, dhash"):
        WitnessHash.from_hex("0" * 16, kind="ahash")


def test_other_lengths_and_arrays_are_refused():
    with pytest.raises(UsageError, match="64 or 256 bits"):
        phash(ground(4), bits=128)
    with pytest.raises(GridMismatchError, match="uint8"):
        dhash(np.zeros((5, 5, 4), np.uint8))
