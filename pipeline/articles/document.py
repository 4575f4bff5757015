"""A title and a text as one string, so that both are scanned once and every hit can be cited."""

from dataclasses import dataclass
from functools import cached_property

from schemas import Span

SEPARATOR = "\n\n"


@dataclass(frozen=True)
class Document:
    """Title and text of one article. ``full`` is the title, a blank line and the text."""

    title: str
    text: str

    @cached_property
    def full(self) -> str:
        """What the scan reads."""
        return f"{self.title}{SEPARATOR}{self.text}"

    @cached_property
    def body_start(self) -> int:
        """Offset in ``full`` at which the text begins."""
        return len(self.title) + len(SEPARATOR)

    def span(self, start: int, end: int) -> Span:
        """The span of ``full[start:end]`` as a citation; it may not reach over the title's end."""
        if start < self.body_start:
            end = min(end, len(self.title))
            return Span(field="title", start=start, end=end, quote=self.title[start:end])
        start, end = start - self.body_start, end - self.body_start
        return Span(field="text", start=start, end=end, quote=self.text[start:end])
