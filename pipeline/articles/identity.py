"""Which article is this, and has it changed? Both as functions of the article alone, so that a restart, a replay and
another machine come to the same answer."""

from hashlib import blake2b

from schemas import Article


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def identity(url: str, title: str, text: str) -> str:
    """The id of an article whose source gives none: a digest of URL and title; without a URL, of title and text.

    The date takes no part: an edited publication date must not make a new article. The URL alone is not enough:
    some sites serve every item of a live page under one.
    """
    return _digest("url", url, title) if url else _digest("text", title, text)


def content_digest(article: Article) -> str:
    """Changes if and only if what a reader sees changes: title or text."""
    return _digest(article.title, article.text)
