"""A search that never ends, as a restriction: what it has found so far, so that each thing is found once, also behind a
checkpoint."""

from typing import Any, Final

from apache_beam.io.iobase import RestrictionProgress, RestrictionTracker
from apache_beam.transforms.core import RestrictionProvider

END: Final = ""
"""Claimed, the search is over."""


class _FoundSoFar(RestrictionTracker):
    def __init__(self, found: frozenset[str]) -> None:
        self._found = found
        self._over = False

    def current_restriction(self) -> frozenset[str]:
        return self._found

    def try_claim(self, position: str) -> bool:
        if self._over:
            return False
        if position == END:
            self._over = True
        else:
            self._found |= {position}
        return True

    def try_split(self, fraction_of_remainder: float) -> Any:
        if self._over or fraction_of_remainder != 0:
            return None
        self._over = True
        return self._found, self._found

    def check_done(self) -> None:
        if not self._over:
            raise ValueError("the search was left off without being put off or ended")

    def current_progress(self) -> RestrictionProgress:
        return RestrictionProgress(completed=float(self._over), remaining=float(not self._over))

    def is_bounded(self) -> bool:
        return False


class Findings(RestrictionProvider):
    """Of any element: the names found so far. To be claimed one by one; for a DoFn that is unbounded per element."""

    def initial_restriction(self, element: object) -> frozenset[str]:  # noqa: ARG002
        """Nothing yet."""
        return frozenset()

    def create_tracker(self, restriction: frozenset[str]) -> RestrictionTracker:
        """A tracker of what is found on."""
        return _FoundSoFar(restriction)

    def restriction_size(self, element: object, restriction: frozenset[str]) -> float:  # noqa: ARG002
        """The same for all."""
        return 1.0

    def truncate(self, element: object, restriction: frozenset[str]) -> None:  # noqa: ARG002
        """When a runner drains, the search ends."""
        return
