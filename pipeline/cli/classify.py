"""``policywire classify``"""

from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.reading import Reading

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
    the output, and makes the exit code 1.

    Examples:

      policywire classify news.jsonl -o labels.jsonl

      echo '{"id": "1", "title": "Regulator fines Acme Bank"}' | policywire classify
    """
    import gzip
    import sys
    from contextlib import ExitStack

    from pipeline.cli.output import complain, whole_file
    from pipeline.errors import InputError
    from pipeline.reading import reader
    from pipeline.settings import load_settings

    settings = load_settings()
    bad = count = 0
    with ExitStack() as stack:
        try:
            stream: IO[bytes] = sys.stdin.buffer
            if source != "-":
                opened = gzip.open(source) if source.endswith(".gz") else Path(source).open("rb")  # noqa: SIM115 -- entered below
                stream = stack.enter_context(opened)  # type: ignore[arg-type]
        except OSError as error:
            raise InputError(f"cannot read {source}: {error.strerror or error}") from error
        read = reader(settings.registry).read
        out: IO[bytes] = stack.enter_context(whole_file(output)) if output else sys.stdout.buffer
        lines = enumerate(stream, 1)
        while True:
            try:
                number, line = next(lines)
            except StopIteration:
                break
            except (OSError, EOFError) as error:
                raise InputError(f"{source}: cannot read on behind line {count + bad}: {error}") from error
            if not line.strip():
                continue
            try:
                out.write(_classify(line, read, full))
                count += 1
            except ValueError as error:
                bad += 1
                complain(f"{source}:{number}: {error}")
        out.flush()
    if not count and not bad:
        complain(f"{source}: no lines to classify")
    raise typer.Exit(1 if bad else 0)


def _classify(line: bytes, read: Any, full: bool) -> bytes:
    """The labels of one JSON line, as a JSON line. Raises ValueError saying what is wrong with it."""
    import orjson

    from pipeline.articles.clean import clean
    from pipeline.articles.language import ENGLISH, language

    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(item, dict):
        raise ValueError("not a JSON object")
    title, text = item.get("title") or "", item.get("text") or ""
    if not isinstance(title, str) or not isinstance(text, str):
        raise ValueError("title and text must be strings")
    title, text = clean(title).replace("\n", " "), clean(text)
    labels: dict[str, Any] = {"id": item.get("id"), **_NONE, "confidence": 0.0, "companies": []}
    code = language(title, text)
    if code in ("", ENGLISH):
        labels |= _labels(read(title, text), full)
    else:
        labels["language"] = code
    return orjson.dumps(labels) + b"\n"


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
