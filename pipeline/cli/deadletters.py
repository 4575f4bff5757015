"""``policywire deadletters list|show|retry``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.ledger import KeptLetter

app = typer.Typer(
    no_args_is_help=True,
    help="""See to what could not be read or delivered: list it, look at it, have it tried again.

    Examples:

      policywire deadletters list

      policywire deadletters retry --cause delivery_failed
    """,
)

_LEDGER = typer.Option(metavar="FILE", help="The embedded store. [dim]default: policywire.sqlite[/dim]")
_CAUSE = typer.Option(metavar="CAUSE", help="Only this cause, such as bad_json.")
_JSON = typer.Option("--json", help="JSON lines.")


@app.command("list")
def list_letters(
    cause: Annotated[str | None, _CAUSE] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those tried again as well.")] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="So many at most, the last met first.")] = 100,
    ledger: Annotated[Path | None, _LEDGER] = None,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """List dead letters: id, when, cause, how often, where it was read, and why.

    Examples:

      policywire deadletters list

      policywire deadletters list --cause bad_schema --json | jq -r .letter.message
    """
    import sys

    from pipeline.cli.output import printable

    with _open(ledger) as store:
        letters = list(store.dead_letters(state=None if everything else "open", cause=_known(cause), limit=limit))
        total = sum(store.dead_letter_counts().values())
    for kept in letters:
        if json:
            typer.echo(_line(kept))
        else:
            letter = kept.letter
            state = "" if kept.state == "open" else f" ({kept.state})"
            where = printable(f"{letter.position}: {letter.message}")
            typer.echo(f"{letter.id}  {_time(kept.at)}  {letter.cause:<15} x{kept.attempts}{state}  {where}")
    print(f"{len(letters):,} shown, {total:,} open", file=sys.stderr)


@app.command("show")
def show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The id, or a beginning of it that only one has.")],
    payload: Annotated[
        bool, typer.Option("--payload", help="Only the bytes that could not be read, as they came.")
    ] = False,
    ledger: Annotated[Path | None, _LEDGER] = None,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Show one dead letter whole, with the bytes that it kept.

    Examples:

      policywire deadletters show 3f9a

      policywire deadletters show 3f9a --payload > bad.json
    """
    import base64
    import sys

    from pipeline.cli.output import printable

    with _open(ledger) as store:
        kept = store.dead_letter(identity)
    letter = kept.letter
    content = base64.b64decode(letter.payload)
    if payload:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    elif json:
        typer.echo(_line(kept))
    else:
        for name, value in (
            ("id", letter.id),
            ("cause", letter.cause),
            ("why", letter.message),
            ("where", letter.position),
            ("step", letter.step),
            ("met", f"{_time(kept.at)}, {kept.attempts} times" if kept.attempts > 1 else _time(kept.at)),
            ("state", kept.state),
            ("error", letter.error),
            ("version", letter.version),
            ("bytes", f"{letter.payload_size:,}, {len(content):,} of them kept"),
        ):
            if str(value):
                typer.echo(f"{name:<8} {printable(str(value))}")
        for line in content.decode("utf-8", "replace").splitlines() or [""]:
            typer.echo(f"  | {printable(line)}")
        if letter.trace:
            typer.echo(letter.trace)


@app.command("retry")
def retry(
    identities: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Ids, or beginnings.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open one.")] = False,
    cause: Annotated[str | None, _CAUSE] = None,
    ledger: Annotated[Path | None, _LEDGER] = None,
) -> None:
    """Have dead letters read, or delivered, again: by the run that is under way, else by the next.

    What still cannot be read is open again afterwards, with its count one higher. Alerts that come of it have the ids
    that they would have had, so nothing is told twice.

    Examples:

      policywire deadletters retry 3f9a 77c1

      policywire deadletters retry --cause delivery_failed
    """
    import sys

    from pipeline.errors import UsageError

    if bool(identities) == bool(everything or cause):
        raise UsageError("which dead letters? give ids, or --cause CAUSE, or --all")
    with _open(ledger) as store:
        if identities:
            chosen = [store.dead_letter(identity).letter.id for identity in identities]
        else:
            chosen = [kept.letter.id for kept in store.dead_letters(cause=_known(cause), limit=1_000_000)]
        with store.transaction() as transaction:
            asked = transaction.ask_retry(chosen)
    print(f"{asked:,} will be tried again by `policywire run`", file=sys.stderr)


def _open(path: Path | None) -> Any:
    from pipeline.ledger import Ledger
    from pipeline.settings import load_settings

    return Ledger(load_settings(ledger=path).ledger, exclusive=False)


def _known(cause: str | None) -> str | None:
    from typing import get_args

    from pipeline.errors import UsageError
    from schemas.terms import Cause

    if cause is not None and cause not in get_args(Cause):
        raise UsageError(f"--cause {cause!r}: give one of {', '.join(get_args(Cause))}")
    return cause


def _line(kept: "KeptLetter") -> str:
    import orjson

    record = {
        "letter": kept.letter.model_dump(mode="json"),
        "at": _time(kept.at),
        "attempts": kept.attempts,
        "state": kept.state,
    }
    return orjson.dumps(record).decode()


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
