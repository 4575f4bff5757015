"""The command line: one command a file.

Command files import nothing heavy (Beam, models, weights) at their top, only inside the command, so that
``policywire --help`` answers at once.
"""

import os
import sys
from itertools import pairwise
from typing import Annotated

import typer

from pipeline import garbage
from pipeline.cli import (
    classify,
    company,
    deadletters,
    deploy,
    doctor,
    evaluate,
    explain,
    feeds,
    publish,
    replay,
    run,
    schema,
    subscribe,
)
from pipeline.cli.output import complain, mend_streams, printable
from pipeline.cli.stopping import clearing_away

INTERRUPTED = 130
"""Exit code behind Ctrl-C, by custom 128 and the number of the signal."""

app = typer.Typer(
    name="policywire",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches the news for policy signals: what authorities did, in which direction, and which companies it touches.",
    epilog="Examples: [bold]policywire replay seeds/[/bold]  ·  [bold]policywire explain article.txt[/bold]  ·  "
    "[bold]policywire run --feeds feeds.opml --alerts -[/bold]   Settings: policywire.toml or POLICYWIRE_* "
    "(see [bold]policywire doctor[/bold]). Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.",
)

for module in (replay, run, publish, subscribe, classify, explain, company, evaluate, schema, doctor):
    app.command(module.__name__.rpartition(".")[2])(module.command)
app.add_typer(deadletters.app, name="deadletters")
app.add_typer(deploy.app, name="deploy")
app.add_typer(feeds.app, name="feeds")


def _print_version(wanted: bool) -> None:
    if wanted:
        from pipeline import __version__

        typer.echo(f"policywire {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001 -- handled by its callback
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings file instead of ./policywire.toml.")
    ] = None,
    debug: Annotated[bool, typer.Option(help="Show stack traces of errors.")] = False,
) -> None:
    if config is not None:
        os.environ["POLICYWIRE_CONFIG"] = config
    if debug:
        os.environ["POLICYWIRE_TRACE"] = "1"


def _words(error: Exception) -> str:
    """What is wrong with a command line, and where it says what is right; empty where the help itself was shown."""
    message = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    return f"{message}; see `{context.command_path} --help`" if message and context else message


def _empty(arguments: list[str]) -> str:
    """Which argument is empty, as one is where a shell's variable is not set; nothing where none is.

    Taken as it stands, an empty path would be the current folder."""
    for before, argument in pairwise(["", *arguments]):
        if not argument.strip():
            return f"an argument is empty{f' (behind {before})' if before else ''}; give it a value or leave it out"
        if argument.startswith("--") and argument.endswith("="):
            return f"{argument.rstrip('=')} is empty; give it a value or leave it out"
    return ""


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong use, 130 interrupted, 143 terminated."""
    mend_streams()
    try:
        code = _code()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output went away (`policywire ... | head`): not an error of ours.
        code = 0
    except OSError as error:
        if "POLICYWIRE_TRACE" in os.environ:
            raise
        where = printable(str(error.filename or "stdout or a temporary file"))
        complain(f"{where}: {error.strerror or error}")
        code = 1
    else:
        sys.exit(code)
    # What stdout did not take would fail once more at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _code() -> int:
    """Runs the command line, with one line for whatever is wrong; its exit code."""
    from pipeline.errors import PolicywireError
    from pipeline.runners.quiet import quieten

    if message := _empty(sys.argv[1:]):
        complain(message)
        return 2
    garbage.seldom()
    quieten()
    try:
        with clearing_away():
            code: int = app(prog_name="policywire", standalone_mode=False) or 0
        if code == INTERRUPTED:  # typer's word for KeyboardInterrupt
            raise KeyboardInterrupt
        return code
    except typer.TyperException as error:
        # One line instead of a box, as for everything else that is wrong.
        if message := _words(error):
            complain(message)
        return 2
    except PolicywireError as error:
        if "POLICYWIRE_TRACE" in os.environ:
            raise
        complain(str(error))
        return error.exit_code
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # which typer makes an exit of
            raise end.__context__ from None
        raise
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
