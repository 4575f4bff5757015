"""Companies that no registry holds, found by their form: "Northgate Widgets Ltd", "ride-hailing firm Xyz", "Abc CEO".

A cue of the one scan (a legal form, "startup", "CEO", "acquisition of") proposes the capitalised name beside it; a
learned decision over the name's shape and place keeps the sure ones. Precision comes first.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from pipeline.companies.context import Around, around
from pipeline.companies.features import Features, Tables, title_case
from pipeline.companies.names import LEGAL_FORM_AFTER
from pipeline.scan import Hit

KIND: Final = "company.form"

# The name follows: "startup Xyz", "the acquisition of Xyz".
_NOUNS = (
    "startup|start-up|startups|firm|company|giant|giants|maker|retailer|lender|chipmaker|carmaker|automaker|drugmaker|insurer|airline|supplier|"
    "manufacturer|operator|conglomerate|brokerage|consultancy|subsidiary|fintech|producer|miner|housebuilder|unicorn|provider|vendor|contractor|"
    "supermarket|steelmaker|planemaker|bookmaker|employer|hedge fund|law firm|investment bank|private equity group|private equity firm|"
    "parent company|sister company|crypto exchange|companies like|companies such as|firms like|firms such as|companies including|specialist"
)
_OF = (
    "acquisition of|takeover of|shares of|shares in|stake in|ceo of|co-founder of|cofounder of|founder of|chief executive of|boss of|merger with|"
    "employees of|subsidiary of|analyst at|economist at|strategist at|partner at|analysts at|economists at|strategists at|owned by|acquired by|"
    "spokesperson for|spokesman for|spokeswoman for"
)
# The name stands before: "Xyz CEO", "Xyz shares fell".
_AFTER = (
    "ceo|cfo|cto|chief executive|co-founder|cofounder|founder|shares|shareholders|stock|spokesperson|employees|customers|subsidiary|acquisition|ipo|"
    "announced|launches|raises|acquires|unveils|rebrands|says it has|said it has|said it would|said it will"
)
# The last word of the name itself: "Northgate Widgets Ltd", "Ocean Builders".
_WITHIN = (
    "inc|corp|ltd|llc|llp|plc|gmbh|pte|pvt|limited|incorporated|corporation|holdings|bank|airlines|airways|pharmaceuticals|therapeutics|biosciences|"
    "technologies|capital|motors|energy|studios|games|labs|systems|securities|insurance|ventures|entertainment|foods|industries|software|networks|"
    "robotics|logistics|petroleum|semiconductor|electronics|automotive|aerospace|telecom|communications|enterprises|brands|hotels|resorts|analytics|"
    "associates|pictures|properties|builders|bakery|brewing"
)

_WORD = r"[A-Z][\w’'&.+-]*"
_NAME = rf"{_WORD}(?:[ \u00a0](?:(?:&|of|de|du|and the)[ \u00a0])?(?:{_WORD}|\d+(?![\w%.,])))" + r"{0,4}"
_FOLLOWING = re.compile(rf"[ \u00a0](?:(?:the|a|its|called|named)[ \u00a0])?[“\"‘']?({_NAME})")
_PRECEDING = re.compile(rf"(?<![\w’'&.+-])({_NAME})(?:[’']s)?[ \u00a0]?$")
# "Xyz shares fell", not "Star shares video".
_PRICE_VERB = re.compile(
    r"[ \u00a0](?:fell|rose|jump|surg|slid|tumbl|gain|drop|plung|climb|sank|soar|were|was|are|in|up|down|closed|dipp|ha[sd]|trad|on|at|to|by)"
)
_TRAIL = re.compile(r"(?:[’']s?|[.,;:-]+)$")
_SENTENCE_END = re.compile(r"\.[ \u00a0][A-Z]")
_REACH = 72
_PLURAL = re.compile(r"[A-Z]{2,}s")
# Words that begin a headline or a sentence, or stand before a name without being part of it.
_LEADING = frozenset(
    [
        "the",
        "a",
        "an",
        "ceo",
        "cfo",
        "former",
        "ex",
        "new",
        "why",
        "how",
        "what",
        "when",
        "meet",
        "inside",
        "and",
        "but",
        "as",
        "in",
        "on",
        "for",
        "with",
        "from",
        "at",
        "by",
        "of",
        "after",
        "before",
        "is",
        "are",
        "was",
        "says",
        "said",
        "us",
        "uk",
        "eu",
        "chinese",
        "american",
        "british",
        "indian",
        "russian",
        "japanese",
        "german",
        "french",
        "korean",
        "canadian",
        "australian",
        "israeli",
        "report",
        "exclusive",
        "breaking",
        "watch",
        "video",
        "mr",
        "mrs",
        "ms",
        "dr",
        "sir",
        "this",
        "that",
        "these",
        "those",
        "its",
        "his",
        "her",
        "their",
        "our",
        "my",
        "all",
        "both",
        "only",
        "not",
        "even",
        "if",
        "more",
        "most",
        "big",
        "tech",
        "global",
    ]
)
_NOT_A_NAME = frozenset(
    [
        "ceo",
        "cfo",
        "cto",
        "coo",
        "ai",
        "it",
        "i",
        "he",
        "she",
        "they",
        "we",
        "you",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "company",
        "co",
        "inc",
        "corp",
        "ltd",
        "group",
        "bank",
        "llc",
        "plc",
        "limited",
        "world",
        "news",
        "tv",
        "us",
        "uk",
        "eu",
        "un",
        "covid",
        "covid-19",
        "president",
        "minister",
        "senator",
        "rep",
        "sen",
        "gov",
        "judge",
        "police",
        "congress",
        "senate",
        "house",
        "court",
        "university",
        "school",
        "church",
        "party",
        "state",
        "city",
        "county",
        "department",
        "ministry",
        "agency",
        "commission",
        "committee",
        "board",
        "council",
        "office",
        "union",
        "club",
        "league",
        "team",
        "association",
        "foundation",
        "institute",
        "america",
        "china",
        "north",
        "south",
        "east",
        "west",
        "northern",
        "southern",
        "general",
        "clubs",
        "center",
        "centre",
        "society",
        "coalition",
        "trust",
        "fund",
        "project",
        "times",
        "press",
        "post",
        "herald",
        "navy",
        "army",
        "force",
        "committee",
        "alliance",
        "institute",
        "india",
        "russia",
        "europe",
        "britain",
        "england",
        "scotland",
        "wales",
        "japan",
        "germany",
        "france",
        "ukraine",
        "israel",
        "canada",
        "australia",
        "africa",
        "asia",
        "democrats",
        "republicans",
    ]
)
# Frequent given names: a name that begins with one is a person's, unless a legal form follows.
_GIVEN = frozenset(
    [
        "james",
        "john",
        "robert",
        "michael",
        "william",
        "david",
        "richard",
        "joseph",
        "thomas",
        "charles",
        "christopher",
        "daniel",
        "matthew",
        "anthony",
        "mark",
        "donald",
        "steven",
        "paul",
        "andrew",
        "joshua",
        "kenneth",
        "kevin",
        "brian",
        "george",
        "edward",
        "ronald",
        "timothy",
        "jason",
        "jeffrey",
        "ryan",
        "jacob",
        "gary",
        "nicholas",
        "eric",
        "jonathan",
        "stephen",
        "larry",
        "justin",
        "scott",
        "brandon",
        "benjamin",
        "samuel",
        "gregory",
        "frank",
        "alexander",
        "raymond",
        "patrick",
        "jack",
        "dennis",
        "jerry",
        "tyler",
        "aaron",
        "jose",
        "adam",
        "nathan",
        "henry",
        "douglas",
        "zachary",
        "peter",
        "kyle",
        "walter",
        "ethan",
        "jeremy",
        "harold",
        "keith",
        "christian",
        "roger",
        "noah",
        "gerald",
        "carl",
        "terry",
        "sean",
        "austin",
        "arthur",
        "lawrence",
        "jesse",
        "dylan",
        "bryan",
        "joe",
        "jordan",
        "billy",
        "bruce",
        "albert",
        "willie",
        "gabriel",
        "logan",
        "alan",
        "juan",
        "wayne",
        "roy",
        "ralph",
        "randy",
        "eugene",
        "vincent",
        "russell",
        "elijah",
        "louis",
        "bobby",
        "philip",
        "johnny",
        "mary",
        "patricia",
        "jennifer",
        "linda",
        "elizabeth",
        "barbara",
        "susan",
        "jessica",
        "sarah",
        "karen",
        "nancy",
        "lisa",
        "betty",
        "margaret",
        "sandra",
        "ashley",
        "kimberly",
        "emily",
        "donna",
        "michelle",
        "dorothy",
        "carol",
        "amanda",
        "melissa",
        "deborah",
        "stephanie",
        "rebecca",
        "sharon",
        "laura",
        "cynthia",
        "kathleen",
        "amy",
        "angela",
        "shirley",
        "anna",
        "brenda",
        "pamela",
        "emma",
        "nicole",
        "helen",
        "samantha",
        "katherine",
        "christine",
        "debra",
        "rachel",
        "carolyn",
        "janet",
        "catherine",
        "maria",
        "heather",
        "diane",
        "ruth",
        "julie",
        "olivia",
        "joyce",
        "virginia",
        "victoria",
        "kelly",
        "lauren",
        "christina",
        "joan",
        "evelyn",
        "judith",
        "megan",
        "andrea",
        "cheryl",
        "hannah",
        "jacqueline",
        "martha",
        "gloria",
        "teresa",
        "ann",
        "sara",
        "madison",
        "frances",
        "kathryn",
        "janice",
        "jean",
        "abigail",
        "alice",
        "julia",
        "judy",
        "sophia",
        "grace",
        "denise",
        "amber",
        "doris",
        "marilyn",
        "danielle",
        "beverly",
        "isabella",
        "theresa",
        "diana",
        "natalie",
        "brittany",
        "charlotte",
        "marie",
        "kayla",
        "alexis",
        "lori",
        "jim",
        "bob",
        "mike",
        "tom",
        "dan",
        "steve",
        "bill",
        "jeff",
        "chris",
        "matt",
        "tony",
        "tim",
        "greg",
        "ben",
        "nick",
        "sam",
        "alex",
        "elon",
        "vladimir",
        "xi",
        "narendra",
        "boris",
        "rishi",
        "joe",
        "kamala",
        "hillary",
        "barack",
        "bernie",
        "nancy",
        "mitch",
        "chuck",
        "ron",
        "nikki",
        "tucker",
        "mohammed",
        "muhammad",
        "ahmed",
        "ali",
        "omar",
        "hassan",
        "li",
        "wang",
        "zhang",
        "chen",
        "liu",
        "yang",
        "wu",
        "sundar",
        "satya",
        "tim",
        "jensen",
        "jamie",
        "warren",
        "masayoshi",
        "eddie",
        "kim",
        "park",
        "lee",
        "nicola",
        "liz",
        "keir",
        "theresa",
        "angela",
        "emmanuel",
        "olaf",
        "ursula",
        "christine",
        "jerome",
        "janet",
        "gina",
        "lina",
        "gary",
        "merrick",
        "antony",
        "lloyd",
        "jake",
        "karine",
        "robert",
        "hunter",
        "ivanka",
        "eric",
        "melania",
        "jill",
        "doug",
        "pete",
        "amy",
        "neil",
        "sonia",
        "brett",
        "clarence",
        "ketanji",
        "rudy",
        "sidney",
        "julian",
        "edward",
        "chelsea",
        "harvey",
        "jeffrey",
        "ghislaine",
        "prince",
        "princess",
        "king",
        "queen",
        "pope",
        "lord",
        "lady",
        "saint",
        "st",
        "simon",
        "ian",
        "graham",
        "nigel",
        "colin",
        "stuart",
        "gavin",
        "craig",
        "derek",
        "trevor",
        "adrian",
        "martin",
        "hugh",
        "fiona",
        "claire",
        "jane",
        "kate",
        "lucy",
        "sophie",
        "chloe",
        "zoe",
        "carlos",
        "luis",
        "jorge",
        "pedro",
        "antonio",
        "francisco",
        "miguel",
        "manuel",
        "javier",
        "fernando",
        "sergio",
        "diego",
        "hans",
        "klaus",
        "jurgen",
        "wolfgang",
        "pierre",
        "jacques",
        "francois",
        "jean-claude",
        "giorgio",
        "silvio",
        "matteo",
        "mario",
        "giuseppe",
        "raj",
        "amit",
        "sanjay",
        "anil",
        "sunil",
        "vijay",
        "ravi",
        "suresh",
        "ramesh",
        "priya",
        "anand",
        "arvind",
        "rahul",
        "sonia",
        "shaktikanta",
        "hiroshi",
        "kenji",
        "takeshi",
        "yoshihide",
        "fumio",
        "shinzo",
    ]
)


class Cue(NamedTuple):
    """A word that stands beside a company's name: ``side`` is "after", "before" or "within" the cue."""

    word: str
    side: str


