"""Runs the command line in this process, as a person's shell would."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pipeline.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def policywire(monkeypatch, tmp_path, capfd) -> Callable[..., Ran]:
    """Runs ``policywire`` with the arguments given, in an empty folder, without settings of the machine's."""
    monkeypatch.chdir(tmp_path)
    for name in ("POLICYWIRE_CONFIG", "POLICYWIRE_TRACE", "POLICYWIRE_REGISTRY"):
        # Set first, so that what a command sets itself (--config, --debug) is gone again after the test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["policywire", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run
