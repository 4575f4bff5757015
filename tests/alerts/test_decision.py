"""Which articles become alerts, and what holds the others back."""

import pytest

from pipeline.alerts.decision import Held, alert_id, headline, is_on_watchlist, make_alert
from pipeline.alerts.severity import severity
from pipeline.articles.document import Document
from pipeline.reading import Reading
from pipeline.settings import AlertPolicy
from pipeline.signals import SignalReading
from schemas import Alert
from tests.builders import article, company, signal


def reading(*signals, companies=()) -> Reading:
    return Reading(Document("Regulator fines Acme Bank", ""), SignalReading(0.9, signals), tuple(companies))


def test_a_signal_is_an_alert_with_its_companies_most_relevant_first():
    found = (company("Rival", "affected", relevance=0.2), company())
    made = make_alert(article(), reading(signal(), signal(instrument="trade"), companies=found), AlertPolicy(), "v1")
    assert isinstance(made, Alert)
    assert [c.name for c in made.companies] == ["Acme Bank", "Rival"]
    assert [s.instrument for s in made.further_signals] == ["trade"]
    assert (made.revision, made.supersedes, made.model_version) == (1, None, "v1")


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"min_confidence": 0.95}, "confidence"),
        ({"directions": ("easing",)}, "direction"),
        ({"jurisdictions": ("US",)}, "jurisdiction"),
        ({"instruments": ("trade",)}, "instrument"),
        ({"companies": ("NYSE:OTHER",)}, "company"),
    ],
)
def test_the_policy_names_what_held_an_article_back(policy, reason):
    made = make_alert(article(), reading(signal(), companies=(company(),)), AlertPolicy(**policy), "v1")
    assert made == Held(reason)


def test_no_signal_and_other_languages_are_held_back():
    assert make_alert(article(), reading(), AlertPolicy(), "v1") == Held("no_signal")
    assert make_alert(article(language="de"), None, AlertPolicy(), "v1") == Held("language")
    assert make_alert(article(language="de"), reading(signal()), AlertPolicy(), "v1") == Held("language")


def test_the_text_is_left_out_where_the_settings_say_so():
    made = make_alert(article(text="Long."), reading(signal()), AlertPolicy(full_text=False), "v1")
    assert isinstance(made, Alert)
    assert made.article.text == ""


@pytest.mark.parametrize("entry", ["LSE:ACME", "acme", "Acme Bank", "ACME BANK"])
def test_a_watchlist_knows_ticker_symbol_and_name(entry):
    assert is_on_watchlist(company(), (entry,))
    assert not is_on_watchlist(company("Other", ticker=""), (entry,))


def test_the_id_follows_labels_and_revision_only():
    one = alert_id("a1", signal(), 1)
    assert one == alert_id("a1", signal(confidence=0.2, evidence=()), 1)
    assert (
        len(
            {one, alert_id("a1", signal(stage="proposed"), 1), alert_id("a1", signal(), 2), alert_id("a2", signal(), 1)}
        )
        == 4
    )


def test_the_headline_is_the_title_else_the_start_of_the_text():
    assert headline(article()) == "Regulator fines Acme Bank"
    assert headline(article(title="", text="First line.\nSecond.")) == "First line."
    cut = headline(article(title="", text="word " * 200))
    assert len(cut) <= 300
    assert cut.endswith("word…")


def test_severity_grows_with_stage_instrument_direction_and_target():
    assert severity(signal(), (company(),)) == "high"
    assert severity(signal(stage="signalled", instrument="guidance", direction="neutral"), ()) == "low"
    assert severity(signal(stage="proposed", instrument="guidance"), (company("X", "background"),)) == "low"
    assert severity(signal(stage="decided", instrument="guidance"), ()) == "medium"
