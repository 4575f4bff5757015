"""Market reactions: what the article says a company's shares did.

Read by grammar, not by nearness: the company, or its shares, must be the subject of the move ("shares in A and B rose 3%
and 4%", "A saw a gain of 2.2%", "a 5% fall in A's shares"), and where only the company is, the text around must speak of
shares. "A's revenue rose 3%" is none.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from pipeline.signals.sentences import Sentence
from schemas.terms import Move, Session

_UP: Final = (
    "rose|rise|rises|rising|risen|gained|gain|gains|gaining|jumped|jump|jumps|jumping|surged|surge|surges|surging|climbed|climb|climbs|climbing|"
    "advanced|advance|added|adds|soared|soar|soars|soaring|rallied|rally|rallies|rallying|rebounded|rebound|popped|pop|leapt|leaped|up|higher|"
    "increased|increase|recovered|spiked|skyrocketed|edged up|ticked up|inched up"
)
_DOWN: Final = (
    "fell|fall|falls|falling|fallen|dropped|drop|drops|dropping|tumbled|tumble|tumbles|tumbling|plunged|plunge|plunges|plunging|slid|slide|slides|"
    "sliding|slumped|slump|slumps|slumping|sank|sink|sinks|sinking|declined|decline|declines|declining|lost|lose|loses|losing|shed|sheds|shedding|"
    "down|lower|dipped|dip|dips|crashed|crash|plummeted|plummet|plummets|plummeting|slipped|slip|slips|eased|dived|dove|dive|retreated|off|"
    "nosedived|cratered|collapsed|weakened|skidded|edged down|ticked down|inched down|loss"
)
_FLAT: Final = "flat|unchanged|little changed|steady"
_NUMBER = r"[-–+]?(\d+(?:\.\d+)?)\s?(?:%|per\s?cent\b|percent\b|pc\b)"
_ABOUT = (
    r"(?:by|as much as|as many as|more than|over|nearly|about|around|almost|another|some|up to|roughly|at least|less than|close to|just over|just under|"
    r"approximately|further|an additional|a further|of|to|sharply|slightly|again|back|early|only|just|well over)"
)
_PERCENTS = re.compile(_NUMBER)
_AND = re.compile(rf"(?:,? and |, |/)(?:{_ABOUT} )*{_NUMBER}")
_SHARES = (
    r"(?:shares?|stocks?|ADRs?|ADSs?|scrip|securities|depositary receipts|share price|stock price|(?:Hong Kong|New York|London|US|U\.S\.)[- ]listed "
    r"(?:shares|stock))"
)
_AUX = (
    r"(?:(?:was|were|is|are|had|has|have|also|then|later|each|both|been|initially|briefly|which|it|that|respectively|Group|Holdings?|closed|ended|"
    r"finished|opened|traded|trading|started|went|sharply|quickly|saw|sees) )*"
)
_VERB = rf"(?P<up>(?:{_UP})\b)|(?P<down>(?:{_DOWN})\b)|(?P<flat>(?:{_FLAT})\b)"
_AFTER = re.compile(
    rf"(?P<own>['’]s)?(?: (?:Group|Holdings?|Inc\.?|Corp\.?|Ltd\.?|plc))*(?P<shares> {_SHARES})?(?:, [^,.;%]{{1,60}},|,)? "
    rf"(?P<aux>{_AUX})(?:{_VERB})(?: {_ABOUT})* ?"
)
_SAW = re.compile(
    r"(?P<own>['’]s)?(?: (?:Group|Holdings?))*(?P<shares> shares?| stocks?)?(?:, [^,.;%]{1,60},)? (?:saw|sees|posted|posts|recorded|records|notched|suffered|registered|booked|"
    rf"had|enjoyed|took|made) (?:(?:its|their) (?P<its>shares?|stocks?) |(?:a|an|the) (?:\w+ )?)(?:{_VERB})(?: {_ABOUT})* ?"
)
_ELLIPSIS = re.compile(rf"(?:['’]s)?,? (?:{_ABOUT} )*(?={_NUMBER})")
_SHARES_BEFORE = re.compile(rf"\b{_SHARES} (?:of|in|for)(?: [\w.’'-]+){{0,3}} ?$", re.IGNORECASE)
_NOUN_BEFORE = re.compile(
    rf"{_NUMBER}[ -](?P<noun>{_UP}|{_DOWN}) (?:in|for|by)(?: (?:the )?{_SHARES}(?: price)?(?: of| in)?)?(?: [\w.’'-]+){{0,2}} ?$",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?:'s|’s)?(?:,|,? and|,? or|/|,? &|,? as well as|;)[ /]?(?:[A-Z][\w.]+[ -])?$")
_MARKET = re.compile(
    r"\b(?:shares?|stocks?|pre-?market|after-hours|after hours|extended trading|trading|traded|bourse|listed|investors|Nasdaq|Wall Street|Hang Seng|FTSE)\b",
    re.IGNORECASE,
)
_PREMARKET = re.compile(
    r"\bpre-?market|pre-market|before the (?:opening )?bell|ahead of the (?:opening )?bell|before the market open",
    re.IGNORECASE,
)
_AFTER_HOURS = re.compile(
    r"\bafter[- ]hours|extended[- ]trading|after[- ]market|post-?market|after the (?:closing )?bell", re.IGNORECASE
)
_REGULAR = re.compile(
    r"\b(?:closed|at the close|close of trad|(?:morning|afternoon|midday|early|late|intraday|day's) trad|in trading|in trade\b|on (?:Mon|Tues|Wednes|Thurs|Fri)day)",
    re.IGNORECASE,
)
_HINT = re.compile(r"%|per\s?cent|percent|\bshares?\b|\bstocks?\b", re.IGNORECASE)
_GAP = 24


class Mentioned(NamedTuple):
    """A company's mention: ``text[start:end]``, and the company's place in the caller's list."""

    start: int
    end: int
    company: int


