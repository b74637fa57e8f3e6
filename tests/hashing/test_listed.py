"""Hashes from lists, the segments that hold them, and their exact search."""

import sqlite3

import numpy as np
import pytest

from imgcheck.errors import IndexFileError, UsageError
from imgcheck.hashing import HashIndex, PdqHash, columns, distance, pdq_dihedral, records
from imgcheck.hashing.probability import reach
from imgcheck.hashing.store import arguments, segments
from tests.benchmarks.store import half_batches, killed_writer
from tests.hashing.conftest import as_image
from tests.hashing.pictures import dihedral, ground


@pytest.fixture
def small_segments(monkeypatch):
    """Seal at 16 rows, and fill a segment with 64, so that few rows make many segments."""
    monkeypatch.setattr(segments, "TAIL_ROWS", 16)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 64)


def random_words(seed, count):
    return np.random.default_rng(seed).integers(0, 2**64, (count, 4), dtype=np.uint64)


def labels(count):
    return [f"{number}.jpg" for number in range(count)]


def flipped(word, bits):
    """Give a hash with some bits changed."""
    value = int(word, 16)
    for bit in bits:
        value ^= 1 << int(bit)
    return f"{value:064x}"


@pytest.mark.slow
def test_a_copy_is_answered_by_its_listed_hash_and_nothing_is_made_up(tmp_path):
    picture = ground(7)
    with HashIndex.create(tmp_path / "a") as index:
        (number,) = index.add_hashes(
            arguments.words([pdq_dihedral(picture)["original"].hex]),
            labels=["clip.jpg"],
            list_name="games",
            date="2015-06",
        )
        result = index.search(as_image(dihedral(picture, 4), quality=70))
        (match,) = result.matches
        assert (match.id, match.path, match.stage) == (number, "clip.jpg", "hash")
        assert (match.relation, match.relation_reason) == (
            "undetermined",
            "the index contains only its hash",
        )
        assert (match.transform, match.mirrored, match.inverted) == (None, True, False)
        assert (match.known.listed, match.known.date) == ("games", "2015-06")
        assert (result.exact, result.rows, result.listed) == (True, 0, 1)
        index.remove(match.id)
        assert index.search(as_image(picture)).matches == ()
        assert index.stats().hashes == 0
        assert index.verify().ok


def test_a_hash_that_several_views_hit_is_reported_with_its_smallest_distance(tmp_path):
    picture = ground(2)
    with HashIndex.create(tmp_path / "a") as index:
        index.add_hash(pdq_dihedral(picture)["original"].bits, label="copy", list_name="l")
        query = as_image(picture, quality=90)
        views = records.describe(query.rgb(), sha256="00" * 32).views
        assert len(index.hits(views[0].hashes)) == len(index.hits(views[1].hashes)) == 1
        (match,) = index.search(query).matches
    assert match.distance <= 4


@pytest.mark.parametrize("count", [1, 15, 16, 63, 64, 65, 200, 1000])
def test_exactly_the_rows_inside_the_radius_are_answered(tmp_path, small_segments, count):
    rng = np.random.default_rng(count)
    hashes = pdq_dihedral(ground(61))
    digits = arguments.digits(random_words(count, count))
    for at in range(0, count, 3):
        laid = hashes[columns.ORIENTATIONS[at % 8]].hex
        digits[at] = flipped(laid, rng.choice(256, at % 90, replace=False))
    with HashIndex.create(tmp_path / "a") as index:
        for start in range(0, count, 37):
            part = digits[start : start + 37]
            index.add_hashes(
                arguments.words(part), labels=labels(count)[start:][:37], list_name="l"
            )
        widest = reach(rows=count, variants=16)
        near = {
            number
            for number, text in enumerate(digits)
            for bits in [
                min(
                    min(d, 256 - d)
                    for h in hashes.values()
                    for d in [distance(h, PdqHash.from_hex(text))]
                )
            ]
            if bits <= widest
        }
        found = index.hits(hashes)
        assert {hit.picture - 1 for hit in found} == near
        assert index.verify().ok
        held = [text for part in index._segments.standing("pdq") for text in part.labels]
        assert sorted(held) == sorted(labels(count))
        radius = {n.id - 1 for n in index.within(arguments.words(digits[:1]), radius=100)}
    assert radius == {
        number
        for number, text in enumerate(digits)
        if distance(PdqHash.from_hex(text), PdqHash.from_hex(digits[0])) <= 100
    }


