"""HTML to plain text."""

import re
from html import unescape
from html.parser import HTMLParser

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
_DROPPED = frozenset(["script", "style", "template", "noscript", "svg", "math", "iframe", "object", "head"])
_MARKUP = re.compile(r"<[a-zA-Z/!?]")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropping: str | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if self._dropping is not None:
            self._depth += tag == self._dropping
        elif tag in _DROPPED:
            self._dropping, self._depth = tag, 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if self._dropping is None and tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._dropping is not None:
            self._depth -= tag == self._dropping
            if self._depth <= 0:
                self._dropping = None
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._dropping is None:
            self.parts.append(data)


def to_text(markup: str) -> str:
    """The text of ``markup``: tags gone, block elements as line breaks, scripts and styles dropped, character
    references resolved. Text without markup comes back as it is but for its references. Linear in length."""
    if "<" in markup and _MARKUP.search(markup):
        parser = _Text()
        parser.feed(markup)
        parser.close()
        markup = "".join(parser.parts)
    if "&" in markup:
        # Feeds escape twice now and then: "&amp;#8217;".
        markup = unescape(unescape(markup))
    return markup
