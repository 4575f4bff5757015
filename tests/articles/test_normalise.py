from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from pipeline.articles.identity import content_digest
from pipeline.articles.normalise import normalise
from schemas import Article


def test_fills_in_what_the_source_left_out():
    raw = Article(
        title="Bank &amp; <i>fund</i> fined by the regulator",
        url="https://www.example.com/a?utm_medium=rss",
        published=datetime(2023, 7, 12, 12, tzinfo=timezone(timedelta(hours=8))),
    )
    article = normalise(raw)
    assert article.title == "Bank & fund fined by the regulator"
    assert article.url == "https://www.example.com/a"
    assert article.source == "example.com"
    assert article.published == datetime(2023, 7, 12, 4, tzinfo=UTC)
    assert article.language == "en"
    assert article.id


def test_identity_outlives_an_edited_date_but_not_another_story():
    def identity(**fields):
        return normalise(Article(title="A tax is cut", url="https://example.com/live", **fields)).id

    assert identity() == identity(published=datetime(2023, 1, 1, tzinfo=UTC))
    other = normalise(Article(title="A tax is raised", url="https://example.com/live"))
    assert other.id != identity()


def test_the_sources_own_identity_wins():
    assert normalise(Article(id="guid-1", title="x")).id == "guid-1"


def test_the_digest_follows_what_is_read():
    one = Article(title="x", text="y")
    assert content_digest(one) == content_digest(one.model_copy(update={"url": "https://example.com/"}))
    assert content_digest(one) != content_digest(Article(title="x", text="z"))


@given(st.text(), st.text(), st.text())
def test_never_raises_and_is_idempotent_without_markup(title, text, url):
    plain = str.maketrans("<&", "  ")
    once = normalise(Article(title=title.translate(plain), text=text.translate(plain), url=url))
    assert normalise(once) == once
