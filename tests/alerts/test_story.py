from datetime import timedelta

import pytest

from pipeline.alerts.story import place, story_key
from tests.builders import NOON, alert, article, company, signal

HOURS = 72.0


def at(hours: float, **changes):
    return alert(article=article(id=f"a{hours}", published=NOON + timedelta(hours=hours)), **changes)


def test_two_articles_on_one_act_share_a_key():
    other = at(1, companies=(company("Bystander", role="commentator"), company()))
    assert story_key(alert()) == story_key(other)


@pytest.mark.parametrize("change", [{"direction": "easing"}, {"jurisdiction": "US"}, {"instrument": "trade"}])
def test_another_act_has_another_key(change):
    assert story_key(alert()) != story_key(alert(signal=signal(**change)))


def test_without_company_and_authority_each_article_is_its_own_story():
    bare = {"signal": signal(authority=None), "companies": ()}
    assert story_key(at(0, **bare)) != story_key(at(1, **bare))


def test_the_second_of_a_story_is_a_repeat():
    first, state = place(at(0), None, HOURS)
    second, _ = place(at(5), state, HOURS)
    assert (first.repeat, second.repeat) == (False, True)
    assert first.story == second.story != ""


def test_an_act_that_has_come_further_is_no_repeat():
    _, state = place(at(0, signal=signal(stage="proposed")), None, HOURS)
    decided, state = place(at(5, signal=signal(stage="decided")), state, HOURS)
    back, _ = place(at(6, signal=signal(stage="proposed")), state, HOURS)
    assert (decided.repeat, back.repeat) == (False, True)


def test_a_story_ends_after_its_silence_and_lives_on_while_told():
    first, state = place(at(0), None, HOURS)
    still, state = place(at(70), state, HOURS)
    on, state = place(at(140), state, HOURS)
    new, _ = place(at(213), state, HOURS)
    assert first.story == still.story == on.story != new.story
    assert not new.repeat


def test_a_correction_is_never_a_repeat():
    _, state = place(at(0), None, HOURS)
    corrected, _ = place(at(1, revision=2, supersedes="x"), state, HOURS)
    assert not corrected.repeat


def test_undated_articles_join_the_story_told():
    _, state = place(at(0), None, HOURS)
    undated, state = place(alert(article=article(id="u", published=None)), state, HOURS)
    assert undated.repeat
    assert state.last == NOON
