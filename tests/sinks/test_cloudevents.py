import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.sinks.cloudevents import decode
from schemas import AlertEvent
from tests.builders import alert

EVENT = AlertEvent.of(alert(story="s1"))


def sent(event: AlertEvent, *, binary: bool) -> KafkaMessage:
    """``event`` as the CloudEvents project's own library writes it."""
    attributes = event.model_dump(exclude={"data"}, exclude_none=True)
    made = CloudEvent(attributes=attributes, data=event.data.model_dump(mode="json"))
    return to_binary(made, JSONFormat()) if binary else to_structured(made, JSONFormat())


@pytest.mark.parametrize("binary", [True, False])
def test_what_the_cloudevents_library_writes_is_read_in_both_modes(binary: bool) -> None:
    message = sent(EVENT, binary=binary)
    assert decode(message.value, list(message.headers.items())) == EVENT


def test_an_event_without_headers_is_known_by_its_looks() -> None:
    assert decode(EVENT.model_dump_json().encode(), []) == EVENT


def test_events_of_other_types_are_passed_over() -> None:
    other = {**json.loads(EVENT.model_dump_json()), "type": "com.example.other", "data": 1}
    assert decode(json.dumps(other).encode(), [("content-type", b"application/cloudevents+json")]) is None


def test_fields_of_a_later_minor_version_are_passed_over() -> None:
    later = json.loads(EVENT.model_dump_json())
    later["dataschema"] = "urn:policywire:schema:alert:1.99.0"
    later["traceparent"] = "00-0-0-00"
    later["data"]["mood"] = "grim"
    later["data"]["signal"]["reach"] = [1, 2]
    event = decode(json.dumps(later).encode(), [])
    assert event is not None
    assert event.data == EVENT.data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataschema": "urn:policywire:schema:alert:2.0.0"}, r"reads 1\.x: upgrade"),
        ({"data": {}}, r"data\.\w+"),
        ({"id": 7}, "id"),
    ],
)
def test_what_cannot_be_read_says_why(change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        decode(json.dumps({**json.loads(EVENT.model_dump_json()), **change}).encode(), [])


@given(
    st.one_of(st.none(), st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    st.lists(
        st.tuples(
            st.sampled_from(["content-type", "ce_specversion", "ce_type", "ce_id", "x"]),
            st.sampled_from([b"application/cloudevents+json", b"1.0", b"news.policy.signal.v1", b"\xff"]),
        )
    ),
)
def test_any_message_is_read_or_refused(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    try:
        event = decode(value, headers)
    except InputError:
        return
    assert event is None


def test_the_library_reads_our_structured_events() -> None:
    message = KafkaMessage(
        {"content-type": b"application/cloudevents+json"},
        EVENT.subject,
        EVENT.model_dump_json(exclude_none=True).encode(),
    )
    assert from_kafka(message, JSONFormat(), CloudEvent).get_id() == EVENT.id
