from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.feeds.dates import read_date

NOON = datetime(2023, 7, 12, 12, tzinfo=UTC)
MIDNIGHT = datetime(2023, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 12 Jul 2023 12:00:00 GMT", "Wed, 12 Jul 2023 12:00:00 +0000", "Wed, 12 Jul 2023 14:00:00 +0200",
        "Wed, 12 Jul 2023 08:00:00 EDT", "Wed, 12 Jul 2023 07:00:00 EST", "12 Jul 2023 12:00:00 GMT",
        "Wed, 12 Jul 2023 12:00 GMT", "Wed, 12 Jul 23 12:00:00 GMT", "Wed,12 Jul 2023 12:00:00 GMT",
        "  Wed,  12  Jul  2023  12:00:00  GMT ", "Wednesday, 12 July 2023 12:00:00 GMT", "Wed, 12 Jul 2023 12:00:00 Z",
        "Wed, 12 Jul 2023 12:00:00 UT", "Wed, 12 Jul 2023 12:00:00", "Wed, 12 Jul 2023 14:00:00 CEST",
        "Wed, 12 Jul 2023 13:00:00 BST", "Wed, 12 Jul 2023 21:00:00 JST", "Wed, 12 Jul 2023 20:00:00 HKT",
        "Wed, 12 Jul 2023 17:30:00 IST", "Wed, 12 Jul 2023 22:00:00 AEST", "Wed, 12 Jul 2023 14:00:00 GMT+02:00",
        "Jul 12, 2023 12:00:00 GMT", "Wed Jul 12 12:00:00 2023", "Wed Jul 12 12:00:00 GMT 2023",
        "2023-07-12T12:00:00Z", "2023-07-12T12:00:00.000Z", "2023-07-12T12:00:00+00:00", "2023-07-12T14:00:00+02:00",
        "2023-07-12T14:00:00+0200", "2023-07-12T12:00Z", "2023-07-12 12:00:00", "2023-07-12 12:00", "20230712T120000Z",
        "2023-07-12T12:00:00.123456789Z", "2023/07/12 12:00:00", "2023.07.12 12:00", "2023年7月12日 12:00",
        "2023年07月12日12时00分", "2023年7月12日 星期三 12:00", "2023년 7월 12일 오후 12:00", "2023年7月12日 12時00分",
        "1689163200", "1689163200000",
    ],
)  # fmt: skip
def test_forms_of_noon(text: str) -> None:
    found = read_date(text)
    assert found is not None
    assert found.replace(microsecond=0) == NOON
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2023-07-12", "20230712", "2023/07/12", "2023年7月12日", "12 Jul 2023", "Wed, 12 Jul 2023"]
)
def test_a_date_alone_is_its_midnight(text: str) -> None:
    assert read_date(text) == MIDNIGHT


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "today", "yesterday", "now", "N/A", "null", "0", "-1", "12", "abc", "Wed", "2023-13-01", "2023-02-30",
        "2023-07-12T25:00:00Z", "Wed, 32 Jul 2023 12:00:00 GMT", "Wed, 12 Foo 2023 12:00:00 GMT", "+99:99",
        "2023-07-12T12:00:00+99:99", "0000-00-00T00:00:00Z", "0000-00-00", "99999999999999999999", "12:00", "∞",
        "31 Feb 2023", "2023年13月40日", "2023/99/99", "a" * 10_000, "1" * 10_000, "\x00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text) is None


@given(st.text(max_size=120))
def test_any_text_gives_a_time_in_utc_or_none(text: str) -> None:
    found = read_date(text)
    assert found is None or found.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 -- made aware below
def test_what_is_written_is_read(moment: datetime) -> None:
    from email.utils import format_datetime

    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert read_date(moment.isoformat()) == moment
    assert read_date(format_datetime(moment)) == moment