def test_single_and_bulk_adds_make_the_same_index(tmp_path, small_segments):
    words = random_words(3, 150)
    with HashIndex.create(tmp_path / "one") as one, HashIndex.create(tmp_path / "all") as together:
        for number in range(150):
            assert one.add_hash(words[number], label=f"{number}.jpg", list_name="l") == number + 1
        ids = together.add_hashes(words, labels=labels(150), list_name="l")
        assert ids.tolist() == list(range(1, 151))
        assert one.stats().snapshot == together.stats().snapshot
        assert one.verify().ok and together.verify().ok
        assert one.stats().segments > 1


def test_known_hashes_are_not_added_again_and_keep_their_ids(tmp_path, small_segments):
    words = random_words(4, 100)
    with HashIndex.create(tmp_path / "a") as index:
        first = index.add_hashes(words, labels=labels(100), list_name="l")
        before = index.stats()
        assert index.add_hashes(words, labels=labels(100), list_name="l").tolist() == first.tolist()
        assert index.add_hash(words[70], label="70.jpg", list_name="l") == first[70]
        assert index.stats() == before
        twice = index.add_hashes(words[[1, 1]], labels=["n", "n"], list_name="l")
        assert twice.tolist() == [101, 101]
        # Another list, another label, another kind: another row.
        for name, label, kind in (
            ("m", "0.jpg", "pdq"),
            ("l", "x", "pdq"),
            ("l", "0.jpg", "phash256"),
        ):
            index.add_hash(words[0], label=label, list_name=name, kind=kind)
        assert index.stats().listed == 104
    with HashIndex.open(tmp_path / "a", writable=True) as index:
        assert index.add_hash(words[3], label="3.jpg", list_name="l") == first[3]


def test_what_another_process_added_is_known_too(tmp_path):
    words = random_words(5, 3)
    with (
        HashIndex.create(tmp_path / "a") as one,
        HashIndex.open(tmp_path / "a", writable=True) as other,
    ):
        one.add_hash(words[0], label="a", list_name="l")
        assert other.add_hash(words[0], label="a", list_name="l") == 1
        assert other.add_hash(words[1], label="b", list_name="l") == 2
        assert one.add_hash(words[1], label="b", list_name="l") == 2
        assert one.stats().listed == 2


def test_removed_hashes_stay_away_while_segments_are_joined(tmp_path, small_segments):
    words = random_words(6, 40)
    with HashIndex.create(tmp_path / "a") as index:
        index.add_hashes(words, labels=labels(40), list_name="l")
        for number in (1, 20, 40):
            index.remove(number)
        with pytest.raises(UsageError, match="no picture 20"):
            index.remove(20)
        assert index.stats().hashes == 37
        index.add_hashes(random_words(7, 300), labels=labels(300), list_name="m")
        assert index.stats().hashes == 337
        assert index.within(words[[0, 19, 39]], radius=0) == []
        assert index.verify().ok
        assert index.add_hash(words[19], label="19.jpg", list_name="l") == 341
        (again,) = index.within(words[[19]], radius=0)
        assert again.known.path == "19.jpg"


