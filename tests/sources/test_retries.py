from pipeline.dead_letters import MAX_PAYLOAD, dead_letter
from pipeline.ledger import Ledger
from pipeline.runners.live import LiveRun
from pipeline.settings import Live, ReadLimits, Settings
from pipeline.sources.retries import Retries, read_again
from schemas import Article, DeadLetter, Position
from tests.scripted import MemorySink, ScriptedSource, news

PLACE = Position(origin="f.jsonl", kind="file", line=1)


def letter(payload, cause="bad_schema"):
    return dead_letter(cause, "Source", "wrong", PLACE, payload)


def test_a_dead_letter_that_can_be_read_now_raises_its_alert_once(tmp_path):
    settings, sink = Settings(live=Live(poll_seconds=0.02)), MemorySink()
    with Ledger(tmp_path / "l.sqlite") as ledger:
        good, bad = letter(news(1)), letter(b"still no JSON", "bad_json")
        with ledger.transaction() as transaction:
            transaction.keep_dead_letters([good, bad])
            transaction.ask_retry([good.id, bad.id])
        run = LiveRun(ledger, [ScriptedSource([]), Retries(settings.limits)], [sink], settings, lambda _: None)
        run.run(once=True)
        assert [a.article.id for a in sink.alerts()] == ["article-1"]
        assert ledger.dead_letter(good.id).state == "retried"
        again = [kept for kept in ledger.dead_letters() if kept.letter.cause == "bad_json"]
        assert len(again) == 1
        assert again[0].letter.position == PLACE


def test_what_a_sink_refused_is_offered_again(tmp_path):
    settings = Settings(live=Live(poll_seconds=0.02))
    with Ledger(tmp_path / "l.sqlite") as ledger:
        picky = MemorySink(refuse=lambda _: True)
        LiveRun(ledger, [ScriptedSource([news(1)])], [picky], settings, lambda _: None).run(once=True)
        (kept,) = ledger.dead_letters(cause="delivery_failed")
        with ledger.transaction() as transaction:
            transaction.ask_retry([kept.letter.id])
        sink = MemorySink()
        LiveRun(ledger, [Retries(settings.limits)], [sink], settings, lambda _: None).run(once=True)
        assert [a.article.id for a in sink.alerts()] == ["article-1"]
        assert ledger.dead_letter(kept.letter.id).state == "retried"


def test_what_was_cut_cannot_be_tried_again_and_says_so():
    (found,) = read_again(ReadLimits(), letter(b"x" * (MAX_PAYLOAD + 1)))
    assert isinstance(found, DeadLetter)
    assert "only the first 65,536 of its 65,537 bytes" in found.message


def test_a_feed_document_is_read_as_one():
    place = Position(origin="https://example.org/feed", kind="feed")
    document = (
        b"<rss version='2.0'><channel><title>t</title><item><title>One</title><guid>1</guid></item></channel></rss>"
    )
    found = list(read_again(ReadLimits(), dead_letter("bad_feed", "Source", "wrong", place, document)))
    assert [a.title for a in found if isinstance(a, Article)] == ["One"]
