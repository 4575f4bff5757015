"""Direction is composed of act and object, with negation, acts on acts and headline grammar."""

import pytest

from pipeline.articles.document import Document
from pipeline.scan import Scanner
from pipeline.signals.frames import POLARITY, Frame, compose, read
from pipeline.signals.hits import KIND, standing
from pipeline.signals.sentences import split
from pipeline.signals.vocabulary import terms

SCANNER = Scanner({KIND: list(terms().items())})


def frames_of(title: str, text: str = "") -> tuple[Frame, ...]:
    document = Document(title, text)
    found = standing(document.full, SCANNER.scan(document.full).get(KIND, []), len(document.full))
    return read(document.full, found, split(document.full, document.body_start))


def first_direction(title: str) -> str | None:
    return next((f.direction for f in frames_of(title) if f.direction is not None), None)


TIGHTENING = [
    "Ministry bans single-use bottles",
    "Regulator imposes fees on parcel firms",
    "Government raises tax on fuel",
    "Parliament blocks a bailout of the railway",
    "Minister rejects tax cuts",
    "Commission revokes licence of a lender",
    "Regulator opens probe into ride-hailing firm",
    "Watchdog fines two banks",
    "Court upholds ban on menthol cigarettes",
    "Government ends subsidy for heat pumps",
    "Ministry withdraws funding for ferries",
    "Regulator refuses to lift restrictions on drones",
    "Senate votes against tax relief for airlines",
    "Government delays tax cuts",
    "Ministers back levy on hotels",
    "Council approves sanctions on shipping firms",
    "Senators support ban on plastic bags",
    "Government delays lockdown easing",
    "Ministry extends price controls on bread",
    "Regulator drops plan to cut fees",
    "President vetoes tariff cuts",
    "Central bank lifts interest rates",
    "Regulator tightens rules for insurers",
    "Government scraps tax break for landlords",
    "Levy on hotels to rise",
    "Ferry subsidy to end in March",
    "Surcharge takes effect",
    "Court rules against parcel firm",
    "Court sides with regulator",
    "Premier blasts tax cuts",
    "Ministry widens rules on mergers",
    "Ministry issues merger rules",
]
EASING = [
    "Ministry lifts ban on coal exports",
    "Government delays tax rise",
    "Government drops tariff on steel",
    "Regulator approves merger of two lenders",
    "Court annuls fine on airline",
    "Prosecutors drop charges against carmaker",
    "Regulator ends probe of app store without a fine",
    "Parliament blocks tax rise",
    "Government cuts taxes for small firms",
    "Ministry suspends tariffs on solar panels",
    "Regulator softens rules for lenders",
    "Government scraps plan to raise taxes",
    "Judge blocks rule limiting drilling",
    "Government unveils stimulus",
    "Cabinet approves rescue package for shipyards",
    "Regulator grants licence to satellite operator",
    "Ban on e-scooters lifted",
    "Tariffs to be cut",
    "Government will not raise taxes",
    "Minister rules out windfall tax",
    "Central bank cuts interest rates",
    "Regulator waives fees for start-ups",
    "Government postpones plastics ban",
    "Lawmakers reject moratorium on data centres",
    "Curbs on lenders to end",
    "Curbs on lenders lifted",
    "Toll for lorries to drop next month",
    "Court sides with broker over bus lanes",
    "Court rules against the regulator",
    "Minister slams plan to tax lenders",
    "Watchdog softens stance on merger",
    "Regulator loses its bid to ban fund fees",
    "Council may drop drilling ban",
    "Ministry extends tariff exemption",
]


@pytest.mark.parametrize("title", TIGHTENING)
def test_the_burden_goes_up(title: str) -> None:
    assert first_direction(title) == "tightening"


@pytest.mark.parametrize("title", EASING)
def test_the_burden_goes_down(title: str) -> None:
    assert first_direction(title) == "easing"


@pytest.mark.parametrize("title", ["Central bank leaves rates unchanged", "Ministers meet bank chiefs"])
def test_no_direction_is_made_up(title: str) -> None:
    assert first_direction(title) is None


@pytest.mark.parametrize(
    ("act", "polarity", "expected"),
    [
        ("up", POLARITY["burden"], 1),
        ("down", POLARITY["burden"], -1),
        ("up", POLARITY["support"], -1),
        ("down", POLARITY["support"], 1),
        ("pass", POLARITY["permit"], -1),
        ("block", POLARITY["permit"], 1),
        ("tight", 0, 1),
        ("ease", 0, -1),
        ("keep", POLARITY["burden"], 0),
    ],
)
def test_compose(act: str, polarity: int, expected: int) -> None:
    assert compose(act, polarity) == expected


def test_to_before_an_act_is_future_and_may_is_considered() -> None:
    assert frames_of("Ministry to ban plastic bags")[0].tense == "future"
    assert frames_of("Ministry may ban plastic bags")[0].mood == "considered"
    assert frames_of("Will the ministry ban plastic bags?")[0].mood == "questioned"


def test_the_act_is_the_bodys_own() -> None:
    frame = frames_of("Federal Reserve raises interest rates")[0]
    assert frame.body is not None
    assert frame.body.kind == "central_bank"
    assert (frame.act.lower(), frame.object.lower()) == ("raises", "interest rates")


def test_the_past_is_background() -> None:
    told = frames_of(
        "Regulator approves merger of two grid firms",
        "The regulator fined the larger firm two years ago. In 2019 it had blocked an earlier deal.",
    )
    assert not told[0].background
    assert all(f.background for f in told if f.zone != "title")


def test_a_clause_of_a_thousand_cues_gives_an_answer() -> None:
    assert len(frames_of("ban lifts tax " * 3000)) > 100