class Reaction(NamedTuple):
    """A move of one company's shares as the article tells it, in offsets of the text."""

    company: int
    percent: float | None
    move: Move
    session: Session
    start: int
    end: int


def told(text: str) -> bool:
    """Whether the text may tell of a move at all."""
    return any(hint in text for hint in ("shares", "%", "stock", "per cent", "percent", "Shares", "Stock"))


def _session(told: str) -> Session:
    if _PREMARKET.search(told):
        return "premarket"
    if _AFTER_HOURS.search(told):
        return "after_hours"
    return "regular" if _REGULAR.search(told) else "unknown"


def _percents(text: str, at: int, stop: int) -> tuple[list[float], int]:
    """The percentages that stand at ``at``, one after another, and where they end."""
    match = _PERCENTS.match(text, at, stop)
    if not match:
        return [], at
    found = [float(match[1])]
    end = match.end()
    while match := _AND.match(text, end, stop):
        found.append(float(match[1]))
        end = match.end()
    return found, end


def _subjects(text: str, inside: Sequence[Mentioned]) -> list[list[Mentioned]]:
    """Mentions that a list joins stand together: "A, B and C"."""
    groups: list[list[Mentioned]] = []
    for mention in inside:
        last = groups[-1][-1] if groups else None
        if (
            last
            and 0 < mention.start - last.end <= _GAP
            and _JOINED.fullmatch(text, last.end, mention.start)
            and not _PERCENTS.search(text, last.end, mention.start)
        ):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _move(match: re.Match[str]) -> Move:
    return "up" if match["up"] else "down" if match["down"] else "flat"


def read(text: str, mentions: Sequence[Mentioned], sentences: Sequence[Sentence]) -> list[Reaction]:
    """Every told move of a company's shares, in order. ``mentions`` in order; time is linear in the text read."""
    found: list[Reaction] = []
    at = 0
    for number, sentence in enumerate(sentences):
        inside = []
        while at < len(mentions) and mentions[at].start < sentence.end:
            if mentions[at].start >= sentence.start:
                inside.append(mentions[at])
            at += 1
        if not inside or not _HINT.search(text, sentence.start, sentence.end):
            continue
        before = sentences[max(0, number - 2)].start
        about_shares = bool(_MARKET.search(text, before, sentence.end))
        session = _session(text[sentence.start : sentence.end])
        if session == "unknown":
            session = _session(text[sentences[max(0, number - 1)].start : sentence.start])
        last: Move | None = None
        for group in _subjects(text, inside):
            first, end = group[0].start, group[-1].end
            shares_of = _SHARES_BEFORE.search(text, max(sentence.start, first - 60), first)
            match = _SAW.match(text, end, sentence.end) or _AFTER.match(text, end, sentence.end)
            percents: list[float] = []
            if match:
                of_shares = bool(shares_of or match["shares"] or match.groupdict().get("its"))
                if match["own"] and not of_shares:
                    continue
                percents, stop = _percents(text, match.end(), sentence.end)
                if not (of_shares or (percents and about_shares)):
                    continue
                last = _move(match)
            elif last and (ellipsis := _ELLIPSIS.match(text, end, sentence.end)):
                percents, stop = _percents(text, ellipsis.end(), sentence.end)
            elif noun := _NOUN_BEFORE.search(text, max(sentence.start, first - 80), first):
                if not about_shares:
                    continue
                last = "up" if re.fullmatch(_UP, noun["noun"], re.IGNORECASE) else "down"
                percents, first, stop = [float(noun[1])], noun.start(), end
            else:
                continue
            begin = shares_of.start() if shares_of else first
            for i, mention in enumerate(group):
                value = None if not percents else percents[i] if len(percents) == len(group) else percents[0]
                signed = None if value is None else -value if last == "down" else value if last == "up" else 0.0
                found.append(Reaction(mention.company, signed, last, session, begin, stop))
    return found
