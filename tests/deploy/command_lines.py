"""Whether a command that a deployment runs is one of ours."""

import typer

from pipeline.cli import app


def expect_command(arguments: list[str]) -> None:
    """Parses ``arguments`` as ``policywire`` would, running nothing. Raises click's UsageError where it would refuse."""
    name, *rest = arguments
    typer.main.get_command(app).commands[name].make_context(name, rest)
