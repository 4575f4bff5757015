import sys

import pytest

from pipeline.errors import UsageError
from pipeline.runners.trouble import Trouble
from pipeline.telemetry.traces import Traces
from tests.telemetry.reports import AT, report


def test_a_round_is_a_span_with_its_stages_and_what_came_of_it():
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    with Traces(memory) as traces:
        traces(report())
        traces(Trouble("kafka", "no answer"))
    spans = {span.name: span for span in memory.get_finished_spans()}
    assert set(spans) == {"round", "plan", "run", "write"}
    whole = spans["round"]
    assert whole.attributes["policywire.articles"] == 3
    assert [event.name for event in whole.events] == ["alert", "dead_letter"]
    assert whole.events[0].attributes["article"] == "a1"
    assert spans["run"].parent.span_id == whole.context.span_id
    assert whole.end_time == int(AT * 1e9)
    assert spans["plan"].start_time == whole.start_time
    assert spans["write"].end_time == pytest.approx(whole.end_time, abs=1000)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(UsageError, match=r"pip install 'policywire\[otel\]'"):
        Traces()
