"""Text as it should have been: Unicode in one form, no control characters, no stray white space."""

import re
import unicodedata

from pipeline.articles.html import to_text

# Controls but for tab and line feed, surrogates, byte-order marks, and marks that only steer the direction of
# display (they split words for a matcher and can disguise text on a terminal).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
# A run of white space that is not one space already.
_SPACES = re.compile(r" ?[^\S\n ][^\S\n]*|  [^\S\n]*")
_BREAKS = re.compile(r" ?\n[\n ]*")


def clean(text: str) -> str:
    """Plain text of a field that may hold HTML: NFC, no terminal escapes, no control characters, paragraphs parted
    by one line feed, words by one space. Idempotent but for text that itself shows markup. Linear in length."""
    if text.isascii() and text.isprintable() and not ("  " in text or "<" in text or "&" in text):
        return text.strip()
    if "\x1b" in text:
        text = _ESCAPES.sub(" ", text)
    text = to_text(text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.isascii():
        text = _INVISIBLE.sub(" ", text)
    else:
        text = unicodedata.normalize("NFC", text)
        if not text.isprintable():  # as what is invisible is not
            text = _INVISIBLE.sub("", text)
    return _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()
