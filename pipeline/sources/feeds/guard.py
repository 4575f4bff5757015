"""What is refused of an XML document before a feed parser sees it: entity bombs, external entities, deep nesting."""

import re
from xml.parsers import expat

MAX_DEPTH = 200
"""Elements within elements. Feeds need some ten, markup within them some more."""
MAX_ATTRIBUTES = 200
MAX_ENTITY_CHARS = 64
MAX_ENTITIES = 300
_REFERENCE = re.compile(r"&(?!#)|%\w")


class RefusedError(Exception):
    """The document is not safe to parse. The message says why, for a person."""


def inspect(document: bytes) -> None:
    """Looks through ``document``, XML in UTF-8, up to its end or to where it is no longer well-formed.

    Raises RefusedError for an external or parameter entity, one that refers to another or is long (each grows without
    bound when referenced), too many of them, elements nested deeper than MAX_DEPTH or with more than MAX_ATTRIBUTES. Follows no reference itself.
    Linear in the document's length.
    """
    parser = expat.ParserCreate("utf-8")
    depth = entities = 0

    def declared(
        name: str, is_parameter: bool, value: str | None, _base: str | None, system: str | None, *_: object
    ) -> None:
        nonlocal entities
        entities += 1
        if value is None or system is not None:
            raise RefusedError(f"it declares the external entity {name[:40]!r}")
        if is_parameter or _REFERENCE.search(value) or len(value) > MAX_ENTITY_CHARS:
            raise RefusedError(f"it declares the entity {name[:40]!r}, which grows when it is resolved")
        if entities > MAX_ENTITIES:
            raise RefusedError(f"it declares more than {MAX_ENTITIES} entities")

    def opened(name: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            raise RefusedError(f"its element {name[:40]!r} has more than {MAX_ATTRIBUTES} attributes")
        if depth > MAX_DEPTH:
            raise RefusedError(f"its elements are nested deeper than {MAX_DEPTH}")

    def closed(name: str) -> None:  # noqa: ARG001
        nonlocal depth
        depth -= 1

    parser.EntityDeclHandler = declared
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.ordered_attributes = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        # Not well-formed: the feed parser reads such documents by rules of its own, which resolve no entity.
        return
