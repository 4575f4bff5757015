"""Alerts by HTTP: one signed POST an alert, in the way of Standard Webhooks (https://www.standardwebhooks.com).

The receiver proves a request by its three headers and the shared secret:

    webhook-id         the alert's id: drop what comes twice
    webhook-timestamp  seconds since 1970: refuse what is old
    webhook-signature  v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))
"""

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import ClassVar
from urllib.parse import urlsplit

import httpx

from pipeline import __version__
from pipeline.errors import InputError, UsageError
from pipeline.ledger import Parcel
from pipeline.ledger.view import Kind
from pipeline.secrets import Secret
from pipeline.settings import WebhookSettings
from pipeline.sinks.files import event_line
from pipeline.sinks.sink import Delivery
from pipeline.sources.feeds.addresses import check_url, guarded_sync_transport

LONGEST_WAIT = 3600.0
"""Seconds that a receiver's Retry-After may keep us waiting."""
_PREFIX = "whsec_"
# Answers by which a receiver says that it will never take this one. Every other 4xx (401, 404, 410) may be a matter
# of the receiver's set-up, and the alert waits until it is mended.
_REFUSALS = {400, 413, 415, 422}


class WebhookSink:
    """Posts alerts as CloudEvents in structured mode. Redirects are not followed: they could lead anywhere."""

    batch: ClassVar[int] = 20
    takes: ClassVar[frozenset[Kind]] = frozenset(("alert",))

    def __init__(self, url: str, settings: WebhookSettings, clock: Callable[[], float] = time.time) -> None:
        """Raises UsageError where the URL or the secret will not do."""
        try:
            check_url(url)
        except InputError as error:
            raise UsageError(str(error)) from error
        parts = urlsplit(url)
        if parts.scheme != "https" and not settings.allow_private:
            raise UsageError(
                f"{parts.hostname}: a webhook needs https (or webhook.allow_private, in a network you trust)"
            )
        # Paths and queries of webhooks often hold a token: neither is shown in full.
        shown = f"{parts.scheme}://{parts.netloc}{parts.path if len(parts.path) < 2 else ''}"
        digest = sha256(url.encode()).hexdigest()[:8]
        self.name = shown if url == shown else f"{shown}/…{digest}"
        self._url, self._clock = url, clock
        self._key = signing_key(settings.secret) if settings.secret is not None else None
        self._client = httpx.Client(
            transport=guarded_sync_transport(settings.allow_private, connections=2),
            timeout=settings.timeout_seconds,
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": f"policywire/{__version__}"},
        )

    def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        """Posts one after the other, up to the first that fails."""
        delivery = Delivery()
        for parcel in parcels:
            try:
                answer = self._post(parcel)
            except InputError as error:
                delivery.failure = str(error)
                break
            except httpx.HTTPError as error:
                delivery.failure = f"no answer ({type(error).__name__}: {str(error) or 'no message'})"
                break
            if answer.is_success:
                delivery.acknowledged.append(parcel.seq)
            elif answer.status_code in _REFUSALS:
                delivery.refused[parcel.seq] = f"answered {answer.status_code} {answer.reason_phrase}"
            else:
                hint = "; redirects are not followed" if answer.is_redirect else ""
                delivery.failure = f"answered {answer.status_code} {answer.reason_phrase}{hint}"
                delivery.wait = retry_after(answer.headers.get("retry-after", ""), self._clock())
                break
        return delivery

    def _post(self, parcel: Parcel) -> httpx.Response:
        body = event_line(parcel).rstrip(b"\n")
        stamp = str(int(self._clock()))
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": parcel.id,
            "webhook-timestamp": stamp,
        }
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, parcel.id, stamp, body)
        # The answer's body is of no interest and may be endless: it is not read.
        with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
            return answer

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()


def signing_key(secret: Secret) -> bytes:
    """The key in a secret: Base64 behind ``whsec_``, else the text itself. Raises UsageError, without the secret."""
    text = secret.get_secret_value()
    if not text.startswith(_PREFIX):
        key = text.encode()
    else:
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise UsageError("webhook.secret begins with whsec_ and is not Base64 behind that: correct it") from None
    if len(key) < 16:
        raise UsageError("webhook.secret is shorter than 16 bytes: make one with `openssl rand -base64 32`")
    return key


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature that a receiver compares with."""
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return "v1," + base64.b64encode(digest).decode()


def retry_after(header: str, now: float) -> float:
    """Seconds to wait by a Retry-After header (seconds or a date), at most an hour; 0 where it says nothing."""
    if header.strip().isdigit():
        return min(float(header), LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError):
        return 0.0
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (date - datetime.fromtimestamp(now, UTC)).total_seconds()), LONGEST_WAIT)
