import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.kafka.address import TopicAddress, parse_address
from pipeline.kafka.settings import KafkaSettings


@pytest.mark.parametrize(
    ("url", "bootstrap", "topic"),
    [
        ("kafka://localhost:9092/news", "localhost:9092", "news"),
        ("kafka://localhost/news", "localhost:9092", "news"),
        ("kafka://a.example:1,b.example:2/policy-alerts", "a.example:1,b.example:2", "policy-alerts"),
        ("kafka://[::1]:9092/news", "[::1]:9092", "news"),
        ("kafka:///news", None, "news"),
    ],
)
def test_an_address_names_brokers_and_topic(url: str, bootstrap: str | None, topic: str) -> None:
    assert parse_address(url) == TopicAddress(bootstrap, topic)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9092/news",
        "kafka://localhost:9092",
        "kafka://localhost:9092/",
        "kafka://localhost:9092/a/b",
        "kafka://localhost:9092/..",
        "kafka://localhost:nine/news",
        "kafka://localhost:99999/news",
        "kafka://:9092/news",
        "kafka://localhost:9092/news?from=1",
        "kafka://[::1/news",
        "localhost:9092",
    ],
)
def test_what_is_no_address_is_refused_with_the_right_form(url: str) -> None:
    with pytest.raises(UsageError, match=r"kafka://HOST:PORT/topic|HOST:PORT|topic name"):
        parse_address(url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        parse_address("kafka://ann:hunter2@localhost:9092/news")
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"kafka://{text}", f"kafka://localhost/{text}"):
        try:
            address = parse_address(url)
        except UsageError:
            continue
        assert parse_address(str(address)) == address


def test_an_address_without_brokers_takes_those_of_the_settings() -> None:
    settings = KafkaSettings(bootstrap="there:1", client_id="me")
    assert parse_address("kafka:///news").settings(settings) == settings
    assert parse_address("kafka://here:2/news").settings(settings).bootstrap == "here:2"
