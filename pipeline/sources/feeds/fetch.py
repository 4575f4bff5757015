"""Asks a host for a feed: conditionally, within limits, and nowhere but the public internet."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from urllib.parse import urldefrag, urljoin

import httpcore
import httpx

from pipeline import __version__
from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.addresses import AddressRefusedError, check_url, guarded_transport
from pipeline.sources.feeds.answer import Answer, fresh_seconds, retry_after
from pipeline.sources.feeds.body import ACCEPT_ENCODING, Body, BodyError, BodyTooLongError

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
)
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_LONGEST_HEADER = 1024
_WORDS = {
    401: "the host wants a login",
    403: "the host refuses us; set feeds.contact so that publishers know whom to ask",
    404: "there is nothing at this address",
    429: "the host asks for fewer requests",
}


@dataclass(frozen=True)
class Question:
    """What to ask for: the feed's address, and what is known of its last answer."""

    url: str
    etag: str = ""
    last_modified: str = ""


def new_client(policy: FeedPolicy) -> httpx.AsyncClient:
    """A client for ``fetch``, to be closed by the caller. Keeps no cookies, asks no proxy, follows nothing by itself."""
    return httpx.AsyncClient(
        transport=guarded_transport(policy.allow_private, policy.connections),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(policy.timeout_seconds, connect=min(10.0, policy.timeout_seconds)),
        headers={"User-Agent": user_agent(policy.contact), "Accept-Encoding": ACCEPT_ENCODING},
    )


def user_agent(contact: str) -> str:
    """How policywire names itself to hosts."""
    contact = "".join(c for c in contact if " " <= c <= "~")
    return f"policywire/{__version__} (feed reader{f'; +{contact}' if contact else ''})"


async def fetch(client: httpx.AsyncClient, question: Question, policy: FeedPolicy, most: int) -> Answer:
    """The answer to ``question``, of at most ``most`` decoded bytes, within ``policy.timeout_seconds`` whatever the host
    does. Never raises but when cancelled."""
    try:
        async with asyncio.timeout(policy.timeout_seconds):
            return await _follow(client, question, policy, most)
    except TimeoutError:
        message = f"no whole answer within {policy.timeout_seconds:g} s (feeds.timeout_seconds)"
        return Answer("failed", question.url, message=message)
    except AddressRefusedError as error:
        return Answer("refused", question.url, message=str(error))
    except BodyTooLongError as error:
        return Answer("refused", question.url, message=f"the answer is too long: {error}")
    except BodyError as error:
        return Answer("failed", question.url, message=str(error))
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpcore.ProtocolError) as error:
        return Answer("failed", question.url, message=_explain(error))
    except (ValueError, OSError, RuntimeError) as error:  # the client's own corners: never the end of all polling
        return Answer("failed", question.url, message=f"{type(error).__name__}: {error}"[:300])


def _explain(error: Exception) -> str:
    words = {
        httpx.ConnectTimeout: "the host does not answer",
        httpx.ConnectError: "the host cannot be reached",
        httpx.ReadTimeout: "the host stopped answering",
        httpx.RemoteProtocolError: "the host broke off or does not speak HTTP",
        httpx.InvalidURL: "no valid address",
    }
    known = next((text for kind, text in words.items() if isinstance(error, kind)), "could not be fetched")
    return f"{known}: {str(error) or type(error).__name__}"[:300]


async def _follow(client: httpx.AsyncClient, question: Question, policy: FeedPolicy, most: int) -> Answer:
    url, moved_to, permanent = question.url, "", True
    been = {url}
    for _ in range(policy.max_redirects + 1):
        check_url(url)
        answer, target = await _ask(client, replace(question, url=url), most)
        if target is None:
            return replace(answer, moved_to=moved_to)
        url = urldefrag(urljoin(url, target)).url
        permanent = permanent and answer.status in _PERMANENT and not _downgrade(answer.url, url)
        moved_to = url if permanent else moved_to
        if url in been:
            return Answer("failed", url, answer.status, "redirected in a circle")
        been.add(url)
    return Answer("failed", url, 0, f"redirected more than {policy.max_redirects} times (feeds.max_redirects)")


def _downgrade(old: str, new: str) -> bool:
    """Whether a redirect gives up TLS: followed, but never for good."""
    return old.lower().startswith("https:") and not new.lower().startswith("https:")


async def _ask(client: httpx.AsyncClient, question: Question, most: int) -> tuple[Answer, str | None]:
    """One request. The second value is where a redirect leads, None where there is none."""
    headers = {"Accept": _ACCEPT}
    if question.etag:
        headers["If-None-Match"] = question.etag
    if question.last_modified:
        headers["If-Modified-Since"] = question.last_modified
    async with client.stream("GET", question.url, headers=headers) as response:
        client.cookies.clear()
        status, url = response.status_code, question.url

        def header(name: str) -> str:
            value: str = response.headers.get(name, "")
            return value if len(value) <= _LONGEST_HEADER else ""

        if status in _REDIRECTS and response.headers.get("location"):
            # Longer than any URL is cut, and refused as too long.
            return Answer("failed", url, status), response.headers["location"][:8192]
        wait = retry_after(header("retry-after"), header("date"), datetime.now(UTC)) if status >= 429 else None
        fresh = fresh_seconds(header("cache-control"), header("expires"), header("age"), header("date"))
        if status == 304:
            if not (question.etag or question.last_modified):
                return Answer("failed", url, status, "the host says unchanged, without having been asked"), None
            return Answer("unchanged", url, status, fresh_seconds=fresh), None
        if status == 410:
            return Answer("gone", url, status, "the host says that the feed is gone"), None
        if status != 200:
            words = _WORDS.get(status) or ("the host has an error" if status >= 500 else "not an answer to use")
            return Answer("failed", url, status, f"HTTP {status}: {words}", retry_after=wait), None
        body = Body(header("content-encoding"), most)
        async for piece in response.aiter_raw(1 << 16):
            body.add(piece)
        whole = body.whole()
        return (
            Answer(
                "document",
                url,
                status,
                body=whole,
                digest=blake2b(whole, digest_size=16).hexdigest(),
                content_type=header("content-type"),
                etag=header("etag"),
                last_modified=header("last-modified"),
                fresh_seconds=fresh,
            ),
            None,
        )