class Proposal(NamedTuple):
    """A name that may be a company's, with the cues that speak for it."""

    start: int
    end: int
    cues: tuple[Cue, ...]


def vocabulary() -> Iterator[tuple[str, Cue]]:
    """The cues for the one scan."""
    for words, side in ((_NOUNS, "noun"), (_OF, "of"), (_AFTER, "before"), (_WITHIN, "within")):
        for word in dict.fromkeys(words.split("|")):
            yield word, Cue(word, side)


def _trimmed(text: str, start: int, end: int, common: Collection[str], tail: bool) -> tuple[int, int] | None:
    """``text[start:end]`` without words in front, and with ``tail`` behind, that are no part of a name; None where
    nothing is left."""
    stop = _SENTENCE_END.search(text, start, end)
    # "... of Acme. The" -- the name ends with the sentence, unless the stop is of an abbreviation.
    if stop is not None and stop.start() - text.rfind(" ", start, stop.start()) > 4:
        end = stop.start()
    while end > start and (trail := _TRAIL.search(text, start, end)):
        end = trail.start()
    while start < end:
        space = text.find(" ", start, end)
        if space < 0:
            break
        word = text[start:space].lower()
        if word not in _LEADING and word not in common and not word.endswith(("'s", "’s")):
            break
        start = space + 1
    while tail and (space := text.rfind(" ", start, end)) > start and text[space + 1 : end].lower() in common:
        end = space
    if end - start < 2 or not text[start].isupper() or text[start:end].lower() in _LEADING:
        return None
    return start, end


