"""``policywire publish``"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.kafka.publication import Progress
    from pipeline.settings import ReadLimits
    from schemas import Article


def command(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Archives (.jsonl, .jsonl.gz), feed documents, .txt articles, folders."),
    ],
    topic: Annotated[str, typer.Option(metavar="NAME", help="Topic to send to.")] = "news",
    kafka: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Broker. [dim]default: the setting kafka.bootstrap[/dim]")
    ] = None,
    rate: Annotated[float | None, typer.Option(metavar="N", min=0.001, help="Articles a second at most.")] = None,
    speed: Annotated[
        str | None, typer.Option(metavar="60x", help="As published, so many times as fast; in the file's order.")
    ] = None,
    skip: Annotated[int, typer.Option(metavar="N", min=0, help="Pass by the first N articles.")] = 0,
) -> None:
    """Send archives and feed documents to a Kafka topic, keyed by the article's identity.

    Each article is acknowledged by all replicas in sync before it counts as delivered. What cannot be read is named on
    stderr; the rest is sent, and the exit code is 1.

    Examples:

      policywire publish seeds/ --kafka localhost:9092 --topic news

      policywire publish archive.jsonl.gz --kafka localhost:9092 --rate 200

      policywire publish archive.jsonl.gz --kafka localhost:9092 --speed 60x
    """
    import sys
    import time
    from itertools import islice

    from pipeline.cli.output import complain, printable
    from pipeline.cli.progress import bar
    from pipeline.errors import PolicywireError
    from pipeline.kafka.address import check_topic
    from pipeline.kafka.publication import Pace, Publisher
    from pipeline.settings import load_settings
    from pipeline.sources.archive import archive_files

    times = _speed(speed)
    settings = load_settings(kafka={"bootstrap": kafka} if kafka is not None else None)
    check_topic(topic)
    files = archive_files(paths)
    left_out = 0

    def leave_out(line: str) -> None:
        nonlocal left_out
        left_out += 1
        complain(printable(line))

    started = time.perf_counter()
    progress: Progress | None = None
    try:
        with Publisher(settings.kafka, topic, leave_out) as publisher, bar(files) as done:
            progress = publisher.progress
            articles = islice(_articles(files, settings.limits, leave_out), skip, None)
            publisher.send(articles, Pace(rate, times))
            done()
    except (PolicywireError, KeyboardInterrupt):
        if progress is not None and progress.sent:
            complain(
                f"{progress.delivered:,} of {progress.sent:,} articles sent were delivered; "
                f"--skip {skip + progress.delivered + progress.too_large} goes on from there"
            )
        raise
    seconds = time.perf_counter() - started
    print(
        f"{progress.delivered:,} articles delivered to {topic} on {settings.kafka.bootstrap}, "
        f"{left_out:,} left out, {seconds:.1f} s, {progress.delivered / seconds:,.0f} articles a second",
        file=sys.stderr,
    )
    raise typer.Exit(1 if left_out else 0)


def _speed(text: str | None) -> float | None:
    """``60x`` or ``60`` as a number."""
    import math

    if text is None:
        return None
    try:
        value = float(text.lower().removesuffix("x"))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise typer.BadParameter(f"{text!r} is no speed, such as 60x", param_hint="--speed")
    return value


def _articles(files: list[Path], limits: "ReadLimits", leave_out: Callable[[str], None]) -> "Iterator[Article]":
    from pipeline.progress import PROGRESS
    from pipeline.sources.archive import read_file
    from schemas import Article

    for file in files:
        for item in read_file(file, limits):
            if isinstance(item, Article):
                PROGRESS.articles += 1
                yield item
            else:
                leave_out(f"{item.position}: {item.cause}: {item.message}")
