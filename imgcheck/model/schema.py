"""The published JSON Schema of every document, derived from the type hints of the model.

The files in ``schemas/`` beside this one are written by ``python -m imgcheck.model.schema``; a
test keeps them equal.
"""

import dataclasses
import enum
import types
import typing
from datetime import datetime
from typing import Any

from imgcheck.model.codec import name_of
from imgcheck.model.documents import DOCUMENTS
from imgcheck.model.report import SCHEMA, Report
from imgcheck.model.statement import KINDS, Statement
from imgcheck.model.window import Window
from imgcheck.quantity import Interval

_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema (draft 2020-12) of every document, by the name of its kind."""
    every: dict[str, type] = {SCHEMA: Report, **{kind.SCHEMA: kind for kind in DOCUMENTS}}
    named = {name.partition("/")[0].removeprefix("imgcheck-"): name for name in every}
    return {kind: _schema(every[name], name) for kind, name in named.items()}


def _schema(document: type, name: str) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    root = _of(document, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:imgcheck:{name}",
        "title": name.partition("/")[0].replace("-", " "),
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(option, definitions) for option in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return _of_tuple(arguments, definitions)
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    return _reference(kind, definitions)


def _of_tuple(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    return {
        "type": "array",
        "prefixItems": [_of(item, definitions) for item in arguments],
        "minItems": len(arguments),
        "maxItems": len(arguments),
    }


def _reference(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # taken, so that a class may refer to itself
        definitions[name] = _of_class(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _of_class(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind is Statement:
        return {"oneOf": [_reference(cls, definitions) for cls in KINDS.values()]}
    if kind is Interval:
        end = {"type": ["number", "null"], "description": "null: no limit on this side"}
        return _object({"low": end, "high": end, "level": {"type": "number"}})
    if kind is Window:
        moment = {"type": "string", "description": "ISO 8601; without a time zone if none is known"}
        zone = {"enum": ["stated", None]}
        return _object({"start": moment, "end": moment, "zone": zone})
    hints = typing.get_type_hints(kind)
    fields = {
        name_of(field): _of(hints[field.name], definitions)
        for field in dataclasses.fields(kind)
        if field.metadata.get("json", True)
    }
    if issubclass(kind, Statement):
        fields = {"kind": {"const": kind.kind}, **fields}
    if "schema" in fields:
        fields["schema"] = {"const": getattr(kind, "SCHEMA", SCHEMA)}
    return _object(fields)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


if __name__ == "__main__":
    import json
    from pathlib import Path

    for name, schema in schemas().items():
        target = Path(__file__).with_name("schemas") / f"{name}.json"
        target.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
