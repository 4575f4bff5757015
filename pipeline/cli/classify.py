"""``policywire classify``"""

from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.reading import Reading
    from pipeline.settings import ReadLimits

_NONE = {"signal": False, "direction": "", "instrument": "", "stage": "", "jurisdiction": ""}


def command(
    source: Annotated[
        str, typer.Argument(metavar="[IN]", help="JSON lines with id, title and text; - is standard input.")
    ] = "-",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="OUT", help="Instead of stdout.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Also authority, sectors, evidence, roles, all signals.")
    ] = False,
) -> None:
    """Classify articles: JSON lines in, one JSON line out for each, in order.

    In: id, title, text (other fields are passed over). Out: id, signal, direction, instrument, stage, jurisdiction,
    confidence, companies (mention, name, ticker). A line that cannot be read is reported on stderr, has no line in
    the output, and makes the exit code 1; of a file that breaks off what stands before is classified.

    Examples:

      policywire classify news.jsonl -o labels.jsonl

      echo '{"id": "1", "title": "Regulator fines Acme Bank"}' | policywire classify
    """
    import sys
    from contextlib import ExitStack

    import orjson

    from pipeline.cli.lines import json_object, open_lines, read_lines
    from pipeline.cli.output import complain, keep_apart, whole_file
    from pipeline.errors import InputError
    from pipeline.reading import reader
    from pipeline.settings import load_settings

    settings = load_settings()
    keep_apart([("--output", output)], [Path("/dev/stdin" if source == "-" else source)])
    limits = settings.limits
    bad = count = 0
    with ExitStack() as stack:
        stream = stack.enter_context(open_lines(source))
        read = reader(settings.registry).read
        out: IO[bytes] = stack.enter_context(whole_file(output)) if output else sys.stdout.buffer
        try:
            for line in read_lines(stream, source, limits.max_line_bytes):
                try:
                    labels = classify(json_object(line, limits.max_line_bytes), read, limits, full)
                    out.write(orjson.dumps(labels) + b"\n")
                    count += 1
                except ValueError as error:
                    bad += 1
                    complain(f"{source}:{line.number}: {error}")
        except InputError as error:
            if not count:
                raise
            bad += 1
            complain(f"{error}; what stands before it was classified")
        out.flush()
    if not count and not bad:
        complain(f"{source}: no lines to classify")
    raise typer.Exit(1 if bad else 0)


def classify(item: dict[str, Any], read: Any, limits: "ReadLimits", full: bool = False) -> dict[str, Any]:
    """The labels of one item. Raises ValueError saying what is wrong with it."""
    from pipeline.articles.clean import clean
    from pipeline.articles.language import ENGLISH, language

    number, title, text = item.get("id"), item.get("title") or "", item.get("text") or ""
    if not isinstance(number, str | int | float | None):
        raise ValueError("id must be a string or a number")
    if not isinstance(title, str) or not isinstance(text, str):
        raise ValueError("title and text must be strings")
    if number is None and not title.strip() and not text.strip():
        raise ValueError("neither title nor text: nothing to read")
    if max(len(title), len(text)) > limits.max_text_chars:
        raise ValueError(f"title or text longer than {limits.max_text_chars:,} characters (limits.max_text_chars)")
    title, text = clean(title).replace("\n", " "), clean(text)
    labels: dict[str, Any] = {"id": number, **_NONE, "confidence": 0.0, "companies": []}
    code = language(title, text)
    if code in ("", ENGLISH):
        labels |= _labels(read(title, text), full)
    else:
        labels["language"] = code
    return labels


def _labels(reading: "Reading", full: bool) -> dict[str, Any]:
    companies = [{"mention": c.mention, "name": c.name, "ticker": c.ticker} for c in reading.companies]
    labels: dict[str, Any] = {"confidence": round(1 - reading.signals.probability, 4), "companies": companies}
    if reading.signals.signals:
        main = reading.signals.signals[0]
        labels |= {
            "signal": True,
            "direction": main.direction,
            "instrument": main.instrument,
            "stage": main.stage,
            "jurisdiction": main.jurisdiction,
            "confidence": round(main.confidence, 4),
        }
    if full:
        labels["signals"] = [signal.model_dump(mode="json") for signal in reading.signals.signals]
        labels["companies"] = [company.model_dump(mode="json") for company in reading.companies]
    return labels
