"""Runs a bounded graph to its end in this process, once or again and again."""

from collections import Counter
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.pipeline_utils import group_by_key_input_visitor
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from pipeline.errors import PolicywireError
from pipeline.runners.quiet import quieten


def bounded_pipeline() -> Any:
    """An empty pipeline on the engine behind DirectRunner's batch mode.

    Named outright, because DirectRunner chooses among three engines by what a graph contains and by what it can
    download, and a replay must come out the same everywhere.
    """
    quieten()
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(["--direct_num_workers=1"]))


def run_to_end(pipeline: Any) -> Counter[str]:
    """Runs and returns the committed counters by name. Raises PolicywireError where a step failed."""
    return _committed(pipeline.run())


class Prepared:
    """A graph that is built and translated once and run many times, each time as if anew: its sources must look for
    what they read when they run."""

    def __init__(self, pipeline: Any) -> None:
        """``pipeline`` is one that ``bounded_pipeline`` gave, with its graph."""
        self._options = pipeline.options
        pipeline.visit(group_by_key_input_visitor(True))
        self._graph = pipeline.to_runner_api(default_environment=EmbeddedPythonEnvironment.default())

    def run_to_end(self) -> Counter[str]:
        """Runs and returns the committed counters by name. Raises PolicywireError where a step failed."""
        try:
            return _committed(FnApiRunner().run_via_runner_api(self._graph, self._options))
        except PolicywireError:
            raise
        except Exception as error:
            raise StepError(f"a step of the graph failed: {error}; please report it (--debug shows more)") from error


class StepError(PolicywireError):
    """A step of the graph raised what it should not have."""


def _committed(result: Any) -> Counter[str]:
    state = result.wait_until_finish()
    if state != "DONE":
        raise PolicywireError(f"the pipeline ended in state {state}")
    counters: Counter[str] = Counter()
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.namespace.startswith("policywire"):
            counters[counter.key.metric.name] += counter.committed or 0
    return counters
