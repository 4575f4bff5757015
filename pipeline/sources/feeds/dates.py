"""The dates of feeds. A text that is no date gives None, never the clock of today."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from feedparser.datetimes.asctime import _parse_date_asctime
from feedparser.datetimes.greek import _parse_date_greek
from feedparser.datetimes.hungarian import _parse_date_hungarian
from feedparser.datetimes.rfc822 import _parse_date_rfc822

MAX_CHARS = 100
_EAST_ASIAN = re.compile(
    r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号]?"
    r"(?:\s*(?:星期|周)?[一二三四五六日天]?\s*(上午|下午|오전|오후|午前|午後)?\s*"
    r"(\d{1,2})\s*[:：时時시]\s*(\d{1,2})?(?:\s*[:：分분]\s*(\d{1,2})?)?)?"
)
_AFTERNOON = ("下午", "오후", "午後")
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_LOOSE_ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})[T ]?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d{1,12})?)?\s*(?:Z|UTC|GMT|([+-]\d{2}):?(\d{2}))?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_OFFSET = re.compile(r"(?:\b(?:GMT|UTC))?([+-]\d{2}):?(\d{2})$")
_ZONE = re.compile(r"\b([A-Z]{3,5})\s*(?:\([^)]*\))?$")

# Zone names that feeds use and RFC 5322 does not know. Ambiguous ones (IST, CST in China) are as English-language
# publishers mean them; what is missing here counts as UTC.
_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "SAST": 2,
    "GST": 4, "IST": 5.5, "PKT": 5, "ICT": 7, "WIB": 7, "HKT": 8, "SGT": 8, "MYT": 8, "PHT": 8, "AWST": 8, "JST": 9,
    "KST": 9, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3, "AKST": -9, "HST": -10,
}  # fmt: skip


def read_date(text: str) -> datetime | None:
    """``text`` as a time in UTC, or None where it is no date. A time without a zone counts as UTC, a date alone as
    its midnight. Understands ISO 8601, RFC 5322 and what feeds make of them, Unix seconds or milliseconds, and East
    Asian dates. Never raises."""
    text = " ".join(text.split())
    if not text or len(text) > MAX_CHARS:
        return None
    for read in (_iso, _loose_iso, _mail, _east_asian, _slashed, _epoch, _feedparser):
        try:
            found = read(text)
            if found is not None:
                return found if found.tzinfo is UTC else found.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError, KeyError, AttributeError):
            continue
    return None


def _iso(text: str) -> datetime:
    return _in_utc(datetime.fromisoformat(text))


def _mail(text: str) -> datetime:
    text = _OFFSET.sub(r"\1\2", text)
    zone = _ZONE.search(text)
    if zone and zone[1] in _ZONES:
        local = parsedate_to_datetime(text[: zone.start()] + "-0000")
        return local.replace(tzinfo=timezone(timedelta(hours=_ZONES[zone[1]])))
    return _in_utc(parsedate_to_datetime(text))


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _east_asian(text: str) -> datetime | None:
    found = _EAST_ASIAN.search(text)
    if not found:
        return None
    year, month, day, half, hour, minute, second = found.groups()
    hours = int(hour or 0)
    if half in _AFTERNOON and hours < 12:
        hours += 12
    return datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0), tzinfo=UTC)


def _slashed(text: str) -> datetime | None:
    found = _SLASHED.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)


def _loose_iso(text: str) -> datetime | None:
    found = _LOOSE_ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, zone_hours, zone_minutes = (int(part or 0) for part in found.groups())
    offset = timedelta(hours=zone_hours, minutes=-zone_minutes if zone_hours < 0 else zone_minutes)
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset))


def _feedparser(text: str) -> datetime | None:
    # Not its readers of ISO 8601: they carry a thirteenth month over into the next year, and see dates in anything.
    for read in (_parse_date_rfc822, _parse_date_asctime, _parse_date_greek, _parse_date_hungarian):
        try:
            parts = read(text)
        except (ValueError, OverflowError, TypeError, IndexError, KeyError, AttributeError):
            continue
        if parts:
            year, month, day, hour, minute, second = parts[:6]
            return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    return None