def test_a_list_is_taken_out_and_its_room_is_given_back(tmp_path, small_segments):
    words = random_words(6, 900)
    with HashIndex.create(tmp_path / "a") as index:
        index.add_hashes(words[:40], labels=labels(40), list_name="kept")
        before = index.stats()
        index.add_hashes(words[40:], labels=labels(860), list_name="wrong")
        index.add_hash(words[0], label="x", list_name="wrong", date="2016")
        index.add_hash(words[0], label="x", list_name="wrong", kind="phash256")
        full = index.stats().segments
        assert index.remove_list("wrong") == 862
        after = index.stats()
        assert (after.listed, after.lists, after.snapshot) == (40, ("kept",), before.snapshot)
        assert after.segments <= 2 < full
        assert len(index.within(words[:40], radius=0)) == 40
        assert index.verify().ok
        with pytest.raises(UsageError, match='no list "wrong"'):
            index.remove_list("wrong")
        index.add_hashes(words[40:], labels=labels(860), list_name="wrong")
        assert index.stats().listed == 900
        assert index.verify().ok


def test_kinds_are_kept_apart(tmp_path):
    with HashIndex.create(tmp_path / "a") as index:
        words = arguments.words(["f0e1d2c3b4a59687"], kind="phash64")
        index.add_hashes(words, labels=["p"], list_name="l", kind="phash64")
        index.add_hashes(words, labels=["d"], list_name="l", kind="dhash64")
        (found,) = index.within(words, radius=3, kind="phash64")
        assert (found.known.path, found.distance, found.kind) == ("p", 0, "phash64")
        assert (
            index.within(
                words ^ arguments.words(["000000000000000f"], kind="dhash64"),
                radius=3,
                kind="dhash64",
            )
            == []
        )
        assert index.within(words, radius=3) == []
        with pytest.raises(UsageError, match="not a kind of hash"):
            index.within(words, radius=3, kind="ahash64")
        with pytest.raises(UsageError, match="64 bits"):
            index.add_hash(np.ones(4, np.uint64), label="", list_name="l", kind="phash64")


def test_hash_of_a_region_finds_its_picture_with_its_corners(tmp_path):
    whole, pane = ground(8, shape=(64, 80)), ground(9, shape=(64, 80))
    corners = ((10.0, 4.0), (60.0, 4.0), (60.0, 50.0), (10.0, 50.0))
    record = records.describe(whole, sha256="ab" * 32)
    with HashIndex.create(tmp_path / "a") as index:
        index.add_record(
            record,
            records.pack_preview(whole),
            path_text="collage.png",
            regions=[(pdq_dihedral(pane)["original"], corners)],
        )
        (hit,) = index.hits(pdq_dihedral(pane))
        assert (hit.picture, hit.region, hit.listed) == (1, corners, False)
        (hit,) = index.hits(pdq_dihedral(whole))
        assert (hit.picture, hit.region) == (1, ())
        assert index.verify().ok
        index.remove(1)
        assert index.stats().hashes == 0
        assert index.verify().ok


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": np.zeros((2, 3), np.uint64)},
        {"words": np.zeros((2, 4), np.int64)},
        {"labels": ["one"]},
        {"labels": ["a", "b" * 2000]},
        {"date": "lately"},
        {"kind": "sha1"},
    ],
)
def test_arguments_without_meaning_add_nothing(tmp_path, wrong):
    right = {"words": random_words(1, 2), "labels": ["a", "b"], "list_name": "l"}
    with HashIndex.create(tmp_path / "a") as index:
        with pytest.raises(UsageError):
            index.add_hashes(**(right | wrong))
        assert index.stats().hashes == 0


def test_hostile_labels_come_back_as_text(tmp_path):
    strange = ["a\0b", "\udcff", "", "=cmd", "line\nline", "ö" * 200]
    with HashIndex.create(tmp_path / "a") as index:
        words = random_words(2, len(strange))
        index.add_hashes(words, labels=strange, list_name="\udcfe")
        found = [index.within(words[[n]], radius=0)[0].known for n in range(len(strange))]
        assert [f.path for f in found] == ["a\ufffdb", "\\udcff", *strange[2:]]
        assert found[0].listed == "\\udcfe"
        assert index.verify().ok


