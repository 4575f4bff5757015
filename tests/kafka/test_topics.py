"""Which topics a name or a pattern means, beside those that a run writes to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.kafka.address import parse_address
from pipeline.kafka.settings import KafkaSettings
from pipeline.kafka.topics import Topics, input_topics

HERE = KafkaSettings(bootstrap="one:9092,two:9092")
OURS = ["policy-alerts", "policy-alerts.dlq"]
KAFKAS = ["__consumer_offsets", "__transaction_state", "__share_group_state", "__amazon_msk_canary"]
FOREIGN = ["news", "news-asia", "_news", "policy-alerts-of-others"]


class Cluster:
    """A client whose cluster has ``names``, of one partition each."""

    def __init__(self, names):
        self.names = names

    def topics(self):
        return set(self.names)

    def partitions_for_topic(self, name):
        return {0} if name in self.names else None


def meant(topics):
    return {partition.topic for partition in topics.partitions(Cluster([*OURS, *KAFKAS, *FOREIGN]))}


def beside(text, *alerts):
    return input_topics(text, HERE, [parse_address(address) for address in alerts])


def test_a_pattern_means_what_matches_as_a_whole():
    assert meant(Topics("news|news-.*")) == {"news", "news-asia"}
    assert meant(Topics("new|ews.*")) == set()


@pytest.mark.parametrize(
    "alerts", ["kafka:///policy-alerts", "kafka://two/policy-alerts", "kafka://else:9/policy-alerts"]
)
def test_the_widest_pattern_means_neither_what_is_written_to_nor_kafkas_own(alerts):
    assert meant(beside(".*", "kafka://one/other-alerts", alerts)) == set(FOREIGN)


@given(pattern=st.lists(st.sampled_from([*OURS, *KAFKAS, *FOREIGN, ".*", ".+", "__.*", "(?i:POLICY.*)"]), min_size=2))
def test_no_pattern_means_them(pattern):
    assert meant(beside("|".join(pattern), "kafka:///policy-alerts")) <= set(FOREIGN)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("alerts", ["kafka:///policy-alerts", "kafka://three,two/policy-alerts"])
def test_the_name_of_what_is_written_to_is_refused(name, alerts):
    with pytest.raises(UsageError, match=f"--topic {name!r} is what --alerts {alerts[:11]}.* read or write another"):
        beside(name, "kafka:///other-alerts", alerts)


def test_that_name_on_another_cluster_is_another_topic():
    assert meant(beside("policy-alerts", "kafka://else:9092/policy-alerts")) == {"policy-alerts"}


def test_the_name_of_one_of_kafkas_own_is_refused():
    with pytest.raises(UsageError, match="'__consumer_offsets' is one of Kafka's own topics: correct --topic"):
        Topics("__consumer_offsets")
