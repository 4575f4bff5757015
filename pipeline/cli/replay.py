"""``policywire replay``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.runners.replay import Replay


def command(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Archives (.jsonl, .jsonl.gz), feed documents, .txt articles, folders, or topics: "
            "kafka://HOST:PORT/TOPIC[,TOPIC...][?from=TIME&to=TIME].",
        ),
    ],
    alerts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the alerts here, as CloudEvents; - is the same as --json."),
    ] = None,
    dead_letters: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what could not be read here. [dim]default: beside --alerts[/dim]"),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page of the alerts (HTML).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Alerts as JSON lines on stdout.")] = False,
    table: Annotated[bool, typer.Option("--table", help="A table even where stdout is no terminal.")] = False,
    show: Annotated[int, typer.Option(metavar="N", min=0, help="Rows of the table at most.")] = 50,
    min_confidence: Annotated[
        float | None, typer.Option(metavar="P", min=0, max=1, help="Hold back signals less sure than this.")
    ] = None,
    no_repeats: Annotated[bool, typer.Option("--no-repeats", help="Hold back repeats of a story.")] = False,
) -> None:
    """Replay archives, feed documents and topics through the pipeline, in event time.

    The same input gives the same alerts, byte for byte. What cannot be read becomes a dead letter that names file
    and line, or partition and offset; the rest is replayed, and the exit code is 1.

    A topic is read in all its partitions, from the first message written at FROM or later (else its beginning) to
    before the first one written at TO or later (else what is now its end). The times are ISO 8601, in UTC where they
    name no zone, or how long ago: 15m, 2h, 7d.

    Examples:

      policywire replay seeds/

      policywire replay archive.jsonl.gz --alerts alerts.jsonl --report alerts.html

      policywire replay feed.xml --json | jq .data.signal

      policywire replay 'kafka://localhost:9092/news?from=2026-01-31T09:00&to=2026-01-31T12:00' --alerts alerts.jsonl
    """
    from datetime import UTC, datetime

    from pipeline.cli.output import keep_apart, no_file, whole_file
    from pipeline.cli.progress import bar
    from pipeline.settings import load_settings
    from pipeline.sinks.files import beside
    from pipeline.sources.archive import archive_files
    from pipeline.sources.kafka_archive import is_topic, parse_range, stretches

    settings = load_settings(
        alerting=_policy(min_confidence, no_repeats),
    )
    topics = [path for path in paths if is_topic(path)]
    files = archive_files([Path(path) for path in paths if not is_topic(path)])
    if alerts == Path("-"):
        alerts, json = None, True
    dead_file = dead_letters or (beside(alerts) if alerts else None)
    keep_apart((("--alerts", alerts), ("--dead-letters", dead_file), ("--report", report)), files)
    now = datetime.now(UTC)
    parts = [part for topic in topics for part in stretches(parse_range(topic, now), settings.kafka)]
    if json and table:
        raise typer.BadParameter("give --json or --table, not both")

    from pipeline.runners.replay import replay
    from schemas import Alert, AlertEvent

    messages = sum(part.end - part.first for part in parts)
    with bar(files, messages) as done, replay(files, settings, parts) as outcome:
        done()
        if alerts is not None:
            with whole_file(alerts) as stream:
                for line in outcome.alerts():
                    stream.write(AlertEvent.of(Alert.model_validate_json(line)).model_dump_json().encode() + b"\n")
        if dead_file is not None and not outcome.counters["dead_letters"]:
            no_file(dead_file)
        elif dead_file is not None:
            with whole_file(dead_file) as stream:
                stream.writelines(outcome.dead_letters())
        if report is not None:
            from pipeline.cli.report import write_report

            with whole_file(report) as stream:
                write_report(outcome, stream)
        _show(outcome, json=json, table=table, show=show, elsewhere=alerts is not None)
        _summarise(outcome, alerts, dead_file)
    raise typer.Exit(1 if outcome.counters["dead_letters"] else 0)


def _policy(min_confidence: float | None, no_repeats: bool) -> dict[str, object] | None:
    given: dict[str, object] = {}
    if min_confidence is not None:
        given["min_confidence"] = min_confidence
    if no_repeats:
        given["repeats"] = False
    return given or None


def _show(outcome: "Replay", *, json: bool, table: bool, show: int, elsewhere: bool) -> None:
    import sys
    from itertools import islice

    from schemas import Alert, AlertEvent

    parsed = (Alert.model_validate_json(line) for line in outcome.alerts())
    if json:
        for alert in parsed:
            sys.stdout.write(AlertEvent.of(alert).model_dump_json() + "\n")
    elif table or sys.stdout.isatty():
        from pipeline.cli.table import print_alerts

        print_alerts(list(islice(parsed, show)), outcome.counters["alerts"])
    elif not elsewhere:
        from pipeline.cli.table import plain_line

        for alert in parsed:
            sys.stdout.write(plain_line(alert) + "\n")


def _summarise(outcome: "Replay", alerts: Path | None, dead_file: Path | None) -> None:
    import sys
    from itertools import islice

    from pipeline.cli.output import printable
    from schemas import DeadLetter

    counters = outcome.counters
    dead = counters["dead_letters"]
    if dead:
        for line in islice(outcome.dead_letters(), 10):
            letter = DeadLetter.model_validate_json(line)
            print(f"dead letter: {printable(f'{letter.position}: {letter.cause}: {letter.message}')}", file=sys.stderr)
        if dead > 10:
            print(f"dead letter: and {dead - 10:,} more" + (f", in {dead_file}" if dead_file else ""), file=sys.stderr)
    held = {name.removeprefix("held_"): n for name, n in counters.items() if name.startswith("held_") and n}
    held.pop("no_signal", None)
    passed = f" ({', '.join(f'{n:,} held back: {name}' for name, n in sorted(held.items()))})" if held else ""
    rate = counters["articles"] / outcome.seconds if outcome.seconds else 0.0
    print(
        f"{counters['articles']:,} articles read, {counters['alerts']:,} alerts{passed}, {dead:,} dead letters, "
        f"{outcome.seconds:.1f} s, {rate:,.0f} articles a second",
        file=sys.stderr,
    )
    if alerts is not None:
        print(f"alerts: {alerts}" + (f"   dead letters: {dead_file}" if dead else ""), file=sys.stderr)
