"""Reports as rounds make them."""

from collections import Counter
from typing import Any

from pipeline.runners.facts import AlertFacts, LetterFacts
from pipeline.runners.rounds import RoundReport
from tests import builders

AT = 1_700_000_000.0


def report(**changes: Any) -> RoundReport:
    fields: dict[str, Any] = {
        "at": AT,
        "seconds": 0.2,
        "sources": ("kafka",),
        "counters": Counter(articles=3, alerts=1, dead_letters=1, read_kafka=3, held_no_signal=2, dead_bad_json=1),
        "waiting": {"alerts.jsonl": 1},
        "limit": 500,
        "alerts": (AlertFacts.of(builders.alert())._replace(published=AT - 100, arrived=AT - 0.3),),
        "letters": (LetterFacts("d1", "bad_json", "Source", "news[0]@7"),),
        "stages": {"plan": 0.05, "run": 0.1, "write": 0.05},
    }
    return RoundReport(**(fields | changes))
