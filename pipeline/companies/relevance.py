"""How central a company is to an article, from 0 to 1."""

from collections.abc import Sequence

from schemas.terms import Role

_TITLE, _EARLY, _OFTEN, _PART = 0.45, 0.25, 0.2, 0.1
_OFTEN_IS = 4
_WEIGHT: dict[Role, float] = {"target": 1.0, "beneficiary": 1.0, "participant": 0.5, "affected": 0.5}


def relevance(starts: Sequence[int], body_start: int, length: int, role: Role) -> float:
    """``starts``: where its mentions begin in title and text together, in order; the text begins at ``body_start``
    and ends at ``length``. Being in the title counts most, then how early and how often it is named, then its part.

    >>> relevance([0, 60], 60, 600, "target")
    0.9
    >>> relevance([600], 60, 600, "background")
    0.05
    """
    title = starts[0] < body_start
    first = next((s for s in starts if s >= body_start), None)
    body = max(1, length - body_start)
    early = 1 - (first - body_start) / body if first is not None else float(title)
    often = min(1.0, len(starts) / _OFTEN_IS)
    return round(_TITLE * title + _EARLY * early + _OFTEN * often + _PART * _WEIGHT.get(role, 0.0), 2)
