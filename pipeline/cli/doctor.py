"""``policywire doctor``"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.settings import Settings

LEAST_DISK = 200_000_000
"""Bytes that should be free beside the ledger."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. ``remedy`` is what to do where it is not well; empty where it is."""

    name: str
    found: str
    remedy: str = ""


class _UnwellError(Exception):
    """Something is not well, with a remedy of its own."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found)
        self.remedy = remedy


def command(
    kafka: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Check these brokers. [dim]default: kafka.bootstrap[/dim]")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(metavar="TOPIC", help="Check this topic; may be given several times.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check this ledger. [dim]default: policywire.sqlite[/dim]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False,
) -> None:
    """Check that everything policywire needs is there, with a remedy for what is not.

    The broker is asked where one is named by --kafka, --topic or the setting kafka.bootstrap. Nothing is written or
    changed. Exit code 0: all is well; 1: something is not.

    Examples:

      policywire doctor

      policywire doctor --kafka localhost:9092 --topic news --topic policy-alerts
    """
    import dataclasses

    import orjson

    well = True
    for check in _checks(kafka, topic or [], ledger):
        well = well and not check.remedy
        if json:
            typer.echo(orjson.dumps(dataclasses.asdict(check)).decode())
        else:
            mark = "!!" if check.remedy else "ok"
            typer.echo(f"{mark}  {check.name:<12} {check.found}")
            if check.remedy:
                typer.echo(f"    {'':<12} remedy: {check.remedy}")
    raise typer.Exit(0 if well else 1)


def _checks(kafka: str | None, topics: list[str], ledger: Path | None) -> Iterator[Check]:
    again = "install policywire anew: pip install --force-reinstall policywire"
    yield _look("python", _python, "install Python 3.11 or newer")
    yield _look("beam", _beam, again)
    yield _look("clock", _clock, "set the system clock, for example with an NTP service")
    settings: list[Settings] = []
    yield _look("settings", lambda: _settings(settings, kafka, ledger), "correct the setting named")
    if not settings:
        return  # the rest depends on them
    (found,) = settings
    yield _look("model", _model, again)
    yield _look("registry", lambda: _registry(found), "correct the file that the setting `registry` names, or unset it")
    yield _look(
        "ledger", lambda: _ledger(found.ledger), "do what it says, or give another --ledger (the setting `ledger`)"
    )
    if kafka or topics or "bootstrap" in found.kafka.model_fields_set:
        broker = _look("broker", lambda: _broker(found), "correct kafka.bootstrap, or start the broker")
        yield broker
        for topic in topics if not broker.remedy else ():
            yield _look("topic", functools.partial(_topic, found, topic), "create the topic, or correct its name")


def _look(name: str, look: Callable[[], str], remedy: str) -> Check:
    from pipeline.errors import PolicywireError

    try:
        return Check(name, look())
    except _UnwellError as error:
        return Check(name, str(error), error.remedy)
    except PolicywireError as error:
        return Check(name, str(error), remedy)
    except Exception as error:
        return Check(name, f"{type(error).__name__}: {error}", remedy)


def _python() -> str:
    import platform

    return platform.python_version()


def _settings(found: "list[Settings]", kafka: str | None, ledger: Path | None) -> str:
    import os

    from pipeline.settings import CONFIG_FILE, load_settings, unknown_variables

    found.append(load_settings(kafka={"bootstrap": kafka} if kafka else None, ledger=ledger))
    if unknown := unknown_variables():
        raise _UnwellError(f"{', '.join(unknown)} sets nothing", "correct the name, or unset it: it may be misspelt")
    path = os.environ.get("POLICYWIRE_CONFIG", CONFIG_FILE)
    return f"from {path}" if os.path.exists(path) else "defaults and environment"  # noqa: PTH110 -- a name to show


def _beam() -> str:
    import apache_beam

    return f"apache-beam {apache_beam.__version__}"


def _model() -> str:
    import time

    from pipeline.reading import reader

    started = time.perf_counter()
    loaded = reader(None)
    # Loaded is not yet working: one sentence is read, too.
    if not loaded.read("Federal Reserve fines Acme Bank over lending rules", "").signals.signals:
        raise RuntimeError("it finds no signal in a sentence that holds one")
    return f"version {loaded.version}, loaded in {time.perf_counter() - started:.2f} s"


def _registry(settings: "Settings") -> str:
    from pipeline.reading import reader

    if settings.registry is None:
        return "policywire's own"
    reader(settings.registry)
    return f"policywire's own and {settings.registry}"


def _ledger(path: Path) -> str:
    import os
    import shutil

    from pipeline.ledger import Ledger

    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise _UnwellError(
            f"{path} cannot be written",
            f"give this user the right to write to {folder} (chown, or a volume that is not read-only), or give another "
            "--ledger",
        )
    free = shutil.disk_usage(folder).free
    if free < LEAST_DISK:
        raise _UnwellError(f"only {free / 1e6:,.0f} MB are free in {folder}", "free some space, or move the ledger")
    if not path.exists():
        return f"none at {path} yet: `policywire run` makes one"
    with Ledger(path, exclusive=False) as ledger:
        waiting, letters = sum(ledger.waiting().values()), sum(ledger.dead_letter_counts().values())
        version = ledger.meta("schema_version")
    return (
        f"{path}: schema version {version}, {path.stat().st_size / 1e6:,.1f} MB, {waiting:,} to be delivered, "
        f"{letters:,} open dead letters"
    )


def _broker(settings: "Settings") -> str:
    from pipeline.errors import KafkaRefusedError, UsageError
    from pipeline.kafka.clients import consumer, explained

    try:
        client = consumer(settings.kafka, group_id=None)
        try:
            with explained(settings.kafka):
                topics = client.topics()
        finally:
            client.close()
    except (KafkaRefusedError, UsageError) as error:
        raise _UnwellError(str(error), "correct the setting that it names") from error
    return f"{settings.kafka.bootstrap} answers, {len(topics)} topics"


def _topic(settings: "Settings", name: str) -> str:
    from pipeline.kafka.clients import ensure_topic

    return f"{name}: {ensure_topic(settings.kafka, name)} partitions"


def _clock() -> str:
    from datetime import UTC, datetime

    import pipeline

    now = datetime.now(UTC)
    built = datetime.fromtimestamp(Path(pipeline.__file__).stat().st_mtime, UTC)
    if now < built:
        raise RuntimeError(f"the clock says {now:%Y-%m-%d %H:%M} UTC, before policywire was installed")
    return f"{now:%Y-%m-%d %H:%M} UTC"
