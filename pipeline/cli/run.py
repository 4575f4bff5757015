"""``policywire run``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.kafka.positions import Start
    from pipeline.kafka.topics import Topics
    from pipeline.ledger import Ledger
    from pipeline.runners.live import LiveRun
    from pipeline.runners.streaming import StreamingRun
    from pipeline.settings import Settings
    from pipeline.sources.round import RoundSource
    from pipeline.telemetry.audience import Audience

_NOTHING_TO_READ = (
    "nothing to read: give --feeds FILE.opml (or a URL), or --topic TOPIC (with --kafka HOST:PORT), or both; or list feeds "
    "by `policywire feeds add URL`"
)
GRACE = 1.7
"""Seconds behind a stop signal after which a round under way is given up."""
FLUSH = 30.0
"""Seconds behind a stop signal after which a streaming runner's pipeline is given up."""


def command(
    feeds: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE.opml|URL",
            help="Feeds to poll; may be given several times. [dim]default: those of `feeds list`[/dim]",
        ),
    ] = None,
    kafka: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Kafka brokers to read from. [dim]default: kafka.bootstrap[/dim]"),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC",
            help="The topic with articles, or a pattern such as 'news-.*'; a pattern leaves out the topics of --alerts and "
            "Kafka's own.",
        ),
    ] = None,
    alerts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SINK",
            help="Where alerts go; may be given several times: kafka://HOST:PORT/TOPIC, FILE.jsonl, "
            "https://HOST/PATH (a webhook), - (stdout). [dim]default: -[/dim]",
        ),
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The embedded store. [dim]default: policywire.sqlite[/dim]")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Read what is there now, deliver, and exit (for cron).")] = False,
    start: Annotated[
        str, typer.Option("--from", metavar="WHERE", help="Kafka: committed, earliest, latest, or a time in ISO 8601.")
    ] = "committed",
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Feeds: raise alerts for old entries of a feed's first poll, too.")
    ] = False,
    poll: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.01, help="Pause between looks for new articles.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Answer /metrics, /healthz and /readyz there. [dim]default: no[/dim]"),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="human or json. [dim]default: a status line, or json[/dim]")
    ] = None,
    runner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A streaming runner: prism, flink or dataflow. [dim]default: rounds[/dim]"),
    ] = None,
    runner_option: Annotated[
        list[str] | None,
        typer.Option(metavar="--NAME=VALUE", help="An option of Beam or of the runner; may be given several times."),
    ] = None,
) -> None:
    """Watch feeds and topics, and send alerts, until stopped.

    What is read, what was alerted and what is yet to be delivered is kept in the ledger: a crash loses nothing, and the
    next start goes on where this one ended. Ctrl-C (or SIGTERM) ends it within two seconds, with exit code 0.

    With --once each feed is asked once at most, and the exit code is 1 if a feed or an article could not be read.

    Examples:

      policywire run --feeds feeds.opml --alerts alerts.jsonl --alerts -

      policywire run --kafka localhost:9092 --topic news --alerts kafka://localhost:9092/policy-alerts

      policywire run --feeds https://example.org/feed.xml --once

      policywire run --runner prism --topic news --alerts kafka://localhost:9092/policy-alerts

    With --runner topics and feeds are read without end into one alert topic; positions are the consumer group's, what is
    known of feeds is the runner's, and no ledger is kept.
    """
    from pipeline.cli.output import keep_apart
    from pipeline.cli.stopping import Stopping
    from pipeline.errors import UsageError
    from pipeline.settings import given, load_settings
    from pipeline.sinks.files import beside

    with Stopping(GRACE if runner is None else FLUSH) as stopping:
        where = parse_start(start)
        settings = load_settings(
            ledger=ledger,
            live={"poll_seconds": poll} if poll is not None else None,
            kafka={"bootstrap": kafka} if kafka is not None else None,
            telemetry=given(metrics=metrics, log_format=log_format),
        )
        if runner is not None:
            if not (feeds or topic) or len(alerts or ()) != 1:
                raise UsageError("with --runner give --topic or --feeds, and one --alerts kafka://HOST:PORT/TOPIC")
            run = _streaming(
                settings,
                topic,
                (alerts or [""])[0],
                runner,
                runner_option or [],
                start=where,
                feeds=feeds or [],
                backfill=backfill,
                once=once,
            )
            stopping.stops(run.stop)
            run.run()
            return
        if runner_option:
            raise UsageError("--runner-option is for --runner")
        if not feeds and not topic and not settings.ledger.exists():
            raise UsageError(_NOTHING_TO_READ)
        files = [Path(sink) for sink in dict.fromkeys(alerts or ()) if sink != "-" and "://" not in sink]
        written = [("--alerts", file) for file in files] + [("the dead letters", beside(file)) for file in files]
        keep_apart([("--ledger", settings.ledger), *written], [Path(feed) for feed in feeds or () if "://" not in feed])
        _run(settings, feeds or [], topic, alerts or ["-"], where, stopping, once=once, backfill=backfill)


