"""From what the scan found to the terms that stand: names in their capitals, longest match first."""

from collections.abc import Sequence

from pipeline.scan import Hit

KIND = "signals"


def standing(text: str, hits: Sequence[Hit], stop: int) -> list[Hit]:
    """The hits before ``stop`` that count, in order and without overlap. ``hits`` are in order of their ends."""
    kept: list[Hit] = []
    shouting: bool | None = None
    for hit in hits:
        start, end, term = hit
        if start >= stop:
            break
        if term.exact and text[start:end] != term.phrase:
            if shouting is None:
                shouting = text[:200].isupper()
            if not term.stands(text, start, end, shouting):
                continue
        while kept and kept[-1][0] >= start:
            kept.pop()
        if kept and start < kept[-1][1]:
            continue
        kept.append(hit)
    return kept
