"""``policywire doctor``"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True)
class Check:
    """One thing looked at. ``remedy`` is what to do where it is not well; empty where it is."""

    name: str
    found: str
    remedy: str = ""


def command(json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False) -> None:
    """Check that everything policywire needs is there, with a remedy for what is not.

    Exit code 0: all is well; 1: something is not.

    Example:

      policywire doctor
    """
    import dataclasses

    import orjson

    well = True
    for check in _checks():
        well = well and not check.remedy
        if json:
            typer.echo(orjson.dumps(dataclasses.asdict(check)).decode())
        else:
            mark = "!!" if check.remedy else "ok"
            typer.echo(f"{mark}  {check.name:<12} {check.found}")
            if check.remedy:
                typer.echo(f"    {'':<12} remedy: {check.remedy}")
    raise typer.Exit(0 if well else 1)


def _checks() -> Iterator[Check]:
    for name, look, remedy in (
        ("python", _python, "install Python 3.11 or newer"),
        ("settings", _settings, "correct the setting named"),
        ("beam", _beam, "install policywire anew: pip install --force-reinstall policywire"),
        ("reader", _reader, "install policywire anew, or correct the setting `registry`"),
        ("clock", _clock, "set the system clock, for example with an NTP service"),
    ):
        yield _look(name, look, remedy)


def _look(name: str, look: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(name, look())
    except Exception as error:
        return Check(name, f"{type(error).__name__}: {error}", remedy)


def _python() -> str:
    import platform

    return platform.python_version()


def _settings() -> str:
    import os

    from pipeline.settings import CONFIG_FILE, load_settings

    load_settings()
    path = os.environ.get("POLICYWIRE_CONFIG", CONFIG_FILE)
    return f"from {path}" if os.path.exists(path) else "defaults and environment"  # noqa: PTH110 -- a name to show


def _beam() -> str:
    import apache_beam

    return f"apache-beam {apache_beam.__version__}"


def _reader() -> str:
    import time

    from pipeline.reading import reader
    from pipeline.settings import load_settings

    started = time.perf_counter()
    loaded = reader(load_settings().registry)
    return f"version {loaded.version}, loaded in {time.perf_counter() - started:.2f} s"


def _clock() -> str:
    from datetime import UTC, datetime
    from pathlib import Path

    import pipeline

    now = datetime.now(UTC)
    built = datetime.fromtimestamp(Path(pipeline.__file__).stat().st_mtime, UTC)
    if now < built:
        raise RuntimeError(f"the clock says {now:%Y-%m-%d %H:%M} UTC, before policywire was installed")
    return f"{now:%Y-%m-%d %H:%M} UTC"