def _run(
    settings: "Settings",
    feeds: list[str],
    topic: str | None,
    alerts: list[str],
    start: "Start",
    stopping: Any,
    *,
    once: bool,
    backfill: bool,
) -> None:
    from pipeline.cli.status import reporter
    from pipeline.ledger import Ledger
    from pipeline.reading import reader
    from pipeline.runners.live import LiveRun
    from pipeline.runners.trouble import Trouble
    from pipeline.sinks.registry import open_sinks
    from pipeline.telemetry.audience import Audience, observed

    sinks = open_sinks(alerts, settings)
    topics = _topics(settings, topic, alerts) if topic else None
    with Ledger(settings.ledger) as ledger:
        version = reader(
            settings.registry
        ).version  # a wrong registry is said now, and the first round does not wait for it
        with reporter(settings.telemetry, ledger.waiting) as report:
            tell = Audience(report)
            sources = _sources(ledger, settings, feeds, topics, start, tell, once=once, backfill=backfill)
            run: LiveRun = LiveRun(ledger, sources, sinks, settings, tell)
            names = [sink.name for sink in sinks]
            with observed(run, tell, settings.telemetry, ledger, version, sources, names) as port:
                if port is not None:
                    report(Trouble("telemetry", f"/metrics, /healthz and /readyz on port {port}", over=True))
                stopping.stops(run.stop)
                run.run(once=once)
                if once and not run.stopped:
                    _account(run, sources, tell)


def _account(run: "LiveRun", sources: "list[RoundSource]", tell: "Audience") -> None:
    """Tells which feeds a run with ``--once`` did not ask. Raises InputError where it could not read something."""
    from pipeline.errors import InputError
    from pipeline.runners.trouble import Trouble
    from pipeline.sources.feeds.source import FeedRounds

    amiss = []
    for source in sources:
        if isinstance(source, FeedRounds):
            if resting := source.resting():
                failing = sum(bool(state.failures) for state in resting)
                words = (
                    f"{len(resting):,} of {len(resting) + source.asked:,} were not asked, as it is not their time yet"
                )
                more = f"; {failing:,} of them failed when last asked" if failing else ""
                tell(Trouble(source.name, f"{words}{more} (`policywire feeds list`)", over=not failing))
            if source.failed:
                amiss.append(f"{source.failed:,} of {source.asked:,} feeds failed (`policywire feeds list`)")
    if dead := run.counters["dead_letters"]:
        amiss.append(f"{dead:,} dead letters (`policywire deadletters list`)")
    if amiss:
        raise InputError(f"not all could be read: {', '.join(amiss)}; what was read is delivered")


def _streaming(
    settings: "Settings",
    topic: str | None,
    alerts: str,
    runner: str,
    options: list[str],
    *,
    feeds: list[str],
    **more: Any,
) -> "StreamingRun":
    from pipeline.kafka.address import parse_address
    from pipeline.reading import reader
    from pipeline.runners.quiet import quieten

    quieten()
    from pipeline.runners.streaming import StreamingRun
    from pipeline.sources.feeds.opml import feed_urls

    reader(settings.registry)
    return StreamingRun(settings, topic, parse_address(alerts), runner, options, feeds=feed_urls(feeds), **more)


def _topics(settings: "Settings", topic: str, alerts: list[str]) -> "Topics":
    from pipeline.kafka.address import parse_address
    from pipeline.kafka.topics import input_topics

    outputs = [parse_address(sink) for sink in alerts if sink.startswith("kafka://")]
    return input_topics(topic, settings.kafka, outputs)


def _sources(
    ledger: "Ledger",
    settings: "Settings",
    feeds: list[str],
    topics: "Topics | None",
    start: "Start",
    tell: Any,
    *,
    once: bool,
    backfill: bool,
) -> "list[RoundSource]":
    from pipeline.errors import UsageError
    from pipeline.sources.retries import Retries

    sources: list[RoundSource] = [Retries(settings.limits)]
    if topics is not None:
        from pipeline.sources.kafka_rounds import KafkaRounds

        sources.append(KafkaRounds(settings.kafka, topics, settings.limits, start=start, once=once, tell=tell))
    if feeds or topics is None:
        from pipeline.ledger import LedgerMemory
        from pipeline.sources.feeds.opml import feed_urls
        from pipeline.sources.feeds.source import FeedRounds, lists_feeds

        if not feeds and not lists_feeds(ledger):
            raise UsageError(_NOTHING_TO_READ)
        memory = LedgerMemory(str(ledger.path))
        urls = feed_urls(feeds) if feeds else None
        sources.append(FeedRounds(settings, memory, urls, backfill=backfill, once=once, tell=tell))
    return sources


def parse_start(text: str) -> "Start":
    """What ``--from`` says. Raises UsageError naming what it may be."""
    from datetime import UTC, datetime

    from pipeline.errors import UsageError

    if text in ("committed", "earliest", "latest"):
        return text  # type: ignore[return-value]
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--from {text!r}: give committed, earliest, latest, or a time such as 2026-01-31T12:00:00Z"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
