"""Policy signals: what an authority did, in which direction, by what instrument, how far along, and how it is known."""

from pipeline.signals.reader import SignalReader, SignalReading

__all__ = ["SignalReader", "SignalReading"]
