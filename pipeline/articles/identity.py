"""Which article is this, and has it changed? Both as functions of the article alone, so that a restart, a replay and
another machine come to the same answer."""

from hashlib import blake2b

from schemas import Article


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def article_id(article: Article) -> str:
    """The source's own id where it gives one; else a digest of URL and title; else of title and text.

    The date takes no part: an edited publication date must not make a new article. The URL alone is not enough:
    some sites serve every item of a live page under one.
    """
    if article.id:
        return article.id
    if article.url:
        return _digest("url", article.url, article.title)
    return _digest("text", article.title, article.text)


def content_digest(article: Article) -> str:
    """Changes if and only if what a reader sees changes: title or text."""
    return _digest(article.title, article.text)
