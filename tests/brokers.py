"""A real broker for the tests: a process, or the same in a container."""

import itertools
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.kafka.broker import Broker, BrokerError, ProcessBroker, create_topics
from deploy.kafka.container import ContainerBroker
from pipeline.kafka.settings import KafkaSettings

_numbers = itertools.count(1)


def running(broker: Broker) -> Iterator[Broker]:
    """Starts ``broker`` for as long as a fixture lives."""
    broker.start()
    try:
        yield broker
    finally:
        broker.close()


def process_broker(*arguments: Any) -> ProcessBroker:
    """A process broker; where Java or the jars are missing, a failure in CI and a skip elsewhere."""
    try:
        return ProcessBroker(*arguments)
    except BrokerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def any_broker() -> Broker:
    """A container where POLICYWIRE_TEST_BROKER is ``docker`` (its image: POLICYWIRE_KAFKA_IMAGE), else a process."""
    return ContainerBroker() if os.environ.get("POLICYWIRE_TEST_BROKER") == "docker" else process_broker()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a run against the container, leaves out what would not touch it."""
    if os.environ.get("POLICYWIRE_TEST_BROKER") != "docker":
        return
    others = [item for item in items if not {"broker", "own_broker"} & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The broker that tests share. They leave it running, and use topics of their own."""
    yield from running(any_broker())


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    """A broker of one test, which may kill it."""
    yield from running(any_broker())


@pytest.fixture
def kafka(broker: Broker) -> KafkaSettings:
    """Settings for the shared broker."""
    return KafkaSettings(bootstrap=broker.bootstrap, timeout_seconds=10)


@pytest.fixture
def topic(broker: Broker, request: pytest.FixtureRequest) -> str:
    """A new topic with three partitions."""
    return new_topic(broker, request.node.name)


def new_topic(broker: Broker, name: str, partitions: int = 3, settings: dict[str, str] | None = None) -> str:
    """Creates a topic whose name no other test has."""
    made = f"{re.sub('[^A-Za-z0-9._-]', '-', name)[:80]}-{next(_numbers)}"
    create_topics(broker.bootstrap, {made: partitions}, settings)
    return made
