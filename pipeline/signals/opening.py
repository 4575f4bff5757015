"""The start of an article, on which its labels rest, read as the model reads it: in training and in use alike."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.articles.document import Document
from pipeline.scan import Hit
from pipeline.signals import features, frames
from pipeline.signals.hits import standing
from pipeline.signals.sentences import Sentence, split


class Opening(NamedTuple):
    """``hits`` are those that stand in ``sentences``; ``frames`` were read from both; ``blocks`` are the features."""

    sentences: list[Sentence]
    hits: list[Hit]
    frames: tuple[frames.Frame, ...]
    blocks: tuple[list[str], ...]


def opening(document: Document, hits: Sequence[Hit]) -> Opening:
    """The title and the first sentences of ``document``; ``hits`` are the scan's of the whole. Without sentences where
    there is nothing to read."""
    full = document.full
    read = split(full, document.body_start, features.READ_CHARS)[: features.READ_SENTENCES + 1]
    if read and not document.title:
        # The first sentence of a text without a title does a title's work.
        read[0] = read[0]._replace(zone="title")
    stop = read[-1].end if read else 0
    found = standing(full, hits, stop)
    told = frames.read(full, found, read)
    title = features.words(document.title or (full[read[0].start : read[0].end] if read else ""))
    body = features.words(full[document.body_start : max(stop, document.body_start)])
    blocks = (
        *features.word_features(title, body),
        *features.group_features(title, body),
        *features.cue_features(found, read),
        *features.frame_features(told),
    )
    return Opening(read, found, told, blocks)