def proposals(
    text: str, body_start: int, hits: Iterable[Hit], taken: Sequence[tuple[int, int]], common: Collection[str]
) -> list[Proposal]:
    """Names beside cues, in order, none twice and none over a span of ``taken`` (in order). ``common``: words that news
    writes in lower case, which begin no name in a headline."""
    found: dict[tuple[int, int], list[Cue]] = {}
    title_end = max(0, body_start - 2)
    shouting: bool | None = None
    for start, end, cue in hits:
        zone_start, zone_end = (0, title_end) if start < title_end else (body_start, len(text))
        if cue.side in ("noun", "of"):
            if not text[end + 1 : end + 3].strip("\"'“‘").strip() or not (
                match := _FOLLOWING.match(text, end, zone_end)
            ):
                continue
            span = match.span(1)
        elif cue.side == "within":
            if not text[start].isupper() or start < zone_start + 2 or text[start - 1] != " ":
                continue
            match = _PRECEDING.search(text[max(zone_start, start - _REACH) : start])
            if not match or text[start - 2] in ".!?:;":
                continue
            span = (max(zone_start, start - _REACH) + match.start(1), end)
        else:
            if start < zone_start + 2 or text[start - 1] != " ":
                continue
            if cue.word in ("shares", "stock") and not _PRICE_VERB.match(text, end):
                continue
            last = text.rfind(" ", zone_start, start - 1) + 1
            if not text[max(last, zone_start)].isupper():
                continue
            match = _PRECEDING.search(text[max(zone_start, start - _REACH) : start])
            if not match:
                continue
            span = (max(zone_start, start - _REACH) + match.start(1), max(zone_start, start - _REACH) + match.end(1))
        if shouting is None:
            shouting = title_case(text[:title_end])
        within_title = span[0] < title_end
        loud = within_title and shouting
        trimmed = _trimmed(
            text, *span, common if loud or cue.side == "within" else (), loud and cue.side in ("noun", "of")
        )
        if trimmed is None or (cue.side == "within" and " " not in text[trimmed[0] : trimmed[1]]):
            continue
        form = LEGAL_FORM_AFTER.search(text, trimmed[0], trimmed[1])
        if form and form.start() > trimmed[0]:
            trimmed = (trimmed[0], form.start() if form.end() >= trimmed[1] else trimmed[1])
        name = text[trimmed[0] : trimmed[1]].lower()
        if (
            name in _NOT_A_NAME
            or len(name) < 2
            or _PLURAL.fullmatch(text, *trimmed)
            or (" " in name and name.partition(" ")[0] in _GIVEN and cue.side != "within")
        ):
            continue
        found.setdefault(trimmed, []).append(cue)
    result: list[Proposal] = []
    at = 0
    for (start, end), cues in sorted(found.items()):
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] < end:
            continue
        if result and start < result[-1].end:
            if end - start > result[-1].end - result[-1].start:
                result[-1] = Proposal(start, end, tuple(cues))
            continue
        result.append(Proposal(start, end, tuple(cues)))
    return result


