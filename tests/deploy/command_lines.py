"""Whether a command that a deployment or a document names is one of ours."""

import typer

from pipeline.cli import app


def expect_command(arguments: list[str]) -> None:
    """Parses ``arguments`` as ``policywire`` would, running nothing. Raises click's UsageError where it would refuse."""
    command = typer.main.get_command(app)
    while arguments and hasattr(command, "commands"):
        # Flags before a command (--config FILE) are the group's own.
        if arguments[0] not in command.commands:
            command.make_context("policywire", list(arguments))
            return
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context(command.name, list(arguments))
