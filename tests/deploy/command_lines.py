"""Whether a command that a deployment or a document names is one of ours."""

import typer

from pipeline.cli import app


def expect_command(arguments: list[str]) -> None:
    """Parses ``arguments`` as ``policywire`` would, running nothing. Raises click's UsageError where it would refuse."""
    name, command = "policywire", typer.main.get_command(app)
    while True:
        context = command.make_context(name, list(arguments))
        if not hasattr(command, "commands"):
            return
        name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
