"""JSON as protobuf reads it, which takes other forms for the same as those that the document tells of."""

from __future__ import annotations

import re
from typing import Any

from jsonschema import ValidationError

from tests.gateway.openapi import check, resolved

Json = dict[str, Any]


def is_read_as_right(schema: Json, body: Any) -> bool:
    """Tell whether a body that is wrong by the document is right as protobuf reads it."""
    return not _keeps(schema, body) and _keeps(schema, as_protobuf_reads(schema, body))


def as_protobuf_reads(schema: Json, value: Any) -> Any:
    """Return JSON in the one form that the document tells of, where protobuf takes others for the same.

    A null is a field that is absent; numbers and truth values may be texts, and values of an enum numbers, 0 for none.
    """
    schema = resolved(schema)
    if "anyOf" in schema:  # what may be null
        schema = resolved(schema["anyOf"][0])
    kinds = schema.get("type", ())
    match value:
        case dict():
            fields: Json = schema.get("properties", {})
            read = {name: as_protobuf_reads(fields.get(name, {}), each) for name, each in value.items()}
            return {name: each for name, each in read.items() if each is not None}
        case list():
            return [as_protobuf_reads(schema.get("items", {}), each) for each in value]
        case str() if "integer" in kinds and re.fullmatch(r"-?\d[\d.eE+-]*", value):
            return float(value)
        case str() if "boolean" in kinds and value in ("true", "false"):
            return value == "true"
        case bool():
            return value
        case int() | float() if "enum" in schema and 0 <= value <= len(schema["enum"]):
            return schema["enum"][int(value) - 1] if value else None
    return value


def _keeps(schema: Json, value: Any) -> bool:
    try:
        check(schema, value)
    except ValidationError:
        return False
    return True
