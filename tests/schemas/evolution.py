"""How far a schema has changed, by the rules of docs/schemas.md; and the earlier versions that today's are compared with.

``python -m tests.schemas.evolution`` keeps today's version under tests/data/schemas: its JSON Schemas, and the alerts
that the seeds raise. It is run once for each version, when that is released.
"""

import json
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any, Literal, TypeAlias

from schemas import SCHEMA_VERSION, Alert, AlertEvent, export

Level: TypeAlias = Literal["none", "patch", "minor", "major"]
LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")
KEPT = Path(__file__).parent.parent / "data" / "schemas"
SEEDS = KEPT.parent.parent.parent / "seeds"
_FACTS = ("type", "const", "format", "pattern", "minimum", "maximum", "minLength", "maxLength", "additionalProperties")


def kept_versions() -> list[str]:
    """The versions under tests/data/schemas, oldest first."""
    return sorted((path.name for path in KEPT.iterdir()), key=lambda name: [int(part) for part in name.split(".")])


def kept_schemas(version: str) -> dict[str, Any]:
    """The JSON Schemas of a version that was kept, by name."""
    return {
        path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in (KEPT / version).glob("*.json")
    }


def kept_alerts(version: str) -> list[dict[str, Any]]:
    """The events of a version that was kept."""
    return [json.loads(line) for line in (KEPT / version / "alerts.jsonl").read_text().splitlines()]


def seed_alerts() -> list[dict[str, Any]]:
    """The events that the seeds raise today."""
    from pipeline.runners.replay import replay
    from pipeline.settings import Settings
    from pipeline.sources.archive import archive_files

    # From the project's root, so that what is kept names no folder of a machine.
    with chdir(SEEDS.parent), replay(archive_files([Path(SEEDS.name)]), Settings()) as outcome:
        return [
            json.loads(AlertEvent.of(Alert.model_validate_json(line)).model_dump_json()) for line in outcome.alerts()
        ]


def change(old: dict[str, Any], new: dict[str, Any]) -> tuple[Level, list[str]]:
    """How far ``new`` has moved from ``old``, and what has changed."""
    before, after = _fields(old, old), _fields(new, new)
    found: list[tuple[Level, str]] = []
    found += [("major", f"{path} was removed") for path in before.keys() - after.keys()]
    for path in after.keys() - before.keys():
        required = after[path]["required"]
        found.append(("major" if required else "minor", f"{path} was added{', required' if required else ''}"))
    for path in before.keys() & after.keys():
        values = [set(fields[path].pop("enum")) for fields in (before, after)]
        if values[0] - values[1]:
            found.append(("major", f"{path} lost {sorted(values[0] - values[1])}"))
        elif values[1] - values[0]:
            found.append(("minor", f"{path} gained {sorted(values[1] - values[0])}"))
        if before[path] != after[path]:
            found.append(("major", f"{path} was {before[path]} and is {after[path]}"))
    if not found and {**old, "$id": ""} != {**new, "$id": ""}:
        found.append(("patch", "words were changed"))
    level = max((level for level, _ in found), key=LEVELS.index, default=LEVELS[0])
    return level, sorted(words for _, words in found)


def raised(old: str, new: str) -> Level:
    """Which part of a version was raised between two."""
    before, after = ([int(part) for part in version.split(".")] for version in (old, new))
    differs = [after[n] > before[n] for n in range(3)]
    return LEVELS[3 - differs.index(True)] if any(differs) else LEVELS[0]


def _fields(
    node: dict[str, Any], root: dict[str, Any], path: str = "", required: bool = True
) -> dict[str, dict[str, Any]]:
    """What a validator would compare, by the path of each field."""
    if "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]] | {k: v for k, v in node.items() if k != "$ref"}
    facts: dict[str, Any] = {key: node[key] for key in _FACTS if key in node}
    facts |= {"enum": node.get("enum", ()), "required": required}
    variants = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    facts["null"] = len(variants) < len(node.get("anyOf", ()))
    found = {path: facts}
    for choice in variants:
        name = path if len(variants) == 1 else f"{path}|{choice.get('type') or choice.get('$ref')}"
        inner = _fields(choice, root, name, required)
        inner[name]["null"] = facts["null"]
        found |= inner
    for name, child in node.get("properties", {}).items():
        found |= _fields(child, root, f"{path}.{name}".lstrip("."), name in node.get("required", ()))
    if isinstance(node.get("items"), dict):
        found |= _fields(node["items"], root, f"{path}[]")
    return found


def main() -> int:
    """Keeps today's version. 1 where it is kept already: what was released is not changed."""
    folder = KEPT / SCHEMA_VERSION
    if folder.exists():
        print(f"{folder} is there already", file=sys.stderr)
        return 1
    alerts = seed_alerts()
    folder.mkdir(parents=True)
    for name in export.MODELS:
        (folder / f"{name}.schema.json").write_text(json.dumps(export.json_schema(name), indent=1) + "\n")
    (folder / "alerts.jsonl").write_text("".join(json.dumps(alert) + "\n" for alert in alerts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
