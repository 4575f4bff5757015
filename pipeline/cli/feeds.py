"""``policywire feeds``: the list of feeds, and how they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.ledger import Ledger
    from pipeline.settings import Settings
    from pipeline.sources.feeds.check import Look
    from pipeline.sources.feeds.state import FeedState

app = typer.Typer(
    no_args_is_help=True,
    help="""The list of feeds that `run` polls, and how they are.

    Examples:

      policywire feeds add https://news.example/feed.xml

      policywire feeds list --health failing --health dead
    """,
)

LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="The embedded store. [dim]default: policywire.sqlite[/dim]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines.")]


@app.command()
def add(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Addresses of feeds.")],
    force: Annotated[bool, typer.Option("--force", help="Add them unseen, whatever they answer.")] = False,
    ledger: LedgerOption = None,
) -> None:
    """Add feeds to the list, after a look at each. `run` notices within seconds.

    Exit code 0: all were added; 1: some do not answer as feeds do, and were not.

    Examples:

      policywire feeds add https://news.example/feed.xml

      policywire feeds add --force https://down-at-the-moment.example/rss
    """
    from pipeline.cli.output import printable
    from pipeline.sources.feeds.addresses import check_url

    settings = _settings(ledger)
    for url in urls:
        check_url(url)
    titles = dict.fromkeys(urls, "")
    refused = 0
    if not force:
        for look in _look(urls, settings):
            titles[look.url] = look.title
            if look.health in ("failing", "gone"):
                refused += 1
                titles.pop(look.url)
                typer.echo(f"not added: {printable(f'{look.url}: {look.message}')}  (--force adds it)", err=True)
    _add(settings, titles)
    raise typer.Exit(1 if refused else 0)


@app.command()
def remove(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Addresses as `feeds list` shows them.")],
    ledger: LedgerOption = None,
) -> None:
    """Take feeds off the list. What was read of them stays known, should they be added again.

    Example:

      policywire feeds remove https://news.example/feed.xml
    """
    settings = _settings(ledger)
    with _open(settings) as store:
        listed = {state.url: state for state in _listed(store)}
        _all_listed(urls, listed)
        with store.transaction() as transaction:
            for url in urls:
                transaction.set_feed_state(url, _dump(listed[url].model_copy(update={"listed": False})))
    typer.echo(f"{len(set(urls)):,} removed", err=True)


@app.command("list")
def list_feeds(
    health: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Only feeds in this health; may be given several times.")
    ] = None,
    json: JsonOption = False,
    ledger: LedgerOption = None,
) -> None:
    """Show the feeds that are polled, the worst first, with their health.

    \b
    ok       polled and read                    quiet    no new entry for a month
    undated  no dates that can be read          empty    a feed without entries
    moved    at another address for good        new      never polled yet
    failing  the last poll failed               dead     failing for a week
    gone     its host says that it is no more

    Examples:

      policywire feeds list

      policywire feeds list --health dead --health gone --json
    """
    import time

    from pipeline.errors import UsageError
    from pipeline.sources.feeds.state import HEALTH
    from pipeline.sources.feeds.state import health as health_of

    for word in health or []:
        if word not in HEALTH:
            raise UsageError(f"--health {word!r}: there are {', '.join(HEALTH)}")
    now = time.time()
    words = list(HEALTH)
    with _open(_settings(ledger)) as store:
        rows = [(health_of(state, now), state) for state in _polled(store)]
    rows = [row for row in rows if not health or row[0] in health]
    rows.sort(key=lambda row: (-words.index(row[0]), row[1].url))
    if json:
        for word, state in rows:
            typer.echo(_json(_as_json(word, state)))
    else:
        _table(
            ["health", "feed", "read", "newest", "entries", "next poll"],
            [_as_row(word, state, now) for word, state in rows],
        )
        typer.echo(_summary(word for word, _ in rows), err=True)


@app.command()
def check(
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[URL|FILE.opml]...", help="Feeds to look at; without: the list.")
    ] = None,
    json: JsonOption = False,
    ledger: LedgerOption = None,
) -> None:
    """Ask feeds now and say how they are, without reading them or changing anything.

    Exit code 0: all can be read; 1: some are failing, gone, empty or undated.

    Examples:

      policywire feeds check

      policywire feeds check https://news.example/feed.xml feeds.opml --json
    """
    from pipeline.sources.feeds.opml import feed_urls

    settings = _settings(ledger)
    if urls:
        asked = feed_urls(urls)
    else:
        with _open(settings) as store:
            asked = [state.url for state in _polled(store)]
    unwell = 0
    words = []
    for look in _look(asked, settings):
        unwell += look.health not in ("ok", "moved", "quiet")
        words.append(look.health)
        if json:
            typer.echo(_json(_look_as_json(look)))
        else:
            typer.echo(_look_as_line(look))
    typer.echo(_summary(words), err=True)
    raise typer.Exit(1 if unwell else 0)


@app.command("import")
def import_feeds(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="An OPML file, as feed readers export it.")],
    ledger: LedgerOption = None,
) -> None:
    """Add all feeds of an OPML file to the list, without a look at each (`feeds check` does that).

    Example:

      policywire feeds import feeds.opml
    """
    from pipeline.cli.output import printable
    from pipeline.sources.feeds.opml import read_opml

    found = read_opml(file)
    for reason in found.left_out:
        typer.echo(f"left out: {printable(reason)}", err=True)
    _add(_settings(ledger), dict(found.feeds))


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE.opml]", help="Where to; without: stdout.")] = None,
    ledger: LedgerOption = None,
) -> None:
    """Write the list as OPML, for other feed readers or another machine.

    Example:

      policywire feeds export feeds.opml
    """
    from pipeline.cli.output import keep_apart, whole_file
    from pipeline.sources.feeds.opml import ListedFeed, write_opml

    settings = _settings(ledger)
    keep_apart([("FILE", file)], [settings.ledger])
    with _open(settings) as store:
        states = list(_polled(store))
    text = write_opml({state.address: ListedFeed(state.address, state.title) for state in states}.values())
    if file is None:
        typer.echo(text, nl=False)
        return
    with whole_file(file) as stream:
        stream.write(text.encode("utf-8"))
    typer.echo(f"{len(states):,} feeds: {file}", err=True)


def _settings(ledger: Path | None) -> "Settings":
    from pipeline.settings import load_settings

    return load_settings(ledger=ledger)


def _open(settings: "Settings", make: bool = False) -> "Ledger":
    """The ledger, beside a runner where there is one; made where there is none and ``make`` is set."""
    from pipeline.errors import InputError
    from pipeline.ledger import Ledger

    if not settings.ledger.exists():
        if not make:
            raise InputError(
                f"no feeds yet: there is no ledger at {settings.ledger}; `policywire feeds add URL` makes one"
            )
        Ledger(settings.ledger).close()
    return Ledger(settings.ledger, exclusive=False)


def _add(settings: "Settings", titles: dict[str, str]) -> None:
    """Lists the feeds of ``titles``, by URL."""
    import time

    from pipeline.sources.feeds.state import FeedState

    with _open(settings, make=True) as store:
        known = {state.url: state for state in _known(store)}
        fresh = [url for url in titles if url not in known or not known[url].listed]
        with store.transaction() as transaction:
            for url in fresh:
                state = known.get(url) or FeedState(url=url, added=time.time(), title=titles[url])
                # Polled at once, also where it was once given up as gone.
                transaction.set_feed_state(url, _dump(state.model_copy(update={"listed": True, "next_poll": 0.0})))
    already = len(titles) - len(fresh)
    typer.echo(f"{len(fresh):,} added" + (f", {already:,} on the list already" if already else ""), err=True)


def _known(store: "Ledger") -> "list[FeedState]":
    from pipeline.sources.feeds.state import load_state

    return [state for body in store.feed_states().values() if (state := load_state(body)) is not None]


def _listed(store: "Ledger") -> "list[FeedState]":
    return [state for state in _known(store) if state.listed]


def _polled(store: "Ledger") -> "list[FeedState]":
    """The listed feeds; where none is, those that a run has polled by name."""
    from pipeline.errors import InputError

    states = _listed(store) or [state for state in _known(store) if state.polls]
    if not states:
        raise InputError(f"no feeds in {store.path}: `policywire feeds add URL` or `feeds import FILE.opml` adds some")
    return states


def _all_listed(urls: list[str], listed: dict[str, Any]) -> None:
    from pipeline.errors import InputError

    for url in urls:
        if url not in listed:
            raise InputError(f"{url}: not on the list; see `policywire feeds list`")


def _dump(state: "FeedState") -> bytes:
    return state.model_dump_json().encode()


def _look(urls: list[str], settings: "Settings") -> "list[Look]":
    """A look at each, in the order of ``urls``."""
    import asyncio

    from pipeline.sources.feeds.check import look_at

    async def all_of_them() -> "list[Look]":
        return [look async for look in look_at(urls, settings)]

    order = {url: n for n, url in enumerate(urls)}
    return sorted(asyncio.run(all_of_them()), key=lambda look: order[look.url])


def _time(seconds: float) -> str | None:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None


def _as_json(word: str, state: "FeedState") -> dict[str, Any]:
    return {
        "health": word,
        "url": state.url,
        "moved_to": state.location or None,
        "title": state.title,
        "last_poll": _time(state.last_poll),
        "last_success": _time(state.last_success),
        "last_new": _time(state.last_new),
        "last_entry": _time(state.last_entry),
        "next_poll": _time(state.next_poll),
        "polls": state.polls,
        "entries": state.entries,
        "undated": state.undated,
        "passed_by": state.passed_by,
        "failures": state.failures,
        "status": state.status or None,
        "error": state.error,
    }


def _as_row(word: str, state: "FeedState", now: float) -> list[str]:
    failed = f"{state.error} ({state.failures:,} times in a row)" if state.failures else ""
    counts = [f"{state.entries:,}" if state.read else ""]
    counts += [
        f"{count:,} {name}" for count, name in ((state.undated, "undated"), (state.passed_by, "passed by")) if count
    ]
    return [
        word,
        "\n".join(filter(None, [state.title, state.url, f"→ {state.location}" if state.location else "", failed])),
        _ago(now - state.last_success) if state.last_success else "never",
        _ago(now - state.last_entry) if state.last_entry else "",
        "\n".join(counts),
        "now" if state.next_poll <= now else f"in {_span(state.next_poll - now)}",
    ]


def _look_as_json(look: "Look") -> dict[str, Any]:
    import dataclasses

    return {**dataclasses.asdict(look), "newest": _time(look.newest), "status": look.status or None}


def _look_as_line(look: "Look") -> str:
    from pipeline.cli.output import printable

    found = f"{look.version}, {look.entries:,} entries" if look.version else ""
    more = "  ".join(part for part in (look.title, found, look.message) if part)
    return printable(f"{look.health:<8} {look.url}  {more}")


def _summary(words: "Iterable[str]") -> str:
    from collections import Counter

    found = Counter(words)
    counts = ", ".join(f"{count:,} {word}" for word, count in found.most_common())
    return f"{found.total():,} feeds{f': {counts}' if counts else ''}"


def _ago(seconds: float) -> str:
    return f"{_span(max(seconds, 0.0))} ago"


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _json(value: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(value).decode()


def _table(columns: list[str], rows: list[list[str]]) -> None:
    import sys

    from pipeline.cli.output import printable

    cleaned = [["\n".join(map(printable, cell.split("\n"))) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in cleaned:
            typer.echo("\t".join(cell.replace("\n", "  ") or "-" for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {
        "ok": "green",
        "moved": "green",
        "new": "cyan",
        "quiet": "yellow",
        "undated": "yellow",
        "empty": "yellow",
    }
    table = Table(expand=True)
    for name in columns:
        table.add_column(name, ratio=1 if name == "feed" else None, no_wrap=name in ("health", "read"), overflow="fold")
    for row in cleaned:
        table.add_row(Text(row[0], style=f"bold {colours.get(row[0], 'red')}"), *map(Text, row[1:]))
    Console().print(table)
