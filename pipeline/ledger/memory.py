"""The ledger as the graph's steps see it: read-only, by path, so that it can be handed to workers."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from pipeline.alerts.history import History
from pipeline.alerts.story import StoryState
from pipeline.ledger.failure import explained
from pipeline.ledger.view import LedgerView

_views: dict[str, LedgerView] = {}
_opening = threading.Lock()


@dataclass(frozen=True)
class LedgerMemory:
    """What earlier rounds know: a ``pipeline.alerts.transform.Memory``, and what feeds have seen.

    Holds the path alone and opens the ledger at the first question, once a process. What it answers is what finished
    transactions left, never what a round under way is about to write.
    """

    path: str

    def history(self, article_id: str) -> History | None:
        """What became of the article before."""
        return self._view().history(article_id)

    def story(self, key: str) -> StoryState | None:
        """The story now told under ``key``."""
        return self._view().story(key)

    def seen(self, key: str) -> str | None:
        """The digest under which ``key`` was last read."""
        return self._view().seen(key)

    def _view(self) -> LedgerView:
        with _opening:
            if self.path not in _views:
                path = Path(self.path)
                with explained(path):
                    uri = f"{path.absolute().as_uri()}?mode=ro"
                    connection = sqlite3.connect(uri, uri=True, timeout=10, check_same_thread=False)
                _views[self.path] = LedgerView(connection, path, threading.RLock())
            return _views[self.path]


def forget(path: Path) -> None:
    """Closes the view of a ledger that is closed itself."""
    with _opening:
        if view := _views.pop(str(path), None):
            view.close()