def features(
    text: str, body_start: int, proposal: Proposal, tables: Tables, common: Collection[str], seen: Around | None = None
) -> Features:
    """What the shape and the place of a proposed name say."""
    start, end, cues = proposal
    name = text[start:end]
    words = name.split()
    seen = seen or around(text, start, end)
    after = "'s " + seen.after if seen.possessive else seen.after
    before_pair = tables["before2"].get(seen.before2 + " " + seen.before)
    after_pair = tables["after2"].get(after + " " + seen.after2)
    odds = (before_pair if before_pair is not None else tables["before"].get(seen.before, 0.0)) + (
        after_pair if after_pair is not None else tables["after"].get(after, 0.0)
    )
    found: Features = {"form:odds": odds / 4, f"form:words={min(4, len(words))}": 1.0}
    for cue in cues:
        found[f"form:{cue.side}"] = 1.0
        found[f"form:{cue.side}={cue.word}"] = 1.0
    if len(cues) > 1:
        found["form:cues"] = 1.0
    if LEGAL_FORM_AFTER.match(text, end, end + 40):
        found["form:legal"] = 1.0
    lowered = [w.lower() for w in words]
    plain = sum(all(p in common or p.removesuffix("s") in common for p in w.split("-")) for w in lowered)
    if plain == len(words):
        found["form:all_common"] = 1.0
        if len(words) == 1:
            found["form:one_common"] = 1.0
    elif plain == 0:
        found["form:none_common"] = 1.0
    if len(words) > 1 and lowered[0] in _GIVEN and not any(c.side == "within" for c in cues):
        found["form:given_name"] = 1.0
    if len(words) == 2 and plain == 0 and not any(c.side == "within" for c in cues):
        found["form:two_names"] = 1.0
    if any(w in _NOT_A_NAME for w in lowered):
        found["form:other_word"] = 1.0
    if name.isupper():
        found["form:acronym"] = 1.0
    elif any(c.isupper() for w in words for c in w[1:]):
        found["form:inner_capital"] = 1.0
    if any(c.isdigit() for c in name):
        found["form:digit"] = 1.0
    if "." in name.rstrip("."):
        found["form:dot"] = 1.0
    if start < body_start:
        found["form:title"] = 1.0
        if title_case(text[: max(0, body_start - 2)]):
            found["form:title_case"] = 1.0
    if text.count(name) > 1:
        found["form:twice"] = 1.0
    if seen.capital_before:
        found["form:capital_before"] = 1.0
    if seen.capital_after:
        found["form:capital_after"] = 1.0
    return found


def everywhere(text: str, name: str, most: int = 50) -> list[tuple[int, int]]:
    """Where ``name`` stands in ``text`` by whole words, at most so often."""
    found: list[tuple[int, int]] = []
    at = text.find(name)
    while at >= 0 and len(found) < most:
        end = at + len(name)
        if not (at and text[at - 1].isalnum()) and not text[end : end + 1].isalnum():
            found.append((at, end))
        at = text.find(name, end)
    return found
