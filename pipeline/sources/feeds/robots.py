"""The crawl delay of a host's robots.txt. Feeds are published to be polled, so that nothing else of it is asked."""

import httpx
from protego import Protego

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.fetch import Question, fetch

LONGEST_DELAY = 600.0
_MOST_BYTES = 100_000
_NAME = "policywire"


async def crawl_delay(client: httpx.AsyncClient, origin: str, policy: FeedPolicy) -> float:
    """Seconds to keep between two requests to ``origin`` (scheme and host), as its robots.txt says for us or for
    everybody; 0 where it does not say, or cannot be read. Never more than LONGEST_DELAY."""
    answer = await fetch(client, Question(f"{origin}/robots.txt"), policy, _MOST_BYTES)
    return parse_crawl_delay(answer.body) if answer.kind == "document" else 0.0


def parse_crawl_delay(body: bytes) -> float:
    """The delay that a robots.txt asks for, in seconds. Never raises."""
    try:
        delay = Protego.parse(body.decode("utf-8", "replace")).crawl_delay(_NAME)
        return min(max(float(delay or 0.0), 0.0), LONGEST_DELAY)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return 0.0
