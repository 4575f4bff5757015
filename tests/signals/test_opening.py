"""The start of an article, on which its labels rest."""

from pipeline.articles.document import Document
from pipeline.signals.opening import start


def test_title_and_text_are_read_apart():
    begun = start(Document("Fed lifts rates", "Banks were told on Monday. They will pay more."))
    assert begun.title == ["fed", "lifts", "rates"]
    assert begun.body[:3] == ["banks", "were", "told"]


def test_without_a_title_the_first_sentence_is_one_and_is_not_read_twice():
    begun = start(Document("", "Banks were told on Monday. They will pay more."))
    assert begun.title == ["banks", "were", "told", "on", "monday"]
    assert begun.body == ["they", "will", "pay", "more"]
    assert begun.sentences[0].zone == "title"


def test_nothing_to_read_is_read_as_nothing():
    assert start(Document("", " ")) == ([], [], [])
