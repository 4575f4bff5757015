"""A broker to develop with, until Ctrl-C: ``make kafka``. Docker where an engine answers, else a Java process."""

import argparse
import signal
import sys
import threading

from deploy.kafka.broker import Broker, BrokerError, ProcessBroker, create_topics
from deploy.kafka.container import ContainerBroker, docker_answers

TOPICS = {"news": 3, "policy-alerts": 3, "policy-alerts.dlq": 1}


def main() -> int:
    """Runs the broker. 0 when stopped, 1 if it cannot be started."""
    parser = argparse.ArgumentParser(prog="make kafka", description=__doc__)
    parser.add_argument("--port", type=int, default=9092, help="0: any free one")
    parser.add_argument("--engine", choices=("auto", "docker", "process"), default="auto")
    options = parser.parse_args()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    try:
        broker = _broker(options.engine, options.port)
    except BrokerError as error:
        print(f"make kafka: {error}", file=sys.stderr)
        return 1
    try:
        broker.start()
        create_topics(broker.bootstrap, TOPICS)
        print(f"Kafka answers at {broker.bootstrap}, with the topics {', '.join(TOPICS)}; Ctrl-C ends it", flush=True)
        stopped.wait()
    except BrokerError as error:
        print(f"make kafka: {error}", file=sys.stderr)
        return 1
    finally:
        broker.close()
    return 0


def _broker(engine: str, port: int) -> Broker:
    if engine == "docker" or (engine == "auto" and docker_answers()):
        try:
            return ContainerBroker(port=port)
        except Exception as error:
            if engine == "docker":
                raise BrokerError(f"Docker would not: {error}") from error
            print(f"make kafka: Docker would not ({error}); starting a Java process", file=sys.stderr)
    return ProcessBroker(port=port)


if __name__ == "__main__":
    sys.exit(main())
