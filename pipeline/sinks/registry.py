"""Makes sinks from what ``--alerts`` names. The one place to add a kind of sink."""

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.settings import Settings
from pipeline.sinks.sink import Sink

KINDS = "kafka://HOST:PORT/TOPIC, FILE.jsonl, https://HOST/PATH (a webhook), or - for stdout"


def open_sink(address: str, settings: Settings) -> Sink:
    """The sink at ``address``; nothing is connected or written yet.

    Raises UsageError naming the kinds there are where the address is of none of them, or will not do.
    """
    # Each kind's clients are loaded when it is used.
    if address == "-":
        from pipeline.sinks.files import ConsoleSink

        return ConsoleSink()
    if address.startswith("kafka://"):
        from pipeline.kafka.address import parse_address
        from pipeline.sinks.kafka import KafkaSink

        return KafkaSink(parse_address(address), settings.kafka)
    if address.startswith(("https://", "http://")):
        from pipeline.sinks.webhook import WebhookSink

        return WebhookSink(address, settings.webhook)
    if address.endswith((".jsonl", ".ndjson")) and "://" not in address:
        from pipeline.sinks.files import JsonlSink

        return JsonlSink(Path(address))
    raise UsageError(f"cannot send alerts to {address!r}: give {KINDS}")


def open_sinks(addresses: list[str], settings: Settings) -> list[Sink]:
    """The sinks at ``addresses``. Raises UsageError as ``open_sink`` does, and where one is named twice."""
    sinks: dict[str, Sink] = {}
    for address in addresses:
        sink = open_sink(address, settings)
        if sink.name in sinks:
            raise UsageError(f"the sink {sink.name} is named twice")
        sinks[sink.name] = sink
    return list(sinks.values())
