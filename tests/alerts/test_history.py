from datetime import timedelta

from pipeline.alerts.history import revise
from tests.builders import NOON, alert, article, company, signal


def test_a_first_alert_is_emitted_and_remembered():
    first = alert()
    emitted, history = revise(first, None)
    assert emitted == first
    assert history is not None
    assert history.alert.id == first.id


def test_an_article_without_an_alert_leaves_no_trace():
    assert revise(None, None) == (None, None)


def test_an_edited_date_or_headline_alerts_no_second_time():
    _, history = revise(alert(), None)
    edited = alert(article=article(published=NOON + timedelta(days=1), title="Regulator fines Acme Bank (update)"))
    assert revise(edited, history) == (None, history)


def test_other_labels_make_a_revision_that_names_what_it_supersedes():
    first, history = revise(alert(), None)
    second, history = revise(alert(signal=signal(direction="easing")), history)
    assert first is not None
    assert second is not None
    assert (second.revision, second.supersedes) == (2, first.id)
    assert second.id != first.id
    third, _ = revise(alert(companies=(company("Other Bank"),)), history)
    assert third is not None
    assert (third.revision, third.supersedes) == (3, second.id)


def test_a_signal_gone_withdraws_the_alert_once():
    first, history = revise(alert(), None)
    withdrawal, history = revise(None, history)
    assert first is not None
    assert withdrawal is not None
    assert withdrawal.withdrawn
    assert withdrawal.supersedes == first.id
    assert revise(None, history) == (None, history)


def test_a_withdrawn_alert_can_come_back():
    _, history = revise(alert(), None)
    _, history = revise(None, history)
    again, _ = revise(alert(), history)
    assert again is not None
    assert (again.revision, again.withdrawn) == (3, False)


def test_what_is_remembered_holds_no_text():
    _, history = revise(alert(article=article(text="long")), None)
    assert history is not None
    assert history.alert.article.text == ""


def test_a_correction_stays_in_the_story_it_corrects():
    _, history = revise(alert(), None)
    assert history is not None
    key = history.key
    _, history = revise(alert(signal=signal(direction="easing", instrument="fiscal")), history)
    assert history is not None
    assert history.key == key
