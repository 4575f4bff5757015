"""An article as far as it is read for evidence, background and further signals; the labels rest on its opening alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.articles.document import Document
from pipeline.scan import Hit
from pipeline.signals import frames
from pipeline.signals.hits import standing
from pipeline.signals.opening import Opening
from pipeline.signals.sentences import Sentence, split

READ_CHARS = 20_000


@dataclass(frozen=True)
class Whole:
    """``document`` with the scan's ``hits``; each part is read when it is first asked for. A short article's ``opening``,
    where it was read before, is all of it, and is not read again."""

    document: Document
    hits: Sequence[Hit]
    opening: Opening | None = None

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Its title and sentences."""
        return split(self.document.full, self.document.body_start, READ_CHARS)

    @cached_property
    def standing(self) -> list[Hit]:
        """The hits that count."""
        return standing(self.document.full, self.hits, self.document.body_start + READ_CHARS)

    @cached_property
    def frames(self) -> tuple[frames.Frame, ...]:
        """Who does what to what, clause by clause."""
        if self.opening is not None and self.opening.sentences == self.sentences:
            return self.opening.frames
        return frames.read(self.document.full, self.standing, self.sentences)
