"""The scan: all vocabularies in one Aho-Corasick automaton, each text read once.

Vocabularies (cues, authorities, places, company aliases) register phrases under a kind; the scan yields every
whole-word occurrence of every phrase. Which hits count (longest match, exact case, support) is for the rooms
that own the vocabulary to decide.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import ahocorasick

# Characters whose lower case is longer than they are would shift every later offset.
_UNSTABLE = {ord("İ"): "i"}


class Hit(NamedTuple):
    """A whole-word occurrence of a phrase, in offsets of the scanned string."""

    start: int
    end: int
    payload: Any


def fold(text: str) -> str:
    """Lower-cases without changing the length, so that offsets in the result are offsets in ``text``; curly
    apostrophes become straight ones."""
    lowered = text.replace("’", "'").lower()
    if len(lowered) != len(text):
        lowered = text.replace("’", "'").translate(_UNSTABLE).lower()
        if len(lowered) != len(text):
            lowered = "".join(c if len(c.lower()) != 1 else c.lower() for c in text.replace("’", "'"))
    return lowered


class Scanner:
    """Finds the phrases of all vocabularies in one pass, in time linear in text length plus hits.

    Phrases are folded, so matching ignores case; a payload that needs exact case checks the text itself.
    """

    def __init__(self, vocabularies: dict[str, Iterable[tuple[str, Any]]]) -> None:
        """``vocabularies`` maps a kind to (phrase, payload) pairs; one phrase may stand in several."""
        self.kinds: tuple[str, ...] = tuple(vocabularies)
        table: dict[str, list[tuple[int, Any]]] = {}
        for index, kind in enumerate(self.kinds):
            for phrase, payload in vocabularies[kind]:
                table.setdefault(fold(phrase), []).append((index, payload))
        self._automaton = ahocorasick.Automaton()
        for phrase, entries in table.items():
            self._automaton.add_word(phrase, (len(phrase), tuple(entries)))
        self._empty = not table
        if table:
            self._automaton.make_automaton()

    def scan(self, text: str) -> dict[str, list[Hit]]:
        """Every whole-word hit in ``text`` by kind, in order of their ends; kinds without a hit are absent."""
        found: dict[str, list[Hit]] = {}
        if self._empty:
            return found
        folded = fold(text)
        size = len(folded)
        kinds = self.kinds
        for last, (length, entries) in self._automaton.iter(folded):
            start, end = last + 1 - length, last + 1
            # Whole words only: "escalation" must not be found inside "de-escalation"'s letters.
            if (start and folded[start].isalnum() and folded[start - 1].isalnum()) or (
                end < size and folded[last].isalnum() and folded[end].isalnum()
            ):
                continue
            for kind, payload in entries:
                found.setdefault(kinds[kind], []).append(Hit(start, end, payload))
        return found
