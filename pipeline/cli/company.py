"""``policywire company``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.companies import CompanyFinder, Registry
    from pipeline.companies.finder import Why

_MOST_ALIASES = 40
_MOST_REASONS = 6


def command(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A name, brand, ticker (NYSE:BABA, BABA) or registry key.")
    ] = "",
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Show whether and why this text names it.")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="The same for a text file.")] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check a table of your own companies and aliases.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look up a company: its entry, its names, and why a text matched.

    With --text or --file and no NAME, every company that the text names or might name is shown.

    Examples:

      policywire company Douyin

      policywire company Visa --text "Visa rules tighten for students"

      policywire company --check our-companies.tsv
    """
    import sys

    import orjson

    from pipeline.companies import CompanyFinder, Registry
    from pipeline.errors import InputError, UsageError
    from pipeline.settings import load_settings

    if check is not None:
        _check(check)
        return
    if not name and text is None and file is None:
        raise UsageError("name a company, or give --text, --file or --check")
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read {file}: {error}") from error
    finder = CompanyFinder(load_settings().registry)
    registry: Registry = finder.registry
    numbers = registry.look_up(name) if name else []
    if name and not numbers:
        near = registry.similar(name)
        hint = f"; similar: {', '.join(near)}" if near else ""
        raise InputError(f"no company {name!r} in the registry{hint}; add your own in a file (setting registry)")
    reasons = [] if text is None else [w for w in finder.why(text) if not numbers or w.number in numbers]
    if json:
        answer = {
            "companies": [_entry(registry, number) for number in numbers],
            "matches": [why.as_json() for why in reasons],
            "registry": finder.version,
        }
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
        return
    if numbers:
        _print_entry(registry, numbers)
    if text is not None:
        _print_why(reasons, finder)


def _check(path: Path) -> None:
    from pipeline.companies import load
    from pipeline.companies.tables import read_companies

    rows = read_companies(path)
    load(path)
    names = sum(1 + len(row.aliases) for row in rows)
    typer.echo(f"{path}: {len(rows)} companies, {names} names, no errors")


def _entry(registry: "Registry", number: int) -> dict[str, Any]:
    company = registry.company(number)
    names: dict[str, list[str]] = {}
    for alias in registry.aliases_of(number):
        names.setdefault(registry.kind(alias), []).append(alias.surface)
    return {**company._asdict(), "names": names, "owns": [registry.company(n).name for n in registry.owned_by(number)]}


def _print_entry(registry: "Registry", numbers: list[int]) -> None:
    from pipeline.cli.output import printable
    from pipeline.companies.registry import DOUBTFUL, FORM_ONLY

    number = numbers[0]
    company = registry.company(number)
    parent = registry.by_id.get(company.parent)
    lines = [
        ("company", company.name),
        ("key", company.id),
        ("ticker", f"{company.ticker} {company.mic}".strip() or "none: unlisted or unknown"),
        ("listings", " ".join(company.listings[1:])),
        ("ISIN", company.isin),
        ("CIK", company.cik),
        ("country", company.country),
        ("sector", company.sector),
        ("parent", registry.company(parent).name if parent is not None else ""),
        ("owns", ", ".join(registry.company(n).name for n in registry.owned_by(number))),
    ]
    for label, value in lines:
        if value:
            typer.echo(printable(f"{label:10} {value}"))
    aliases = registry.aliases_of(number)
    for alias in aliases[:_MOST_ALIASES]:
        note = {DOUBTFUL: "with support from the text", FORM_ONLY: "only by its form"}.get(alias.doubt, "")
        until = f"until {alias.until}" if alias.until else ""
        marks = ", ".join(m for m in (registry.kind(alias), until, note) if m)
        typer.echo(printable(f"{'name':10} {alias.surface}  ({marks})"))
    if len(aliases) > _MOST_ALIASES:
        typer.echo(f"{'':10} … and {len(aliases) - _MOST_ALIASES} more (--json)")
    others = [registry.company(n) for n in numbers[1:6]]
    if others:
        typer.echo(printable(f"{'also':10} " + ", ".join(f"{c.name} ({c.id})" for c in others)))


def _print_why(reasons: list["Why"], finder: "CompanyFinder") -> None:
    from pipeline.cli.output import printable

    if not reasons:
        typer.echo("text       does not name it")
    for why in reasons:
        verdict = "named" if why.accepted else "not named"
        needed = finder.weights.form_threshold if why.number is None else finder.weights.threshold
        typer.echo(
            printable(f"text       {why.quote!r} -> {why.name}: {verdict}, {why.probability:.2f} (needs {needed:.2f})")
        )
        for feature, weight in why.reasons[:_MOST_REASONS]:
            typer.echo(printable(f"           {weight:+.2f}  {feature}"))
