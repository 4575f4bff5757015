"""Alerts for a person's eyes."""

import sys
from typing import Any

from pipeline.cli.output import printable
from pipeline.cli.quotes import marked_headline, marked_sentences
from schemas import Alert, CompanyMention

_COLOURS = {"tightening": "red", "easing": "green", "neutral": "yellow"}
_WIDTH_IN_A_PIPE = 150
_COLUMNS = (("time", 10), ("signal", 12), ("authority", 16), ("companies", 30), ("headline, evidence", 50))


def print_alerts(alerts: list[Alert], total: int) -> None:
    """A table of ``alerts`` on stdout, each with the words it rests on; ``total`` says how many there are in all."""
    printer = AlertPrinter()
    printer.add(alerts)
    if total > len(alerts):
        printer.say(f"… and {total - len(alerts):,} more alerts (--show, --alerts FILE)")


class AlertPrinter:
    """A table of alerts on stdout that grows, with its head printed once."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(width=None if sys.stdout.isatty() else _WIDTH_IN_A_PIPE)
        self._begun = False

    def add(self, alerts: list[Alert]) -> None:
        """Prints ``alerts`` as further rows."""
        from rich.box import SQUARE
        from rich.table import Table

        if not alerts:
            return
        table = Table(box=SQUARE, show_lines=True, expand=True, show_header=not self._begun)
        for name, ratio in _COLUMNS:
            table.add_column(name, ratio=ratio, overflow="fold")
        for alert in alerts:
            table.add_row(*_row(alert))
        self._console.print(table)
        self._begun = True

    def say(self, line: str) -> None:
        """Prints a line below the table."""
        self._console.print(line)


def _row(alert: Alert) -> tuple[Any, ...]:
    from rich.text import Text

    signal = alert.signal
    labels = Text(signal.direction, style=f"bold {_COLOURS[signal.direction]}")
    labels.append(f"\n{signal.instrument}\n{signal.stage}\n{signal.confidence:.0%}", style="not bold default")
    if alert.repeat:
        labels.append("\nrepeat", style="dim")
    if note := revision_note(alert):
        labels.append(f"\n{note}", style="bold magenta")
    who = printable(f"{signal.jurisdiction or '?'}  {signal.authority.name if signal.authority else ''}")
    story = Text()
    for words, decides in marked_headline(alert):
        story.append(printable(words), style="bold underline" if decides else "bold")
    for pieces in marked_sentences(alert, signal.evidence):
        story.append("\n› ")
        for words, decides in pieces:
            story.append(printable(words), style="underline" if decides else "")
    for pieces in marked_sentences(alert, signal.background):
        story.append("\n  background: " + printable("".join(words for words, _ in pieces)), style="dim")
    time = f"{alert.event_time:%Y-%m-%d %H:%M}" if alert.event_time else "undated"
    return time, labels, Text(who), Text("\n".join(map(company_line, alert.companies))), story


def revision_note(alert: Alert) -> str:
    """What a later version of an alert does to the earlier one; empty for a first version."""
    if alert.withdrawn:
        return f"withdraws {printable(alert.supersedes or '')}".strip()
    return f"corrects {printable(alert.supersedes)}" if alert.supersedes else ""


def company_line(company: CompanyMention) -> str:
    """A company in one line: name, ticker, role, and what its shares did."""
    moves = "".join(f", {r.percent:+.1f}%" if r.percent is not None else f", {r.move}" for r in company.reactions)
    named = company.name if company.mention == company.name else f"{company.name} “{company.mention}”"
    ticker = f" {company.ticker}" if company.ticker else ""
    return printable(f"{named}{ticker}: {company.role}{moves}")


def plain_line(alert: Alert) -> str:
    """An alert in one line, fields parted by tabs: time, direction, instrument, stage, jurisdiction, authority,
    companies, headline."""
    signal = alert.signal
    fields = (
        alert.event_time.isoformat() if alert.event_time else "undated",
        signal.direction,
        signal.instrument,
        signal.stage,
        signal.jurisdiction or "-",
        signal.authority.name if signal.authority else "-",
        "; ".join(map(company_line, alert.companies)) or "-",
        alert.headline,
    )
    return "\t".join(map(printable, fields))
