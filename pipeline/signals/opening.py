"""The start of an article, on which its labels rest, read as the model reads it: in training and in use alike."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.articles.document import Document
from pipeline.scan import Hit
from pipeline.signals import features, frames
from pipeline.signals.features import Features
from pipeline.signals.hits import standing
from pipeline.signals.sentences import Sentence, split


class Start(NamedTuple):
    """What of an article its labels rest on, before the scan: the title and the first sentences, and their words. No
    sentences where there is nothing to read."""

    sentences: list[Sentence]
    title: list[str]
    body: list[str]


class Opening(NamedTuple):
    """``hits`` are those that stand in ``sentences``; ``frames`` and ``features`` were read from both."""

    sentences: list[Sentence]
    hits: list[Hit]
    frames: tuple[frames.Frame, ...]
    features: Features


def start(document: Document) -> Start:
    """The title and the first sentences of ``document``."""
    full = document.full
    read = split(full, document.body_start, features.READ_CHARS)[: features.READ_SENTENCES + 1]
    title, below = document.title, document.body_start
    if read and not title:
        # The first sentence of a text without a title does a title's work.
        read[0] = read[0]._replace(zone="title")
        title, below = full[read[0].start : read[0].end], read[0].end
    return Start(read, features.words(title), features.words(full[below : max(_stop(read), below)]))


def opening(document: Document, begun: Start, hits: Sequence[Hit]) -> Opening:
    """What is read in the ``start`` of ``document``; ``hits`` are the scan's of the whole."""
    found = standing(document.full, hits, _stop(begun.sentences))
    told = frames.read(document.full, found, begun.sentences)
    named = (*features.cue_features(found, begun.sentences), *features.frame_features(told))
    return Opening(begun.sentences, found, told, Features(begun.title, begun.body, named))


def _stop(sentences: Sequence[Sentence]) -> int:
    return sentences[-1].end if sentences else 0
