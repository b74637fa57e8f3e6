import json

import pytest

from imgcheck.custody.canonical import MOST, NotCanonical, dumps, loads
from imgcheck.errors import UsageError


def test_the_text_is_that_of_rfc_8785_on_the_subset() -> None:
    value = {"b": [1, True, None, "é\u2028"], "a": {"\x1f": "\x7f", "Z": '"\\/\b\f\n\r\t\x00'}}
    text = (
        '{"a":{"\\u001f":"\x7f","Z":"\\"\\\\/\\b\\f\\n\\r\\t\\u0000"},"b":[1,true,null,"é\u2028"]}'
    )
    assert dumps(value) == text.encode()
    assert loads(dumps(value)) == value


@pytest.mark.parametrize(
    "value", [1.5, MOST + 1, {"é": 1}, {1: 2}, "\ud800", float("nan"), b"", object()]
)
def test_what_has_no_one_text_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        dumps(value)


@pytest.mark.parametrize(
    "data",
    [
        b"", b" {}", b"{} ", b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a" :1}', b"1.0", b"1e2",
        b"-0", b"NaN", b"01", b'"\\/"', b'"\\u0041"', b'"\\u001F"', b"\xff", b'"\\ud800"',
        b"\xef\xbb\xbf{}", b"9" * 5000, b"9007199254740993", b'"\n"',
    ],
)  # fmt: skip
def test_every_other_text_of_a_value_is_told_from_the_canonical_one(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        loads(data)


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"a":' * 100_000, b"[" * 30 + b"]" * 30])
def test_nesting_is_bounded(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        loads(data)


def test_the_place_of_the_first_difference_is_told() -> None:
    with pytest.raises(NotCanonical) as caught:
        loads(b'{"a":1, "b":2}')
    assert caught.value.place == 7
    with pytest.raises(NotCanonical) as caught:
        loads('{"é":'.encode() + b"x}")
    assert caught.value.place == 6
    assert json.loads(b'{"a":1, "b":2}') == {"a": 1, "b": 2}
