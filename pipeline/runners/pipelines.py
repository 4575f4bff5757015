"""Where every pipeline begins."""

import re
import shutil
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.runners.quiet import quieten


def empty_pipeline(options: PipelineOptions | Sequence[str] = (), runner: Any = None) -> Any:
    """A pipeline to build a graph in, with Beam's ``options``; ``runner`` None: the one that they name.

    Beam makes a folder for each pipeline, for transforms in other languages, and removes it only when ``run`` ends:
    not for a graph that is only looked at or translated, nor in a process that is killed. We have no such transforms,
    so it goes at once.
    """
    quieten()
    given = options if isinstance(options, PipelineOptions) else PipelineOptions(list(options))
    pipeline = beam.Pipeline(runner=runner, options=given)
    shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)
    return pipeline


def last_words(error: Exception) -> str:
    """The one line that tells most of what a runner raised: the last of a step's trace, without Beam's additions."""
    lines = [line.strip() for line in str(error).splitlines() if len(line.strip()) > 1]
    last = lines[-1] if lines else type(error).__name__
    return re.sub(r"^pipeline\.errors\.\w+: |( \[while running .*\])$", "", last)[:500]
