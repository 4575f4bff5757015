"""Makes titles that tell something else than labelled ones: an act, its object or both exchanged for others that news puts in
the same form. Run by hand before ``training.teacher`` and ``training.network``, which find them among the news elsewhere:

    python -m training.counterfactuals --shared ../shared --elsewhere NEWS

Small models lean on the words around an act. From titles alike but for the act, of which the teacher says what they tell, they
learn that the act decides (data augmentation by exchanged words: Jiao et al., TinyBERT, 2020).
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.signals.frames import ACTS
from training import corpus
from training.model import example_maker

# Titles of fewer words tell too little, of more mostly two things.
SHORTEST, LONGEST = 4, 22
# So many are made of a title at most: with another act twice, with another object, with both.
ACTS_EACH = 2
# What occurs often is drawn often, though not as often as it occurs.
TEMPER = 0.6
SEED = 11


class Place(NamedTuple):
    """A phrase of a title that may be exchanged: for one of the same ``form`` and of another ``cls``."""

    start: int
    end: int
    form: str
    cls: str


class Title(NamedTuple):
    """A title and the acts and objects in it."""

    text: str
    acts: list[Place]
    objects: list[Place]


class Phrases:
    """The phrases of a kind that titles hold, to draw from."""

    def __init__(self, titles: Iterable[tuple[str, Sequence[Place]]]) -> None:
        counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for text, places in titles:
            for place in places:
                counts[place.form][text[place.start : place.end].lower(), place.cls] += 1
        self._held = {form: ([*count], [n**TEMPER for n in count.values()]) for form, count in counts.items()}

    def another(self, place: Place, chance: random.Random) -> str:
        """A phrase of the form of ``place`` and of another class; none where one of its class was drawn."""
        phrases, weights = self._held[place.form]
        ((phrase, cls),) = chance.choices(phrases, weights)
        return "" if cls == place.cls else phrase


def exchanged(title: Title, made: Sequence[tuple[Place, str]]) -> str:
    """``title`` with each place holding its new phrase, capital where the old one was; empty where one has none."""
    text = title.text
    for place, phrase in sorted(made, reverse=True):
        if not phrase:
            return ""
        if text[place.start].isupper():
            phrase = phrase[0].upper() + phrase[1:]
        text = text[: place.start] + phrase + text[place.end :]
    return text


def counterfactuals(titles: Sequence[Title], seed: int = SEED) -> list[str]:
    """The titles made of ``titles``, each once and none of theirs."""
    chance = random.Random(seed)
    acts = Phrases((t.text, t.acts) for t in titles)
    objects = Phrases((t.text, t.objects) for t in titles)
    made: dict[str, None] = {}
    for title in titles:
        for _ in range(ACTS_EACH if title.acts else 0):
            act = chance.choice(title.acts)
            made[exchanged(title, [(act, acts.another(act, chance))])] = None
        if title.objects:
            thing = chance.choice(title.objects)
            other = objects.another(thing, chance)
            made[exchanged(title, [(thing, other)])] = None
            if title.acts:
                act = chance.choice(title.acts)
                made[exchanged(title, [(act, acts.another(act, chance)), (thing, other)])] = None
    for known in ("", *(t.text for t in titles)):
        made.pop(known, None)
    return [*made]


def read(items: Iterable[corpus.Item]) -> list[Title]:
    """The titles of the signals among ``items``."""
    example = example_maker()
    found = []
    for item in items:
        if not item.signal or not SHORTEST <= len(item.title.split()) <= LONGEST:
            continue
        seen = example(replace(item, text=""))
        title = Title(seen.document.full.strip(), [], [])
        for start, end, term in seen.opening.hits:
            if term.family in ACTS:
                title.acts.append(Place(start, end, term.form, term.cls))
            elif term.as_object:
                number = "s" if title.text[start:end].endswith("s") else ""
                title.objects.append(Place(start, end, number, term.as_object))
        found.append(title)
    return found


def main() -> None:
    """Reads the labelled items and writes what is made of their titles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--elsewhere", type=Path, required=True, help="folder with news of other collections")
    chosen = parser.parse_args()
    out = chosen.elsewhere / "counterfactuals.jsonl"
    out.unlink(missing_ok=True)
    labelled = corpus.labelled(chosen.shared, chosen.elsewhere, corpus.dev(chosen.shared))
    made = counterfactuals(read([*(i for i in labelled if i.origin != "doubtful"), *corpus.written()]))
    out.write_text("".join(json.dumps({"title": t, "text": ""}) + "\n" for t in made), encoding="utf-8")
    print(f"{len(made)} titles in {out}")


if __name__ == "__main__":
    main()
