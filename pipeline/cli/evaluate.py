"""``policywire evaluate``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.evaluation import Id, Label, Rate, Scores
    from pipeline.settings import ReadLimits, Settings

_WORDS = {"missing": "missing", "model_type": "must be an object"}


def command(
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help="Labelled articles as JSON lines.")],
    predicted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Score these labels instead of classifying GOLD's articles.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    errors: Annotated[int, typer.Option(metavar="N", min=0, help="Also list N articles read wrongly.")] = 0,
) -> None:
    """Score the reading against labelled articles, by class.

    GOLD's lines hold id, title, text and the labels: signal, direction, instrument, stage, jurisdiction, companies. A
    line that is no such thing is named, and nothing is scored. Files may be gzipped (.gz).

    Examples:

      policywire evaluate labelled.jsonl

      policywire evaluate labelled.jsonl --predicted other-system.jsonl --json
    """
    import orjson

    from pipeline.errors import InputError
    from pipeline.evaluation import score
    from pipeline.settings import load_settings

    settings = load_settings()
    items = _read_items(gold, settings.limits)
    if not items:
        raise InputError(f"{gold}: no labelled items")
    if predicted is not None:
        labels = _read_items(predicted, settings.limits)
        if not items.keys() & labels.keys():
            raise InputError(f"{predicted}: no id in common with {gold}: labels and articles are joined by id")
    else:
        labels = _classify(gold, items, settings)
    scores = score(list(items.values()), labels)
    if json:
        typer.echo(orjson.dumps(_figures(scores), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(scores, errors)


def _classify(gold: Path, items: "dict[Id, Label]", settings: "Settings") -> "dict[Id, Label]":
    from pipeline.cli.classify import classify
    from pipeline.errors import InputError
    from pipeline.reading import reader

    read, labels = reader(settings.registry).read, {}
    for number, item in items.items():
        try:
            labels[number] = classify(item, read, settings.limits)
        except ValueError as error:
            raise InputError(f"{gold}: item {number!r}: {error}") from error
    return labels


def _read_items(path: Path, limits: "ReadLimits") -> "dict[Id, Label]":
    """The labelled items of a file by their ids, in order. Raises InputError naming the line and what is wrong."""
    from pipeline.cli.lines import json_object, open_lines, read_lines
    from pipeline.errors import InputError

    items: dict[Id, Label] = {}
    lines: dict[Id, int] = {}
    with open_lines(str(path)) as stream:
        for line in read_lines(stream, str(path), limits.max_line_bytes):
            try:
                item = json_object(line, limits.max_line_bytes)
                number = _checked(item)
                if number in items:
                    raise ValueError(f"id: {number!r} is that of line {lines[number]}, too")
            except ValueError as error:
                raise InputError(f"{path}:{line.number}: {error}") from error
            items[number], lines[number] = item, line.number
    return items


def _checked(item: "Label") -> "Id":
    """The id of a label that can be scored. Raises ValueError naming the field and what is wrong with it."""
    from pydantic import ValidationError

    from pipeline.evaluation import LabelledItem

    try:
        return LabelledItem.model_validate(item).id
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        message = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{field}: {message}") from error


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
