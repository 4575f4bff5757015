"""The seed stories as a test stream: event time, out of order and late, through the unbounded graph."""

import random
from datetime import timedelta

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from pipeline.alerts.transform import DecideUnbounded
from pipeline.graph import policy_alerts
from pipeline.runners.pipelines import empty_pipeline
from pipeline.runners.replay import replay
from pipeline.settings import AlertPolicy, ReadLimits, Settings
from pipeline.sources.archive import read_file, stamped
from schemas import Alert, Article
from tests.conftest import ROOT

FILES = [ROOT / "seeds" / "archive.jsonl", ROOT / "seeds" / "feed.xml"]


class Scripted(beam.PTransform):
    """A source that hands over what a TestStream scripts."""

    def __init__(self, stream: TestStream) -> None:
        super().__init__()
        self.stream = stream

    def expand(self, begin):
        articles = begin | "Stream" >> self.stream
        return {"articles": articles, "dead_letters": begin | "No dead letters" >> beam.Create([])}


def stream_of(articles: list[Article], lateness: timedelta = timedelta(0)) -> TestStream:
    """One article an element, in the order given; the watermark follows the latest one seen less ``lateness``."""
    stream = TestStream()
    reached = None
    for article in articles:
        stream.add_elements([stamped(article)])
        if article.published is not None and (reached is None or article.published > reached):
            reached = article.published
            stream.advance_watermark_to(Timestamp.from_utc_datetime(reached - lateness))
    return stream.advance_watermark_to_infinity()


# Filled by the worker, which lives in this process; a closure would be filled in a copy.
SEEN: list[Alert] = []


def see(alert: Alert) -> None:
    SEEN.append(alert)


def run(stream: TestStream, hours: float = 72.0) -> list[Alert]:
    """The alerts of the stream, in the order in which they came out."""
    SEEN.clear()
    options = PipelineOptions([])
    options.view_as(StandardOptions).streaming = True
    with empty_pipeline(options, BundleBasedDirectRunner()) as pipeline:
        outputs = policy_alerts(
            pipeline, Scripted(stream), AlertPolicy(story_hours=hours), DecideUnbounded(hours, stamp=False)
        )
        _ = outputs.alerts | "See" >> beam.Map(see)
    return list(SEEN)


def articles() -> list[Article]:
    read = [item for file in FILES for item in read_file(file, ReadLimits())]
    return sorted((a for a in read if isinstance(a, Article)), key=lambda a: (a.published is None, a.published))


def labels(alerts: list[Alert]) -> set[tuple[str, ...]]:
    return {(a.id, a.article.id, a.signal.direction, a.signal.instrument, a.signal.jurisdiction) for a in alerts}


def replayed() -> list[Alert]:
    with replay(FILES, Settings()) as outcome:
        return [Alert.model_validate_json(line) for line in outcome.alerts()]


def test_the_stream_tells_what_the_replay_tells():
    streamed = run(stream_of(articles()))
    bounded = replayed()
    assert labels(streamed) == labels(bounded)
    assert {a.id: (a.story, a.repeat) for a in streamed} == {a.id: (a.story, a.repeat) for a in bounded}


def test_out_of_order_and_late_articles_lose_and_double_nothing():
    shuffled = articles()
    random.Random(3).shuffle(shuffled)
    late = run(stream_of(shuffled))
    assert labels(late) == labels(replayed())
    assert len(late) == len({a.id for a in late})


def test_the_same_article_again_raises_nothing_and_a_changed_one_supersedes():
    first = Article(id="a", title="ECB raises interest rates by half a point", published="2022-07-21T12:00:00Z")
    again = first.model_copy(update={"text": "It said so on Thursday."})
    turned = first.model_copy(
        update={
            "title": "ECB cuts interest rates by half a point",
            "text": "The European Central Bank lowered its key interest rates to support the economy.",
        }
    )
    alerts = run(stream_of([first, first, again, turned]))
    assert [(a.revision, a.signal.direction) for a in alerts] == [(1, "tightening"), (2, "easing")]
    assert alerts[1].supersedes == alerts[0].id


def test_state_is_forgotten_when_the_watermark_has_passed():
    first = Article(id="a", title="ECB raises interest rates by half a point", published="2022-07-21T12:00:00Z")
    tick = Article(id="t", title="Where to eat in Lisbon", published="2022-09-01T12:00:00Z")
    stream = TestStream()
    stream.add_elements([stamped(first)]).advance_watermark_to(Timestamp.from_rfc3339("2022-07-21T12:00:01Z"))
    stream.add_elements([stamped(tick)]).advance_watermark_to(Timestamp.from_rfc3339("2022-09-01T12:00:01Z"))
    late = first.model_copy(update={"published": None})
    stream.add_elements([TimestampedValue(late, Timestamp.from_rfc3339("2022-09-02T00:00:00Z"))])
    alerts = run(stream.advance_watermark_to_infinity())
    # What is heard of again after it was forgotten has the same id, by which a subscriber drops it.
    assert [a.id for a in alerts] == [alerts[0].id] * 2
