"""Frozen dataclasses to JSON-ready values and back, driven by their type hints.

One pair of functions serves every class of the model, so that a new field needs no second
place to be written. Infinite interval ends become ``null``; bytes never enter the JSON.
"""

import dataclasses
import enum
import math
import types
import typing
from datetime import datetime
from functools import cache
from typing import Any

from imgcheck.quantity import Interval

# A non-finite number is no JSON: open interval ends are null, by field name.
_OPEN_ENDS = {"low": -math.inf, "high": math.inf}


def encode(value: Any) -> Any:
    """Turn a model value into dicts, lists, strings, numbers, booleans and ``None``.

    Raises
    ------
    TypeError
        For a value that has no place in the model, such as an array or a NaN.
    """
    if value is None or isinstance(value, bool | str | int):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(
                f"{value} is not a JSON number; for an unknown value, give None with a reason"
            )
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Interval):
        ends = {name: getattr(value, name) for name in ("low", "high")}
        shown = {name: end if math.isfinite(end) else None for name, end in ends.items()}
        return {**shown, "level": value.level}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = getattr(value, "to_json", None)
        return own() if own is not None else encode_fields(value)
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    raise TypeError(f"a report cannot contain a {type(value).__name__}")


def encode_fields(value: Any) -> dict[str, Any]:
    """Encode the fields of one dataclass, leaving out those marked ``json=False``."""
    return {
        name_of(field): encode(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if field.metadata.get("json", True)
    }


def name_of(field: "dataclasses.Field[Any]") -> str:
    """Return the name of a field in JSON: its ``name`` in the metadata, else its own."""
    name: str = field.metadata.get("name", field.name)
    return name


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def decode(cls: Any, value: Any) -> Any:
    """Rebuild a value of type ``cls`` from what `encode` made of it.

    Raises
    ------
    ValueError
        If a field is missing, unknown or of the wrong type; the field is named.
    """
    origin = typing.get_origin(cls)
    if cls is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(cls), value)
    if origin is typing.Literal:
        if value not in typing.get_args(cls):
            raise ValueError(f"expected {' or '.join(map(str, typing.get_args(cls)))}, got {value}")
        return value
    if origin is tuple:
        return _decode_tuple(typing.get_args(cls), value)
    if origin is dict:
        item_type = typing.get_args(cls)[1]
        return {key: decode(item_type, item) for key, item in value.items()}
    if cls is Interval:
        ends = {name: open_end if value.get(name) is None else value[name]
                for name, open_end in _OPEN_ENDS.items()}  # fmt: skip
        if not all(isinstance(one, int | float) for one in (*ends.values(), value["level"])):
            raise ValueError("an interval has numbers as its ends and its level")
        return Interval(**ends, level=value["level"])
    if dataclasses.is_dataclass(cls):
        own = getattr(cls, "from_json", None)
        return own(value) if own is not None else decode_fields(cls, value)
    if cls is datetime:
        return datetime.fromisoformat(value)
    if isinstance(cls, type) and issubclass(cls, enum.Enum):
        return cls(value)
    if cls is float and isinstance(value, int) and not isinstance(value, bool):
        return value  # stays as it was written, so that the bytes are the same again
    if cls is type(None) and value is None:
        return None
    if isinstance(cls, type) and isinstance(value, cls):
        return value
    raise ValueError(f"expected {getattr(cls, '__name__', cls)}, got {type(value).__name__}")


def _decode_union(options: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in options:
        return None
    if type(value) in options:
        return value  # an int stays an int where float would take it too
    errors = []
    for option in options:
        if option is type(None):
            continue
        try:
            return decode(option, value)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            errors.append(str(error))
    raise ValueError("; ".join(errors))


def _decode_tuple(item_types: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {type(value).__name__}")
    if len(item_types) == 2 and item_types[1] is Ellipsis:
        return tuple(decode(item_types[0], item) for item in value)
    if len(value) != len(item_types):
        raise ValueError(f"expected {len(item_types)} items, got {len(value)}")
    return tuple(decode(kind, item) for kind, item in zip(item_types, value, strict=True))


def decode_fields(cls: Any, value: Any) -> Any:
    """Rebuild one dataclass from a dict of its fields."""
    if not isinstance(value, dict):
        raise ValueError(f"{cls.__name__}: expected an object, got {type(value).__name__}")
    fields = {name_of(f): f for f in dataclasses.fields(cls) if f.metadata.get("json", True)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise ValueError(f"{cls.__name__}: unknown field {', '.join(unknown)}")
    hints = _hints(cls)
    arguments = {}
    for name, item in value.items():
        try:
            own = fields[name].name
            arguments[own] = decode(hints[own], item)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{cls.__name__}.{name}: {error}") from error
    try:
        return cls(**arguments)
    except TypeError as error:
        raise ValueError(f"{cls.__name__}: {error}") from error
