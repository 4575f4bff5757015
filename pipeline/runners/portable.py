"""What a streaming runner sees of a graph, looked over before it is handed to one."""

from dataclasses import dataclass
from typing import Any

from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2

PARDO = common_urns.primitives.PAR_DO.urn
_DETERMINISTIC = {
    "beam:coder:string_utf8:v1",
    "beam:coder:bytes:v1",
    "beam:coder:varint:v1",
    "beam:coder:bool:v1",
}


@dataclass(frozen=True)
class Look:
    """What was found: the steps by full name, in order of name, and what a runner would stumble over."""

    steps: tuple[str, ...]
    unbounded_sources: tuple[str, ...]
    stateful: tuple[str, ...]
    problems: tuple[str, ...]


def look_over(pipeline: Any, image: str = "policywire:check") -> Look:
    """Translates ``pipeline`` as for a runner with workers in ``image`` and looks it over; runs nothing."""
    from apache_beam.transforms.environments import DockerEnvironment

    # A worker with a newer policywire must find the state of the older one: no step's name may come from a counter.
    proto = pipeline.to_runner_api(default_environment=DockerEnvironment.from_container_image(image))
    parts = proto.components
    problems: list[str] = []
    sources, stateful = [], []
    leaves = {key: step for key, step in parts.transforms.items() if step.spec.urn and not step.subtransforms}
    for step in leaves.values():
        if step.spec.urn != PARDO:
            continue
        payload = beam_runner_api_pb2.ParDoPayload.FromString(step.spec.payload)
        if payload.restriction_coder_id:
            bounded = [parts.pcollections[output].is_bounded for output in step.outputs.values()]
            if all(value == beam_runner_api_pb2.IsBounded.UNBOUNDED for value in bounded):
                sources.append(step.unique_name)
        if payload.state_specs or payload.timer_family_specs:
            stateful.append(step.unique_name)
            problems += _unkeyed(step, parts)
        if b"__main__" in payload.do_fn.payload:
            problems.append(f"{step.unique_name}: pickles the main module, which workers do not have")
    if not sources:
        problems.append("no source is unbounded: the job would end")
    names = sorted(step.unique_name for step in leaves.values())
    problems += [f"{name}: named by a counter" for name in names if any(c in name for c in ("ref_", "0x"))]
    return Look(tuple(names), tuple(sorted(sources)), tuple(sorted(stateful)), tuple(problems))


def _unkeyed(step: Any, parts: Any) -> list[str]:
    problems = []
    for collection in step.inputs.values():
        coder = parts.coders[parts.pcollections[collection].coder_id]
        if coder.spec.urn != "beam:coder:kv:v1":
            problems.append(f"{step.unique_name}: has state, but its input is not keyed")
            continue
        key = parts.coders[coder.component_coder_ids[0]].spec.urn
        if key not in _DETERMINISTIC:
            problems.append(f"{step.unique_name}: the coder of its keys ({key or 'pickled'}) is not deterministic")
    return problems
