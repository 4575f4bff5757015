"""Runs a bounded graph to its end in this process, once or again and again."""

import copy
from collections import Counter
from typing import Any

from apache_beam.metrics.monitoring_infos import USER_COUNTER_URN, extract_counter_value
from apache_beam.runners.pipeline_utils import group_by_key_input_visitor
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.execution import FnApiRunnerExecutionContext
from apache_beam.runners.portability.fn_api_runner.worker_handlers import WorkerHandlerManager
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

from pipeline.errors import PolicywireError
from pipeline.runners.pipelines import empty_pipeline, last_words

OURS = "policywire"
"""What the namespaces of our counters begin with."""


def bounded_pipeline() -> Any:
    """An empty pipeline on the engine behind DirectRunner's batch mode.

    Named outright, because DirectRunner chooses among three engines by what a graph contains and by what it can
    download, and a replay must come out the same everywhere.
    """
    return empty_pipeline(["--direct_num_workers=1"], FnApiRunner())


def run_to_end(pipeline: Any) -> Counter[str]:
    """Runs and returns the committed counters by name. Raises PolicywireError where a step failed."""
    try:
        return _committed(pipeline.run())
    except PolicywireError as error:
        raise type(error)(last_words(error)) from error
    except Exception as error:
        raise StepError(last_words(error)) from error


class Prepared:
    """A graph that is built, translated and set up once and run many times, each time as if anew: its sources must look
    for what they read when they run."""

    def __init__(self, pipeline: Any) -> None:
        """``pipeline`` is one that ``bounded_pipeline`` gave, with its graph."""
        pipeline.visit(group_by_key_input_visitor(True))
        self._runner = _LastingRunner()
        graph = pipeline.to_runner_api(default_environment=EmbeddedPythonEnvironment.default())
        self._context, self._stages = self._runner.create_stages(self._runner.resolve_any_environments(graph))

    def run_to_end(self) -> Counter[str]:
        """Runs and returns the committed counters by name. Raises PolicywireError where a step failed."""
        try:
            return self._runner.run_again(self._context, copy.deepcopy(self._stages))
        except PolicywireError:
            raise
        except Exception as error:
            words = f"a step of the graph failed: {last_words(error)}; please report it (--debug shows more)"
            raise StepError(words) from error

    def close(self) -> None:
        """Lets the steps go."""
        self._runner.close()


class _LastingRunner(FnApiRunner):
    """Keeps its worker, and with it the steps that are set up, from one run to the next. Setting them up is two thirds
    of what a run costs whatever its input."""

    def __init__(self) -> None:
        super().__init__()
        self._workers: WorkerHandlerManager | None = None

    def run_again(self, stage_context: Any, stages: list[Any]) -> Counter[str]:
        """What ``run_stages`` does, in one worker and without timers; but the worker stays, unless a step failed."""
        if self._workers is None:
            self._workers = WorkerHandlerManager(stage_context.components.environments, self._provision_info)
        context = FnApiRunnerExecutionContext(
            stages,
            self._workers,
            stage_context.components,
            stage_context.safe_coders,
            stage_context.data_channel_coders,
            num_workers=1,
        )
        counters: Counter[str] = Counter()
        try:
            context.setup()
            queues = context.queues
            while len(queues.ready_inputs):
                name, bundle = queues.ready_inputs.deque()
                result = self._execute_bundle(context, context.bundle_manager_for(context.stages[name]), bundle)
                for info in result.process_bundle.monitoring_infos:
                    if info.urn == USER_COUNTER_URN and info.labels["NAMESPACE"].startswith(OURS):
                        counters[info.labels["NAME"]] += extract_counter_value(info)
                if not len(queues.ready_inputs):
                    self._schedule_ready_bundles(context)
            if len(queues.watermark_pending_inputs) or len(queues.time_pending_inputs):
                raise RuntimeError("the graph ended with input that was not read")
        except BaseException:
            self.close()
            raise
        return counters

    def close(self) -> None:
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.close_all()


class StepError(PolicywireError):
    """A step of the graph raised what it should not have."""


def _committed(result: Any) -> Counter[str]:
    state = result.wait_until_finish()
    if state != "DONE":
        raise PolicywireError(f"the pipeline ended in state {state}")
    counters: Counter[str] = Counter()
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.namespace.startswith(OURS):
            counters[counter.key.metric.name] += counter.committed or 0
    return counters
