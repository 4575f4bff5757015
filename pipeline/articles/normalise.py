"""Makes a raw article fit to read: one function, applied once, right behind every source."""

from datetime import UTC
from urllib.parse import urlsplit

from pipeline.articles.clean import clean
from pipeline.articles.identity import identity
from pipeline.articles.language import language
from pipeline.articles.url import canonical
from schemas import Article


def normalise(article: Article) -> Article:
    """``article`` with plain text, canonical URL, source, identity and language filled in, and times in UTC.

    Never raises for any article. Idempotent for text without markup. Cost: linear in the text's length.
    """
    title = clean(article.title).replace("\n", " ")
    text = clean(article.text)
    url = canonical(article.url) if article.url else ""
    source = clean(article.source) or (urlsplit(url).hostname or "").removeprefix("www.")
    return article.model_copy(
        update={
            "id": article.id or identity(url, title, text),
            "title": title,
            "text": text,
            "url": url,
            "source": source,
            "published": article.published and article.published.astimezone(UTC),
            "updated": article.updated and article.updated.astimezone(UTC),
            "language": article.language[:2].lower() if article.language else language(title, text),
        }
    )
