"""``policywire subscribe``"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections import Counter

    from schemas import AlertEvent


def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="The alert topic: kafka://HOST:PORT/policy-alerts.")],
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="now, beginning, a time (ISO 8601, UTC), or how long ago: 90s, 15m, 2h, 7d. "
            "[dim]default: now; with --once: beginning[/dim]",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Read to what is now the end, and exit.")] = False,
    direction: Annotated[
        list[str] | None, typer.Option(metavar="D", help="tightening, easing or neutral; several allowed.")
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option(metavar="J", help="ISO 3166-1 alpha-2, EU or INT; several allowed.")
    ] = None,
    instrument: Annotated[
        list[str] | None, typer.Option(metavar="I", help="Such as enforcement or trade; several allowed.")
    ] = None,
    company: Annotated[
        list[str] | None, typer.Option(metavar="C", help="Ticker, symbol or name; several allowed.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(metavar="P", min=0, max=1, help="Only signals at least this sure.")
    ] = 0.0,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Consumer group: its members share the topic, and go on later.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON lines even on a terminal.")] = False,
) -> None:
    """Follow the alert topic: a table on a terminal, CloudEvents as JSON lines in a pipe.

    An alert that comes twice is shown once. Corrections and withdrawals of an alert that was shown are shown, whatever
    the filters say. Ctrl-C ends it, with exit code 0.

    Examples:

      policywire subscribe kafka://localhost:9092/policy-alerts

      policywire subscribe kafka://localhost:9092/policy-alerts --since 2h --direction easing --company BABA

      policywire subscribe kafka://localhost:9092/policy-alerts --once | jq .data.headline
    """
    import contextlib
    import signal as signals
    import sys
    from datetime import UTC, datetime

    from pipeline.cli.output import complain, printable
    from pipeline.kafka.address import parse_address
    from pipeline.kafka.subscription import AlertFilter, Selection, Subscription, parse_since
    from pipeline.settings import load_settings
    from schemas.terms import DIRECTIONS, INSTRUMENTS

    address = parse_address(url)
    begin = parse_since(since or ("beginning" if once else "now"), datetime.now(UTC))
    wanted = AlertFilter(
        frozenset(_known(direction, DIRECTIONS, "--direction")),
        frozenset(_codes(jurisdiction)),
        frozenset(_known(instrument, INSTRUMENTS, "--instrument")),
        tuple(company or ()),
        min_confidence,
    )
    settings = address.settings(load_settings().kafka)
    settings = settings.model_copy(update={"group": group or None})
    selection = Selection(wanted)
    show = _printer(json)
    signals.signal(signals.SIGTERM, signals.default_int_handler)

    def tell(line: str) -> None:
        complain(printable(line))

    subscription = Subscription(settings, address.topic, begin, selection, tell, once=once)
    with contextlib.suppress(KeyboardInterrupt), subscription:
        if sys.stderr.isatty() and not once:
            print(f"following {address.topic} on {settings.bootstrap}; Ctrl-C ends it", file=sys.stderr)
        for batch in subscription.batches():
            show(batch)
    print(_summary(selection.counts), file=sys.stderr)
    raise typer.Exit(1 if once and selection.counts["unreadable"] else 0)


def _known(given: list[str] | None, terms: tuple[str, ...], option: str) -> list[str]:
    lowered = [word.lower() for word in given or ()]
    for word in lowered:
        if word not in terms:
            raise typer.BadParameter(f"{word!r} is none of {', '.join(terms)}", param_hint=option)
    return lowered


def _codes(given: list[str] | None) -> list[str]:
    import re

    from schemas.terms import JURISDICTION

    for code in given or ():
        if not re.fullmatch(JURISDICTION, code.upper()):
            raise typer.BadParameter(f"{code!r} is neither ISO 3166-1 alpha-2, EU nor INT", param_hint="--jurisdiction")
    return [code.upper() for code in given or ()]


class _Lines:
    """Alerts as CloudEvents, one a line of JSON."""

    def __call__(self, events: "list[AlertEvent]") -> None:
        import sys

        for event in events:
            sys.stdout.write(event.model_dump_json() + "\n")
        if events:
            sys.stdout.flush()


class _Table:
    """Alerts as rows of a table."""

    def __init__(self) -> None:
        from pipeline.cli.table import AlertPrinter

        self._printer = AlertPrinter()

    def __call__(self, events: "list[AlertEvent]") -> None:
        self._printer.add([event.data for event in events])


def _printer(json: bool) -> "_Lines | _Table":
    import sys

    return _Lines() if json or not sys.stdout.isatty() else _Table()


def _summary(counts: "Counter[str]") -> str:
    words = {
        "repeats": "repeats dropped",
        "filtered": "filtered out",
        "other": "events of other types",
        "unreadable": "unreadable",
    }
    rest = "".join(f", {counts[name]:,} {said}" for name, said in words.items() if counts[name])
    return f"{counts['shown']:,} alerts{rest}"
