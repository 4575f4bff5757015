"""One article as JSON, from an archive's line or a Kafka message."""

from datetime import datetime

from pydantic import ValidationError

from pipeline.dead_letters import dead_letter
from pipeline.settings import ReadLimits
from schemas import Article, DeadLetter, Position
from schemas.terms import Cause

STEP = "Source"
_SPELLINGS = {"date": "published", "link": "url"}
_TIMES = ("published", "updated", "arrived", "date")


def parse_record(
    payload: bytes, position: Position, limits: ReadLimits, arrived: datetime | None = None
) -> Article | DeadLetter:
    """The article in ``payload`` (schemas' Article as UTF-8 JSON) with its position and, where it is given, the time
    at which it arrived; or a dead letter that says what is wrong with it. Never raises."""
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as error:
        return dead_letter(
            "bad_encoding",
            STEP,
            f"not UTF-8 (byte {error.start}): convert it, for example with iconv",
            position,
            payload,
        )
    try:
        article = Article.model_validate_json(payload)
    except ValidationError as error:
        cause, message = _explain(error)
        return dead_letter(cause, STEP, message, position, payload, error)
    if not article.title.strip() and not article.text.strip():
        return dead_letter("bad_schema", STEP, "neither title nor text: nothing to read", position, payload)
    if max(len(article.title), len(article.text)) > limits.max_text_chars:
        message = f"title or text longer than {limits.max_text_chars:,} characters (limits.max_text_chars)"
        return dead_letter("too_large", STEP, message, position, payload)
    here = {"position": position, "arrived": arrived or article.arrived}
    return article.model_copy(update=here)


def _explain(error: ValidationError) -> tuple[Cause, str]:
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    if first["type"] == "json_invalid":
        return "bad_json", f"not JSON: {first['msg'].removeprefix('Invalid JSON: ')}"
    key = ".".join(str(part) for part in first["loc"]) or "the record"
    if first["type"] == "extra_forbidden":
        if name := _SPELLINGS.get(key):
            return "bad_schema", f"{name!r} and {key!r} are both given and mean the same: keep one"
        return "bad_schema", f"unknown field {key!r}: see `policywire schema article`"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = f"{key}: {first['msg'].removeprefix('Value error, ')}{more}"
    dates_only = all(problem["loc"] and problem["loc"][0] in _TIMES for problem in problems)
    return ("bad_date" if dates_only else "bad_schema"), message
