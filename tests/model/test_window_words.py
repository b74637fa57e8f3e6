"""Spans of time in words."""

import pytest

from imgcheck.model import Window


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2017-09-08", "8 September 2017"),
        ("2017-09-08/2017-09-12", "8 to 12 September 2017"),
        ("2017-09-28/2017-10-03", "28 September to 3 October 2017"),
        ("2016-12-30/2017-01-02", "30 December 2016 to 2 January 2017"),
        ("2017-09", "September 2017"),
        ("2017-07/2017-08", "July to August 2017"),
        ("2016-11/2017-02", "November 2016 to February 2017"),
        ("2017", "2017"),
        ("2016/2017", "2016 to 2017"),
        ("2017-09-08T12:30Z", "8 September 2017, 12:30 UTC"),
        ("2017-09-08T12:30:05+03:00", "8 September 2017, 12:30:05 UTC+03:00"),
        ("2017-09-08T12:30-04:30", "8 September 2017, 12:30 UTC−04:30"),
        ("2017-09-08T12:30", "8 September 2017, 12:30 (time zone not stated)"),
        ("2017-09-08T12:30Z/2017-09-08T14:00Z", "8 September 2017, 12:30 to 14:00 UTC"),
        (
            "2017-09-08T12:30Z/2017-09-09T01:15Z",
            "8 September 2017, 12:30 to 9 September 2017, 01:15 UTC",
        ),
    ],
)
def test_a_span_is_said_as_a_person_would(written: str, shown: str) -> None:
    assert Window.parse(written).words == shown


def test_a_single_moment_at_midnight_is_not_taken_for_a_day() -> None:
    moment = Window.parse("2017-09-08T00:00:00Z")
    assert moment.words == "8 September 2017, 00:00 UTC"
