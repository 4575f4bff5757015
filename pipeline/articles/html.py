"""HTML to plain text.

Not by the standard library's parser: it takes time quadratic in the length of unclosed comments and declarations, so
that one entry of a hostile feed could hold everything up for half a minute.
"""

import re
from html import unescape

# fmt: off
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "td", "th", "tr", "ul"
])
# fmt: on
_DROPPED = frozenset(["script", "style", "template", "noscript", "svg", "math", "iframe", "object", "head"])
_RAW = {name: re.compile(rf"</{name}(?![a-zA-Z0-9-])", re.IGNORECASE) for name in ("script", "style")}
_MARKUP = re.compile(r"<[a-zA-Z/!?]")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]*)")
_LONGEST_ATTRIBUTE = 4096


class _Finder:
    """``str.find`` over one text, which searches in vain for a thing only once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._absent: set[str] = set()

    def find(self, what: str, start: int) -> int:
        """The first place of ``what`` from ``start`` on, or -1. Calls for one thing must come in ascending order."""
        if what in self._absent:
            return -1
        found = self._text.find(what, start)
        if found < 0:
            self._absent.add(what)
        return found


def _end_of_tag(markup: str, start: int, finder: _Finder) -> int:
    """The place of the ``>`` that closes the tag at ``start``, or -1. One within a quoted value does not count."""
    end = finder.find(">", start)
    if end < 0:
        return -1
    for quote in "\"'":
        if markup.count(quote, start, end) % 2:
            closing = markup.find(quote, end, end + _LONGEST_ATTRIBUTE)
            further = markup.find(">", closing, closing + _LONGEST_ATTRIBUTE) if closing > 0 else -1
            return further if further > 0 else end
    return end


def _without_markup(markup: str) -> str:
    finder = _Finder(markup)
    parts: list[str] = []
    dropping, depth = "", 0
    position = 0
    while (start := finder.find("<", position)) >= 0:
        if not dropping:
            parts.append(markup[position:start])
        if markup.startswith("<!--", start):
            end = finder.find("-->", start + 2)
            position = end + 3 if end >= 0 else len(markup)
            continue
        if markup.startswith("<![CDATA[", start):
            content = start + len("<![CDATA[")
            end = finder.find("]]>", content)
            if not dropping:
                parts.append(markup[content : end if end >= 0 else len(markup)])
            position = end + 3 if end >= 0 else len(markup)
            continue
        named = _NAME.match(markup, start)
        end = _end_of_tag(markup, start, finder) if named or markup[start + 1 : start + 2] in ("!", "?") else -1
        if end < 0:
            # No tag: the sign itself.
            if not dropping:
                parts.append("<")
            position = start + 1
            continue
        position = end + 1
        if named is None:
            continue
        name, closes = named[1].lower(), markup[start + 1] == "/"
        if dropping:
            depth += (-1 if closes else 1) if name == dropping else 0
            dropping = dropping if depth > 0 else ""
        elif name in _DROPPED and not closes:
            if markup[end - 1] == "/":
                continue
            if name in _RAW:
                # No markup within: up to its end tag, or the end of all.
                ending = _RAW[name].search(markup, position)
                position = ending.start() if ending else len(markup)
            else:
                dropping, depth = name, 1
        elif name in _BLOCKS:
            parts.append("\n")
    if not dropping:
        parts.append(markup[position:])
    return "".join(parts)


def to_text(markup: str) -> str:
    """The text of ``markup``: tags gone, block elements as line breaks, scripts and styles dropped, character
    references resolved. Text without markup comes back as it is but for its references. Linear in length."""
    if "<" in markup and _MARKUP.search(markup):
        markup = _without_markup(markup)
    if "&" in markup:
        # Feeds escape twice now and then: "&amp;#8217;".
        markup = unescape(unescape(markup))
    return markup
