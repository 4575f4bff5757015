"""Alerts for a person's eyes."""

from pipeline.cli.output import printable
from schemas import Alert, CompanyMention

_COLOURS = {"tightening": "red", "easing": "green", "neutral": "yellow"}
_WIDTH_IN_A_PIPE = 150


def print_alerts(alerts: list[Alert], total: int) -> None:
    """A table of ``alerts`` on stdout, each with the words it rests on; ``total`` says how many there are in all."""
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDTH_IN_A_PIPE)
    table = Table(show_lines=True, expand=True)
    for name, ratio in (("time", 10), ("signal", 12), ("authority", 16), ("companies", 30), ("headline, evidence", 50)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for alert in alerts:
        signal = alert.signal
        colour = _COLOURS[signal.direction]
        labels = Text(signal.direction, style=f"bold {colour}")
        labels.append(f"\n{signal.instrument}\n{signal.stage}\n{signal.confidence:.0%}", style="not bold default")
        if alert.repeat:
            labels.append("\nrepeat", style="dim")
        who = printable(f"{signal.jurisdiction or '?'}  {signal.authority.name if signal.authority else ''}")
        story = Text(printable(alert.headline), style="bold")
        for span in signal.evidence:
            story.append(f"\n› {printable(span.quote)}", style="not bold default")
        for span in signal.background:
            story.append(f"\n  background: {printable(span.quote)}", style="not bold dim")
        time = f"{alert.event_time:%Y-%m-%d %H:%M}" if alert.event_time else "undated"
        companies = Text("\n".join(map(company_line, alert.companies)))
        table.add_row(time, labels, Text(who), companies, story)
    if alerts:
        console.print(table)
    if total > len(alerts):
        console.print(f"… and {total - len(alerts):,} more alerts (--show, --alerts FILE)")


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