def test_digits_and_words_are_each_others_reverse():
    texts = ["00" * 31 + "0f", "f" * 64]
    assert arguments.digits(arguments.words(texts)) == texts
    assert arguments.words(["000000000000000F"], kind="dhash64").tolist() == [[15, 0, 0, 0]]
    for wrong in ("f" * 63, "g" * 64, "f" * 62 + " f", "", "\u0663" * 64):
        with pytest.raises(UsageError, match="64 hexadecimal digits"):
            arguments.words(["0" * 64, wrong])


@pytest.mark.parametrize("name", segments.COLUMNS)
@pytest.mark.parametrize("damage", ["bit", "cut", "text", "gone"])
def test_damaged_segment_is_an_error_never_an_answer(tmp_path, small_segments, name, damage):
    words = random_words(8, 64)
    path = tmp_path / "a"
    with HashIndex.create(path) as index:
        index.add_hashes(words, labels=labels(64), list_name="l")
    with sqlite3.connect(path) as connection:
        at = "WHERE name = ?"
        (data,) = connection.execute(f"SELECT data FROM segment_column {at}", (name,)).fetchone()
        if damage == "gone":
            connection.execute(f"DELETE FROM segment_column {at}", (name,))
        else:
            changed = (
                {
                    "bit": data[:100] + bytes([data[100] ^ 4]) + data[101:],
                    "cut": data[:-8],
                    "text": data.hex(),
                }[damage]
                if name != "quality"
                else data[:-1] + b"\0"
            )
            connection.execute(f"UPDATE segment_column SET data = ? {at}", (changed, name))
    connection.close()
    with HashIndex.open(path) as index:
        assert any("cannot be read" in p for p in index.verify().problems)
        with pytest.raises(IndexFileError, match="damaged"):
            index.within(words[[0]], radius=0)


def test_altered_list_is_noticed(tmp_path):
    words = random_words(9, 2)
    path = tmp_path / "a"
    for change in (
        "UPDATE list SET name = 'other'",
        "UPDATE hash_tail SET label = 'other'",
        "DELETE FROM list",
    ):
        path.unlink(missing_ok=True)
        with HashIndex.create(path) as index:
            index.add_hashes(words, labels=["a", "b"], list_name="l")
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        connection.close()
        with HashIndex.open(path) as index:
            assert not index.verify().ok
            with pytest.raises(IndexFileError, match="damaged"):
                index.within(words, radius=0)
    path.unlink()
    with HashIndex.create(path) as index:
        index.add_hashes(words, labels=["a", "b"], list_name="l", date="2016")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE list SET date = '2010'")
    connection.close()
    with HashIndex.open(path) as index:
        assert any("digest" in problem for problem in index.verify().problems)


def test_a_failed_bulk_add_leaves_the_index_as_it_was(tmp_path):
    words = random_words(10, 3000)
    with HashIndex.create(tmp_path / "a") as index:
        index.add_hashes(words[:10], labels=labels(10), list_name="l")
        before = index.stats()
        pages = index._connection.execute("PRAGMA page_count").fetchone()[0]
        index._connection.execute(f"PRAGMA max_page_count={pages + 4}")
        with pytest.raises(IndexFileError, match="disk is full"):
            index.add_hashes(words, labels=labels(3000), list_name="l")
        index._connection.execute("PRAGMA max_page_count=1000000")
        assert index.stats() == before
        index.add_hashes(words, labels=labels(3000), list_name="l")
        assert index.stats().listed == 3000
        assert index.verify().ok


@pytest.mark.slow
def test_no_acknowledged_batch_is_lost_or_halved_when_the_writer_is_killed(tmp_path):
    path = tmp_path / "killed"
    HashIndex.create(path).close()
    acknowledged: set[str] = set()
    for number, seconds in enumerate([0.02, 0.15, 0.3]):
        acknowledged |= killed_writer(path, number * 1_000_000, seconds)
        with HashIndex.open(path) as index:
            rows = [label for part in index._segments.standing("pdq") for label in part.labels]
            assert index.verify().ok
        assert len(rows) == len(set(rows))
        assert acknowledged <= set(rows)
        assert half_batches(set(rows)) == 0
    assert acknowledged
