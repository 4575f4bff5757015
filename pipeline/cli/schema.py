"""``policywire schema``"""

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="article, signal, company-mention, alert, alert-event, "
            "dead-letter or asyncapi; without a name: the list.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Fail if files under --folder are not up to date.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write all files under --folder anew.")] = False,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the generated files.")] = Path("schemas"),
) -> None:
    """Print a JSON Schema or the AsyncAPI document, or check that the generated files are up to date.

    Examples:

      policywire schema alert

      policywire schema asyncapi > asyncapi.yaml
    """
    import json

    from pipeline.errors import PolicywireError, UsageError
    from schemas import export

    if check:
        if old := export.stale(folder):
            raise PolicywireError(f"not up to date: {', '.join(old)}; run `policywire schema --write`")
        typer.echo("schemas are up to date", err=True)
    elif write:
        export.write(folder)
    elif name is None:
        typer.echo("\n".join((*export.MODELS, export.ASYNCAPI)))
    elif name == export.ASYNCAPI:
        typer.echo(export.asyncapi_yaml(), nl=False)
    elif name in export.MODELS:
        typer.echo(json.dumps(export.json_schema(name), indent=2, ensure_ascii=False))
    else:
        raise UsageError(f"no schema {name!r}; there are {', '.join((*export.MODELS, export.ASYNCAPI))}")
