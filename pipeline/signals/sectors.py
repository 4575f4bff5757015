"""The sectors that a signal binds, by the words that name them."""

from collections import Counter
from collections.abc import Sequence

from pipeline.scan import Hit

_PREFIX = "sector."


def bound(hits: Sequence[Hit], body_start: int, most: int = 4) -> tuple[str, ...]:
    """At most ``most`` sectors, the most often named first; a mention in the title counts three times."""
    counts: Counter[str] = Counter()
    for start, _end, term in hits:
        for tag in term.tags:
            if tag.startswith(_PREFIX):
                counts[tag[len(_PREFIX) :]] += 3 if start < body_start else 1
    if not counts:
        return ()
    top = counts.most_common(1)[0][1]
    return tuple(name for name, n in counts.most_common(most) if n * 3 >= top)
