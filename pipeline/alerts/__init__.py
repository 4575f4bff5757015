"""When an article is an alert, which story it tells, and whether it has been told before.

Everything but ``transform`` is a pure function of its arguments: replay, rounds and streaming runners differ only
in where the previous state comes from.
"""

from pipeline.alerts.decision import Held, make_alert
from pipeline.alerts.history import History, revise
from pipeline.alerts.story import StoryState, place, story_key

__all__ = ["Held", "History", "StoryState", "make_alert", "place", "revise", "story_key"]
