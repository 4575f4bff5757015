"""What the learned decision sees of an article: words, cue classes, their order, and composed directions.

Six blocks, each scaled on its own: words, cue classes and frames, each of the title and of the text.
Names are strings so that training and reading cannot disagree on them.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.scan import Hit, fold
from pipeline.signals.frames import Frame
from pipeline.signals.sentences import Sentence

# The news stands at the start: so much of the text is read for the labels (characters, sentences).
READ_CHARS = 900
READ_SENTENCES = 6

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[$£€?!%]")


def words(text: str) -> list[str]:
    """The folded words of ``text``, figures as ``0``."""
    return ["0" if w[0].isdigit() else w for w in _WORD.findall(fold(text))]


def word_features(title: str, body: str) -> tuple[list[str], list[str]]:
    """Uni- and bigrams of the title, and of the text read with the title before it."""
    first = words(title)
    rest = words(body)
    grams = first + rest
    both = grams + [f"{a} {b}" for a, b in pairwise(grams)]
    head = ["^" + w for w in first] + [f"^{a} {b}" for a, b in pairwise(["<", *first, ">"])]
    return head, both


def cue_features(hits: Sequence[Hit], sentences: Sequence[Sentence]) -> tuple[list[str], list[str]]:
    """Cue features of the title and of the sentences read: classes, ordered pairs, act with object."""
    title: list[str] = []
    body: list[str] = []
    index, count = 0, len(hits)
    for sentence in sentences:
        inside: list[tuple[str, ...]] = []
        forms: list[str] = []
        gaps: list[tuple[int, int]] = []
        while index < count and hits[index][0] < sentence.end:
            hit = hits[index]
            inside.append(hit[2].classes)
            forms.append(hit[2].form)
            gaps.append((hit[0], hit[1]))
            index += 1
        out = title if sentence.zone == "title" else body
        sentence_features(inside, forms, gaps, "L:" if sentence.zone == "lead" else "", out)
    return title, body


def sentence_features(
    inside: list[tuple[str, ...]], forms: list[str], gaps: list[tuple[int, int]], zone: str, out: list[str]
) -> None:
    """Appends the features of one sentence, given its terms' classes, inflections and places."""
    size = len(inside)
    actor = ""
    for i in range(size):
        tags = inside[i]
        first = tags[0]
        out.extend(tags)
        if zone:
            out.append(zone + first)
        if not actor and first.startswith(("body.", "generic.", "place.")):
            actor = first
            out.append(f"first:{first}@{min(i, 3)}")
        if forms[i]:
            out.append(f"{first}:{forms[i]}")
        for j in range(i + 1, min(i + 5, size)):
            other = inside[j][0]
            out.append(f"{first}>{other}")
            if j == i + 1 and gaps[j][0] - gaps[i][1] < 3:
                out.append(f"{first}+{other}")


def frame_features(told: Sequence[Frame]) -> tuple[list[str], list[str]]:
    """Features of the frames of title and text: direction by who acts and by stage, act with object, tense, mood."""
    title: list[str] = []
    body: list[str] = []
    totals = [0, 0]
    for f in told:
        head = f.zone == "title"
        out = title if head else body
        sign = "+" if f.direction == "tightening" else "-" if f.direction == "easing" else "0"
        if f.background:
            out.append(f"past{sign}")
            continue
        act = f.act_class.partition(".")[0]
        thing = f.object_class.partition(".")[0]
        who = f.actor_class.partition(".")[0]
        if sign != "0":
            totals[not head] += 1 if sign == "+" else -1
            out += (f"dir{sign}", f"dir{sign}{who}", f"dir{sign}{f.actor_class}", f"dir{sign}{f.mood}")
            out += (f"dir{sign}{f.act_class}", f"dir{sign}{f.object_class}", f"dir{sign}{f.act_class}|{f.object_class}")
            if f.zone == "lead":
                out.append(f"lead{sign}")
        out += (
            f"{who}|{act}|{thing}",
            f"{f.actor_class}|{f.act_class}",
            f"{f.act_class}|{f.object_class}",
            f"{f.act_class}|{thing}",
            f"act:{f.act_class}|{f.tense}",
            f"obj:{f.object_class}",
            f"mood:{f.mood}|{f.tense}",
            f"who:{f.actor_class}",
        )
        if f.negated:
            out.append(f"not:{act}|{thing}")
    for total, out in zip(totals, (title, body), strict=True):
        if total:
            out.append(f"sum{'+' if total > 0 else '-'}{min(abs(total), 3)}")
            out.append(f"sum{'+' if total > 0 else '-'}")
    return title, body
