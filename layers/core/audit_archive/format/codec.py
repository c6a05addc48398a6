"""Frozen dataclasses to JSON values and back, exactly: a missing or an unknown field is refused."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")
W = TypeVar("W", bound=StrEnum)


class UnknownMember(str):
    """A text where a member of a StrEnum belongs, and that is not one of them.

    A later release may have written it, or a forger. A record whose field takes one is read all the same, and
    written again with the same bytes; it is judged by the rest of what it says.
    """

    __slots__ = ()


def member_of(vocabulary: type[W], text: str) -> W | UnknownMember:
    """The member of a StrEnum with this value; an UnknownMember if there is no such member."""
    try:
        return vocabulary(text)
    except ValueError:
        return UnknownMember(text)


def to_json(value: Any) -> Any:
    """The JSON value of a record: dataclasses become objects, tuples arrays, words plain texts.

    The rest stays as it is. orjson takes words as values, but not as keys.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {to_json(key): item for key, item in value.items()}
    return value


def from_json(cls: type[R], value: object) -> R:
    """The record that `to_json` made `value` of. Raises ValueError naming the field that does not fit."""
    return cls(**_arguments(cls, value))


def _arguments(cls: Any, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{cls.__name__}: expected an object, got {type(value).__name__}")  # noqa: TRY004 - one class for every misfit
    hints: Mapping[str, Any] = _hints(cls)
    if hints.keys() != value.keys():
        differing = ", ".join(sorted(map(str, hints.keys() ^ value.keys())))
        raise ValueError(f"{cls.__name__}: missing or unknown fields: {differing}")
    return {name: _decode(hint, value[name], f"{cls.__name__}.{name}") for name, hint in hints.items()}


@cache
def _hints(cls: Any) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _decode(hint: Any, value: object, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _decode_union(get_args(hint), value, where)
    if origin is tuple:
        return _decode_tuple(get_args(hint)[0], value, where)
    if origin is dict:
        return _decode_mapping(get_args(hint)[1], value, where)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _decode_member(hint, value, where)
    if hint is Any or type(value) is hint:
        return value
    raise ValueError(f"{where}: expected {hint.__name__}, got {type(value).__name__}")


def _decode_union(options: tuple[Any, ...], value: object, where: str) -> Any:
    if value is None and NoneType in options:
        return None
    (only,) = (option for option in options if option not in (NoneType, UnknownMember))
    if UnknownMember in options:
        return member_of(only, _decode(str, value, where))
    return _decode(only, value, where)


def _decode_member(vocabulary: type[StrEnum], value: object, where: str) -> StrEnum:
    found = member_of(vocabulary, _decode(str, value, where))
    if isinstance(found, UnknownMember):
        raise ValueError(f"{where}: {found!r:.80} is none of {', '.join(vocabulary)}")  # noqa: TRY004 - as above
    return found


def _decode_tuple(item: Any, value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected an array, got {type(value).__name__}")  # noqa: TRY004 - as above
    return tuple(_decode(item, each, where) for each in value)


def _decode_mapping(item: Any, value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, got {type(value).__name__}")  # noqa: TRY004 - as above
    return {key: _decode(item, each, where) for key, each in value.items()}
