"""The models as values: frozen, strict about fields, unchanged by a round trip."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import Alert, AlertEvent, Article, Position, Span
from schemas.terms import DIRECTIONS, INSTRUMENTS, STAGES
from tests.builders import alert, article, company, signal

text = st.text(max_size=80)
times = st.none() | st.datetimes(timezones=st.just(UTC))
articles = st.builds(
    Article, id=text, title=text, text=text, source=text, published=times, updated=times, language=text
)
alerts = st.builds(
    alert,
    article=articles,
    signal=st.builds(
        signal,
        direction=st.sampled_from(DIRECTIONS),
        instrument=st.sampled_from(INSTRUMENTS),
        stage=st.sampled_from(STAGES),
        confidence=st.floats(0, 1),
    ),
    companies=st.lists(st.builds(company, st.text(min_size=1, max_size=12)), max_size=3).map(tuple),
    revision=st.integers(1, 9),
)


@given(alerts)
def test_an_alert_survives_its_json(one):
    assert Alert.model_validate_json(one.model_dump_json()) == one
    event = AlertEvent.of(one)
    assert AlertEvent.model_validate_json(event.model_dump_json()) == event


def test_values_are_frozen_and_unknown_fields_refused():
    one = article()
    with pytest.raises(ValidationError):
        one.title = "other"
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Article.model_validate({"title": "x", "headline": "y"})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-07-12T12:00:00+08:00", datetime(2023, 7, 12, 4, tzinfo=UTC)),
        ("2023-07-12 12:00:00", datetime(2023, 7, 12, 12, tzinfo=UTC)),
        ("2023-07-12", datetime(2023, 7, 12, tzinfo=UTC)),
        ("Wed, 12 Jul 2023 12:00:00 GMT", datetime(2023, 7, 12, 12, tzinfo=UTC)),
        ("Wed, 12 Jul 2023 12:00:00 -0400", datetime(2023, 7, 12, 16, tzinfo=UTC)),
        ("20230712T120000Z", datetime(2023, 7, 12, 12, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_either_form_and_kept_in_utc(written, read):
    assert Article.model_validate({"title": "x", "date": written}).published == read


@pytest.mark.parametrize("written", ["", "yesterday", "2023-13-01", "+99:99", "2023-07-12T25:00:00Z", 1689163200, True])
def test_what_is_no_date_is_refused(written):
    with pytest.raises(ValidationError):
        Article.model_validate({"title": "x", "published": written})


def test_link_and_date_are_other_names_of_url_and_published():
    one = Article.model_validate({"title": "x", "link": "https://a.example/", "date": "2023-01-02"})
    assert (one.url, one.published) == ("https://a.example/", datetime(2023, 1, 2, tzinfo=UTC))


def test_a_position_names_the_place_as_a_person_would():
    assert str(Position(origin="a.jsonl", kind="file", line=7)) == "a.jsonl:7"
    assert str(Position(origin="news", kind="kafka", partition=1, offset=9)) == "news[1]@9"
    assert str(Position(origin="https://a.example/f", kind="feed", entry="x")) == "https://a.example/f#x"


def test_the_envelope_is_a_function_of_the_alert():
    one = alert()
    event = AlertEvent.of(one)
    assert (event.id, event.type, event.specversion) == (one.id, "news.policy.signal.v1", "1.0")
    assert event == AlertEvent.of(one)


def test_a_span_needs_offsets_that_can_be():
    with pytest.raises(ValidationError):
        Span(field="title", start=-1, end=2, quote="ab")
