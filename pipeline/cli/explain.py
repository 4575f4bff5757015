"""``policywire explain``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.alerts.decision import Held
    from pipeline.reading import Reading
    from pipeline.signals.frames import Frame
    from schemas import Alert, Article


def command(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="A text file, archive or feed document; - is a text on stdin.")
    ] = "-",
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Explain this headline instead of a file.")] = None,
    only: Annotated[str | None, typer.Option("--id", metavar="ID", help="Only the article with this id.")] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="Articles explained at most.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an article.")] = False,
) -> None:
    """Show how an article is read: its sentences, what was found in them, and why it raises an alert or none.

    Examples:

      policywire explain article.txt

      policywire explain --title "Court annuls fine on chipmaker"

      policywire explain archive.jsonl.gz --id us-2023-05-03
    """
    import sys

    import orjson

    from pipeline.alerts.decision import make_alert
    from pipeline.articles.language import ENGLISH
    from pipeline.articles.normalise import normalise
    from pipeline.cli.output import complain, printable
    from pipeline.errors import InputError
    from pipeline.reading import reader
    from pipeline.settings import load_settings
    from schemas import Article

    settings = load_settings()
    loaded = reader(settings.registry)
    shown = bad = 0
    for item in _items(source, title):
        if not isinstance(item, Article):
            bad += 1
            complain(printable(f"{item.position}: {item.message}"))
            continue
        article = normalise(item)
        if only is not None and article.id != only:
            continue
        if shown == most:
            complain(f"{source}: more than {most} articles; --most shows more, --id one of them")
            break
        shown += 1
        reading = loaded.read(article.title, article.text) if article.language in ("", ENGLISH) else None
        outcome = make_alert(article, reading, settings.alerting, loaded.version)
        if json:
            sys.stdout.write(orjson.dumps(_as_json(article, reading, outcome)).decode() + "\n")
        else:
            _print(article, reading, outcome)
    if not shown and not bad:
        raise InputError(f"{source}: no article {'with id ' + only if only is not None else 'to explain'}")
    raise typer.Exit(1 if bad else 0)


def _items(source: str, title: str | None) -> Any:
    import sys

    from pipeline.settings import load_settings
    from pipeline.sources.archive import archive_files, read_file
    from schemas import Article

    if title is not None:
        yield Article(title=title)
    elif source == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
        first, _, rest = text.strip().partition("\n")
        yield Article(title=first, text=rest) if rest.strip() else Article(text=first)
    else:
        limits = load_settings().limits
        for path in archive_files([Path(source)]):
            yield from read_file(path, limits)


def _why(reading: "Reading | None", outcome: "Alert | Held", article: "Article") -> str:
    from schemas import Alert

    if isinstance(outcome, Alert):
        return "raises an alert"
    if reading is None:
        return f"no alert: written in {article.language!r}; policywire reads English"
    if outcome.reason == "no_signal":
        return "no alert: no policy signal: " + "; ".join(reading.signals.reasons)
    return f"no alert: held back by the setting alerting.{_SETTINGS[outcome.reason]}"


_SETTINGS = {
    "confidence": "min_confidence",
    "direction": "directions",
    "jurisdiction": "jurisdictions",
    "instrument": "instruments",
    "company": "companies",
}


def _as_json(article: "Article", reading: "Reading | None", outcome: "Alert | Held") -> dict[str, Any]:
    explained: dict[str, Any] = {"id": article.id, "title": article.title, "outcome": _why(reading, outcome, article)}
    if reading is None:
        return explained
    return explained | {
        "probability": round(reading.signals.probability, 4),
        "signals": [signal.model_dump(mode="json") for signal in reading.signals.signals],
        "companies": [company.model_dump(mode="json") for company in reading.companies],
        "sentences": [
            {
                "zone": sentence.zone,
                "text": reading.document.full[sentence.start : sentence.end],
                "frames": [_frame_json(f) for f in reading.signals.frames if sentence.start <= f.start < sentence.end],
            }
            for sentence in reading.signals.sentences
        ],
    }


def _frame_json(frame: "Frame") -> dict[str, Any]:
    return {
        "actor": frame.actor,
        "act": frame.act,
        "act_class": frame.act_class,
        "object": frame.object,
        "object_class": frame.object_class,
        "negated": frame.negated,
        "tense": frame.tense,
        "mood": frame.mood,
        "background": frame.background,
        "direction": frame.direction,
    }


def _print(article: "Article", reading: "Reading | None", outcome: "Alert | Held") -> None:
    from rich.console import Console
    from rich.text import Text

    from pipeline.cli.output import printable
    from pipeline.cli.table import company_line

    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(printable(article.title or article.id), style="bold"))
    console.print(Text(printable(_why(reading, outcome, article))))
    if reading is None:
        return
    shares = reading.signals.decision
    console.print(Text(f"probability of a signal {reading.signals.probability:.0%}", style="dim"))
    for number, signal in enumerate(reading.signals.signals):
        who = f"{signal.jurisdiction or '?'} {signal.authority.name if signal.authority else ''}"
        head = "signal" if not number else "further signal"
        console.print(
            Text(
                printable(
                    f"{head}: {signal.direction}, {signal.instrument}, {signal.stage}, {who}, {signal.confidence:.0%}"
                )
            )
        )
        if signal.sectors:
            console.print(Text(f"  sectors: {', '.join(signal.sectors)}"))
    if shares is not None and reading.signals.signals:
        from schemas.terms import DIRECTIONS

        listed = "  ".join(f"{name} {p:.0%}" for name, p in zip(DIRECTIONS, shares.directions, strict=True))
        _, likeliest = max(zip(shares.directions, DIRECTIONS, strict=True))
        told = reading.signals.signals[0].direction == likeliest
        why = "" if told else "  (neither side clearly the likelier: neutral)"
        console.print(Text(f"  direction: {listed}{why}", style="dim"))
    if reading.companies:
        console.print("companies:")
        for company in reading.companies:
            console.print(Text(f"  {company_line(company)}"))
    console.print("sentences:")
    frames = reading.signals.frames
    for sentence in reading.signals.sentences:
        words = printable(reading.document.full[sentence.start : sentence.end].strip())
        console.print(Text(f"  [{sentence.zone}] {words}"))
        for frame in frames:
            if sentence.start <= frame.start < sentence.end:
                console.print(Text(f"      {_frame_line(frame)}", style="dim"))
    console.print()


def _frame_line(frame: "Frame") -> str:
    from pipeline.cli.output import printable

    parts = [f"{frame.actor or '(no actor)'} → {frame.act or '(noun)'} → {frame.object or '(no object)'}"]
    parts.append(f"[{frame.act_class or '-'} × {frame.object_class or '-'}]")
    parts += ["negated"] if frame.negated else []
    parts += [frame.tense, frame.mood, "background" if frame.background else ""]
    parts.append(f"= {frame.direction or 'no direction'}")
    return printable(" ".join(part for part in parts if part))
