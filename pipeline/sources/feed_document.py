"""Feed documents as files hold them or as they are served: every entry, or why not."""

from collections.abc import Iterator

from pipeline.dead_letters import dead_letter
from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.child import read_feed_in_time
from pipeline.sources.feeds.document import STEP
from schemas import Article, DeadLetter, Position


def parse_feed(payload: bytes, origin: str, file: bool = False) -> Iterator[Article | DeadLetter]:
    """Every entry of the feed document ``payload`` as an article, or a dead letter for what cannot be read of it: of
    an entry, or of the whole (no feed at all, unsafe, without entries). Never raises and never yields nothing.

    ``origin`` is the feed's URL or the file's path; ``file`` says which.
    """
    position = Position(origin=origin, kind="file" if file else "feed")
    read = read_feed_in_time(payload, position, seconds=FeedPolicy().parse_seconds)
    if isinstance(read, DeadLetter):
        yield read
    elif not read.items:
        yield dead_letter("bad_feed", STEP, f"a feed ({read.version}) without entries", position, payload)
    else:
        yield from read.items
