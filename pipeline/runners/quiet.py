"""Keeps the talk of Beam and of the Kafka client to themselves off a user's terminal."""

import logging

_OF_NO_USE = (
    # Said once for each transform that gives several outputs by name, whose types Beam cannot check.
    "This output type hint will be ignored",
    # Said on import where Beam's Google Cloud extra is not installed.
    "apitools not found",
)


def quieten() -> None:
    """Drops Beam's warnings of options, extras and type hints from the log. To be called before Beam is imported;
    calling it again changes nothing."""
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    logging.getLogger().addFilter(_is_worth_saying)
    # What the Kafka client has to say of an outage we say ourselves, once and in words.
    logging.getLogger("kafka").propagate = False
    logging.getLogger("apache_beam.runners.worker.sdk_worker").addFilter(_is_not_told_elsewhere)


def _is_worth_saying(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_OF_NO_USE)


def _is_not_told_elsewhere(record: logging.LogRecord) -> bool:
    # Prism asks every bundle to finalize, also those that have registered nothing. What a step raises is raised by the
    # run as well, and told there in a line (with --debug in full).
    message = record.getMessage()
    return "Bundle is not in a finalizable state" not in message and "Error processing instruction" not in message
