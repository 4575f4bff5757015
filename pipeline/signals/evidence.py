"""The words that a signal's labels rest on, its authority, its background, and further signals of the article."""

from collections.abc import Sequence

from pipeline.articles.document import Document
from pipeline.scan import Hit
from pipeline.signals.frames import Frame
from schemas import Authority, Signal, Span
from schemas.terms import AuthorityKind, Direction, Instrument, Stage

_MOST = 5
_KINDS: dict[str, AuthorityKind] = {
    "regulator": "regulator",
    "government": "government",
    "ministry": "ministry",
    "central_bank": "central_bank",
    "legislature": "legislature",
    "court": "court",
    "prosecutor": "prosecutor",
    "subnational": "subnational",
    "supranational": "supranational",
}


def authority(document: Document, found: Sequence[Hit], told: Sequence[Frame], jurisdiction: str) -> Authority | None:
    """Who acts: the first body of the signal's jurisdiction, else a body named only by its kind; None where neither."""
    first: Hit | None = None
    actors = {frame.actor_span for frame in told if not frame.background and frame.actor_span is not None}
    for hit in found:
        body = hit[2].body
        if body is not None and body.jurisdiction == jurisdiction:
            if (hit[0], hit[1]) in actors:
                first = hit
                break
            first = first or hit
    if first is not None:
        body = first[2].body
        name = f"{body.person}, {body.name}" if body.person else body.name
        return Authority(
            name=name, kind=body.kind, jurisdiction=body.jurisdiction, span=document.span(first[0], first[1])
        )
    for hit in found:
        tag = hit[2].tags[0] if hit[2].tags else ""
        cls, _, group = tag.partition(".")
        if cls == "generic":
            span = document.span(hit[0], hit[1])
            return Authority(name=span.quote, kind=_KINDS[group], jurisdiction=jurisdiction, span=span)
        if hit[2].place is not None and hit[2].place.jurisdiction == jurisdiction and (hit[0], hit[1]) in actors:
            # "Australia lifts ban": the country stands for its government.
            span = document.span(hit[0], hit[1])
            return Authority(name=span.quote, kind="government", jurisdiction=jurisdiction, span=span)
    return None


def spans(document: Document, told: Sequence[Frame], direction: Direction) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Evidence for ``direction`` (clauses whose own direction agrees, title first) and background."""
    agreeing = [f for f in told if not f.background and f.direction == direction]
    others = [f for f in told if not f.background and f.direction is None]
    chosen = sorted((agreeing or others)[:_MOST], key=lambda f: f.start)
    past = [f for f in told if f.background][:_MOST]
    return (
        tuple(document.span(*f.span) for f in chosen),
        tuple(document.span(*f.span) for f in past),
    )


_INSTRUMENT_OF: tuple[tuple[str, Instrument], ...] = (
    ("burden.interest", "monetary"),
    ("burden.rate", "monetary"),
    ("burden.tariff", "trade"),
    ("burden.sanction", "trade"),
    ("permit.trade", "trade"),
    ("burden.tax", "fiscal"),
    ("support.", "fiscal"),
    ("permit.deal", "licensing"),
    ("permit.licence", "licensing"),
    ("burden.probe", "investigation"),
    ("tight.probe", "investigation"),
    ("burden.penalty", "enforcement"),
    ("tight.fine", "enforcement"),
    ("tight.sue", "enforcement"),
    ("law.bill", "rulemaking"),
    ("burden.rule", "rulemaking"),
)


def instrument_of(frame: Frame) -> Instrument | None:
    """The instrument that a single clause tells of, from its object, else its act."""
    for tag in (frame.object_class, frame.act_class):
        for prefix, instrument in _INSTRUMENT_OF:
            if tag.startswith(prefix):
                return instrument
    return None


def stage_of(frame: Frame) -> Stage:
    """The stage that a single clause tells of, from its mood and tense."""
    if frame.mood in ("considered", "demanded", "questioned") or frame.tense == "future":
        return "signalled"
    return "proposed" if frame.mood == "proposed" else "decided"


def further(document: Document, told: Sequence[Frame], main: Signal) -> tuple[Signal, ...]:
    """Other acts that the same article tells as news: by a named body, with another instrument or jurisdiction than
    the main signal. Their confidence is that of a rule, below the main one's."""
    found: list[Signal] = []
    seen = {(main.jurisdiction, main.instrument)}
    for frame in told:
        if frame.background or frame.body is None or frame.direction is None or not frame.object:
            continue
        instrument = instrument_of(frame)
        if instrument is None:
            continue
        key = (frame.body.jurisdiction, instrument)
        if key in seen:
            continue
        seen.add(key)
        assert frame.actor_span is not None
        found.append(
            Signal(
                direction=frame.direction,
                instrument=instrument,
                stage=stage_of(frame),
                jurisdiction=frame.body.jurisdiction,
                authority=Authority(
                    name=frame.body.name,
                    kind=frame.body.kind,
                    jurisdiction=frame.body.jurisdiction,
                    span=document.span(*frame.actor_span),
                ),
                confidence=round(main.confidence / 2, 4),
                evidence=(document.span(*frame.span),),
            )
        )
        if len(found) == 3:
            break
    return tuple(found)
