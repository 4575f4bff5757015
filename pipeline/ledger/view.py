"""What can be asked of the ledger. Every answer is what the last finished transaction left."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson

from pipeline.alerts.history import History
from pipeline.alerts.story import StoryState
from pipeline.errors import InputError
from pipeline.ledger.failure import explained
from schemas import DeadLetter

Kind: TypeAlias = Literal["alert", "dead_letter"]
State: TypeAlias = Literal["open", "retry", "retried"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Something in the outbox: ``body`` is an Alert or a DeadLetter as JSON, ``at`` when it was put there."""

    seq: int
    kind: Kind
    id: str
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter and what the ledger knows of it: when it was last met (seconds since 1970), how often, and
    whether a retry was asked for (``retry``) or has been made (``retried``)."""

    letter: DeadLetter
    at: float
    attempts: int
    state: State


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a source found when it looked: ``outcome`` in a word ("read", "unchanged", "failed", "undated"),
    ``counts`` by name, ``detail`` for a person."""

    source: str
    item: str
    outcome: str
    counts: dict[str, int]
    detail: str = ""
    at: float = 0.0


class LedgerView:
    """Reads of the ledger; may be used from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path, guard: threading.RLock) -> None:
        self.path = path
        self._connection = connection
        self._guard = guard

    def close(self) -> None:
        """Closes the file. Safe to call twice."""
        with self._guard:
            self._connection.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._guard, explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        rows = self._rows(sql, values)
        return rows[0][0] if rows else None

    def positions(self, source: str) -> dict[str, int]:
        """Where ``source`` goes on, by item; an item never read is missing."""
        return dict(self._rows("SELECT item, next FROM positions WHERE source = ?", (source,)))

    def feed_state(self, url: str) -> bytes | None:
        """The JSON kept for a feed."""
        state = self._one("SELECT state FROM feed_states WHERE url = ?", (url,))
        return state.encode() if state is not None else None

    def feed_states(self) -> dict[str, bytes]:
        """The JSON kept for every feed, by URL."""
        return {url: state.encode() for url, state in self._rows("SELECT url, state FROM feed_states ORDER BY url")}

    def seen(self, key: str) -> str | None:
        """The digest under which ``key`` was last read; None: never, or so long ago that it was forgotten."""
        digest = self._one("SELECT digest FROM seen WHERE key = ?", (key,))
        return None if digest is None else str(digest)

    def history(self, article_id: str) -> History | None:
        """The last alert of an article."""
        body = self._one("SELECT body FROM histories WHERE key = ?", (article_id,))
        return None if body is None else History.model_validate_json(body)

    def story(self, key: str) -> StoryState | None:
        """The story now told under ``key``."""
        body = self._one("SELECT body FROM stories WHERE key = ?", (key,))
        return None if body is None else StoryState.model_validate_json(body)

    def outbox(self, sink: str, limit: int) -> list[Parcel]:
        """What ``sink`` has neither acknowledged nor refused, oldest first, at most ``limit`` of it."""
        return [
            Parcel(*row)
            for row in self._rows(
                "SELECT seq, kind, id, body, at FROM pending JOIN outbox USING (seq) WHERE sink = ? AND refused IS NULL "
                "ORDER BY seq LIMIT ?",
                (sink, limit),
            )
        ]

    def waiting(self) -> dict[str, int]:
        """How much each sink has neither acknowledged nor refused; sinks that wait for nothing are missing."""
        return dict(self._rows("SELECT sink, count(*) FROM pending WHERE refused IS NULL GROUP BY sink"))

    def dead_letters(
        self, *, state: State | None = "open", cause: str | None = None, limit: int = 1000
    ) -> Iterator[KeptLetter]:
        """Dead letters, the last met first, at most ``limit``; ``state`` None: in any state."""
        for body, at, attempts, found in self._rows(
            "SELECT body, at, attempts, state FROM dead_letters "
            "WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR cause = ?2) ORDER BY at DESC, id LIMIT ?3",
            (state, cause, limit),
        ):
            yield KeptLetter(DeadLetter.model_validate_json(body), at, attempts, found)

    def dead_letter(self, id_or_start: str) -> KeptLetter:
        """The dead letter with an id, or with the one id that starts so. Raises InputError where none or several do."""
        rows = self._rows(
            "SELECT body, at, attempts, state FROM dead_letters WHERE substr(id, 1, ?) = ? LIMIT 2",
            (len(id_or_start), id_or_start),
        )
        if not rows:
            raise InputError(f"no dead letter {id_or_start!r} in {self.path}; see `policywire deadletters list`")
        if len(rows) > 1:
            raise InputError(f"several dead letters start with {id_or_start!r}; give more of the id")
        body, at, attempts, state = rows[0]
        return KeptLetter(DeadLetter.model_validate_json(body), at, attempts, state)

    def dead_letter_counts(self) -> dict[str, int]:
        """How many dead letters are open, by cause."""
        return dict(self._rows("SELECT cause, count(*) FROM dead_letters WHERE state = 'open' GROUP BY cause"))

    def coverage(self, source: str, item: str | None = None, limit: int = 1000) -> list[Coverage]:
        """What ``source`` found when it looked (at ``item`` only), the last look first."""
        return [
            Coverage(source, found, outcome, orjson.loads(counts), detail, at)
            for found, outcome, counts, detail, at in self._rows(
                "SELECT item, outcome, counts, detail, at FROM coverage "
                "WHERE source = ?1 AND (?2 IS NULL OR item = ?2) ORDER BY at DESC, rowid DESC LIMIT ?3",
                (source, item, limit),
            )
        ]

    def meta(self, key: str) -> str | None:
        """A fact about the ledger itself: ``schema_version``; ``totals``, the counters over all rounds (JSON);
        ``last_round``, when the last round ended (seconds since 1970)."""
        value = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        return None if value is None else str(value)

    def totals(self) -> dict[str, int]:
        """The counters of the graph, summed over all rounds that were finished."""
        totals: dict[str, int] = orjson.loads(self.meta("totals") or "{}")
        return totals
