"""In which encoding a document really is. Servers and XML declarations are wrong now and then; the bytes are not."""

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FIRST_BYTES = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_HTTP_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
# Python's other codecs (idna, unicode_escape, punycode) are no charsets, and some are slow on purpose-made input.
_CHARSET = re.compile(
    r"utf-?8|utf-?16(-[bl]e)?|utf-?32(-[bl]e)?|ascii|iso8859-\d+|cp\d+|koi8-\w|mac-\w+|big5\w*|gb\w+|hz|euc_\w+|"
    r"shift_\w+|iso2022_\w+|johab|ptcp154|tis-620|kz1048",
)
_SEVEN_BIT = re.compile(r"iso2022_\w+|hz")
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252", "euc_kr": "cp949"}
_SAMPLE = 64 * 1024


def decode(payload: bytes, content_type: str = "") -> str:
    """``payload`` as text. A byte-order mark decides; else valid UTF-8 is UTF-8 whatever is declared, since other
    encodings do not look like it by chance; else what HTTP or the document declares, if the bytes fit it; else what
    the bytes look like. Never raises; bytes that fit nothing become U+FFFD."""
    for mark, encoding in _BOMS:
        if payload.startswith(mark):
            return payload[len(mark) :].decode(encoding, "replace")
    for start, encoding in _FIRST_BYTES:
        if payload.startswith(start):
            return payload.decode(encoding, "replace")
    declared = [name for name in (_from_http(content_type), _from_document(payload)) if name]
    seven_bit = [name for name in declared if _SEVEN_BIT.fullmatch(name)]
    for encoding in (*seven_bit, "utf-8", *declared):
        try:
            return payload.decode(_WIDER.get(encoding, encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return payload.decode(_detect(payload, declared), "replace")


def _from_http(content_type: str) -> str:
    found = _HTTP_CHARSET.search(content_type)
    return _known(found[1]) if found else ""


def _from_document(payload: bytes) -> str:
    found = _XML_ENCODING.match(payload[:512])
    return _known(found[1].decode("ascii")) if found else ""


def _known(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return ""
    return codec if _CHARSET.fullmatch(codec) else ""


def _detect(payload: bytes, declared: list[str]) -> str:
    """UTF-8 with a few broken bytes stays UTF-8; else the likeliest encoding of the part that is not ASCII."""
    text = payload.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken * 20 < sum(1 for c in text if c > "\x7f"):
        return "utf-8"
    # Markup is ASCII in all candidates and only waters the statistics down.
    sample = re.sub(rb"<[^<>]{0,300}>", b" ", payload)[:_SAMPLE]
    best = from_bytes(sample).best()
    if best is not None and _CHARSET.fullmatch(_known(best.encoding)):
        return _WIDER.get(_known(best.encoding), _known(best.encoding))
    return _WIDER.get(declared[0], declared[0]) if declared else "cp1252"
