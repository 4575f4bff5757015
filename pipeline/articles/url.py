"""Canonical URLs: the same page under one address. Articles are never merged on the URL alone."""

import re
from importlib import resources
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_TRACKING = frozenset(
    line
    for line in resources.files("pipeline.articles").joinpath("tracking_parameters.txt").read_text().split("\n")
    if line and not line.startswith("#")
)
_PREFIXES = tuple(name[:-1] for name in _TRACKING if name.endswith("*"))
_PORTS = {"http": 80, "https": 443}
_SAFE = ":@!$&'()*+,;=-._~"
# Most addresses and paths are canonical as they stand, and are not taken apart.
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?")
_PLAIN = re.compile(rf"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+{_PLAIN_PATH.pattern}")
_NO_HOST = re.compile(r"[\s<>\"\\^`{|}]")


def canonical(url: str) -> str:
    """``url`` with a lower-case scheme and host, no default port, no fragment, no tracking parameters, parameters in
    order, dot segments resolved and escapes in one form. Anything that is no http(s) URL becomes "".
    Idempotent; the order of the parameters does not matter."""
    if _PLAIN.fullmatch(url):
        return url
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError of the idna codec is one
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or _NO_HOST.search(host):
        return ""
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        netloc += f":{port}"
    path = parts.path if _PLAIN_PATH.fullmatch(parts.path) else _path(parts.path)
    if not parts.query:
        return f"{scheme}://{netloc}{path}"
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True, errors="replace")
        if not _is_tracking(name.lower())
    )
    return urlunsplit((scheme, netloc, path, urlencode(query), ""))


def _is_tracking(name: str) -> bool:
    return name in _TRACKING or name.startswith(_PREFIXES)


def _path(path: str) -> str:
    segments: list[str] = []
    raw = [_segment(segment) for segment in path.split("/")]
    for segment in raw[1:] if raw and raw[0] == "" else raw:
        if segment == "..":
            if segments:
                segments.pop()
        elif segment != ".":
            segments.append(segment)
    if path.endswith(("/.", "/..")):
        segments.append("")
    return "/" + "/".join(segments)


def _segment(segment: str) -> str:
    # An escaped slash is part of the name and must stay escaped.
    return "%2F".join(quote(unquote(part, errors="replace"), safe=_SAFE) for part in re.split("%2[fF]", segment))
