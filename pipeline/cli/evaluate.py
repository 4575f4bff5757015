"""``policywire evaluate``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.evaluation import Rate, Scores


def command(
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help="Labelled articles as JSON lines.")],
    predicted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Score these labels instead of classifying GOLD's articles.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    errors: Annotated[int, typer.Option(metavar="N", min=0, help="Also list N articles read wrongly.")] = 0,
) -> None:
    """Score the reading against labelled articles, by class.

    GOLD's lines hold id, title, text and the labels: signal, direction, instrument, stage, jurisdiction, companies.

    Examples:

      policywire evaluate labelled.jsonl

      policywire evaluate labelled.jsonl --predicted other-system.jsonl --json
    """
    import orjson

    from pipeline.cli.classify import classify
    from pipeline.errors import InputError

    items = _read_lines(gold)
    if predicted is not None:
        labels = {label.get("id"): label for label in _read_lines(predicted)}
    else:
        from pipeline.reading import reader
        from pipeline.settings import load_settings

        settings = load_settings()
        read = reader(settings.registry).read
        labels = {item.get("id"): classify(item, read, settings.limits) for item in items}
    from pipeline.evaluation import score

    missing = next((i for i, item in enumerate(items, 1) if "id" not in item or "signal" not in item), None)
    if missing:
        raise InputError(f"{gold}: item {missing} has no id or no signal label")
    if not items:
        raise InputError(f"{gold}: no labelled items")
    scores = score(items, labels)
    if json:
        typer.echo(orjson.dumps(_figures(scores), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(scores, errors)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    import orjson

    from pipeline.errors import InputError

    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    items = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                item = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{path}:{number}: not JSON: {error}") from error
            if not isinstance(item, dict):
                raise InputError(f"{path}:{number}: not a JSON object")
            items.append(item)
    return items


def _figures(scores: "Scores") -> dict[str, Any]:
    def of(name: str, rate: "Rate") -> dict[str, float]:
        return {f"{name}_f1": rate.f1, f"{name}_precision": rate.precision, f"{name}_recall": rate.recall}

    figures: dict[str, Any] = {"items": scores.items, "signals": scores.signals}
    figures |= of("signal", scores.signal) | {"direction_macro_f1": scores.direction_macro_f1}
    for name, rate in scores.directions.items():
        figures |= of(name, rate)
    figures |= {"opposed_rate": scores.opposed_rate}
    figures |= {f"{name}_acc": value for name, value in scores.accuracy.items()}
    figures |= of("mention", scores.mention) | of("link", scores.link)
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def _print(scores: "Scores", errors: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from pipeline.cli.output import printable

    console = Console()
    table = Table(title=f"{scores.items:,} articles, {scores.signals:,} with a signal")
    for name in ("", "F1", "precision", "recall"):
        table.add_column(name, justify="left" if not name else "right")
    rows = {"signal": scores.signal, **{f"direction {k}": v for k, v in scores.directions.items()}}
    for name, rate in (rows | {"company found": scores.mention, "company linked": scores.link}).items():
        table.add_row(name, f"{rate.f1:.3f}", f"{rate.precision:.3f}", f"{rate.recall:.3f}")
    console.print(table)
    console.print(f"direction, macro F1     {scores.direction_macro_f1:.3f}")
    console.print(f"opposed directions      {scores.opposed_rate:.3f}")
    for name, value in scores.accuracy.items():
        console.print(f"{name + ' accuracy':23} {value:.3f}")
    kinds = Table(title="by instrument: recall of signal, and of its direction")
    for name in ("instrument", "articles", "signal", "direction"):
        kinds.add_column(name, justify="left" if name == "instrument" else "right")
    for name, (signal, direction, size) in scores.by_instrument.items():
        kinds.add_row(name, str(size), f"{signal:.2f}", f"{direction:.2f}")
    console.print(kinds)
    for item, wanted, got in scores.wrong[:errors]:
        title = printable(str(item.get("title", "")))[:110]
        console.print(f"{item['id']}  labelled {wanted}, read {got}: {title}", markup=False, highlight=False)
