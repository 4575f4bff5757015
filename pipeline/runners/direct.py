"""Runs a bounded graph to its end in this process."""

import logging
from collections import Counter
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline.errors import PolicywireError


def bounded_pipeline() -> Any:
    """An empty pipeline on the engine behind DirectRunner's batch mode.

    Named outright, because DirectRunner chooses among three engines by what a graph contains and by what it can
    download, and a replay must come out the same everywhere.
    """
    # Beam warns of options and type hints that are none of a user's business here.
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(["--direct_num_workers=1"]))


def run_to_end(pipeline: Any) -> Counter[str]:
    """Runs and returns the committed counters by name. Raises PolicywireError where a step failed."""
    result = pipeline.run()
    state = result.wait_until_finish()
    if state != "DONE":
        raise PolicywireError(f"the pipeline ended in state {state}")
    counters: Counter[str] = Counter()
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.namespace.startswith("policywire"):
            counters[counter.key.metric.name] += counter.committed or 0
    return counters
