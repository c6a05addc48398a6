"""Frozen dataclasses to JSON values and back, exactly: a missing or an unknown field is refused.

A run reads and writes thousands of records of few classes, so the fields of a class are looked up once.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")
W = TypeVar("W", bound=StrEnum)
Decode: TypeAlias = Callable[[Any], Any]
"""Turns a JSON value into a field's value. Raises ValueError, which names the field that does not fit."""

_AS_IT_IS = frozenset({str, int, bool, float, NoneType})
"""The scalars of JSON. Most values of a record are one, so they are looked for first."""


class UnknownMember(str):
    """A text in place of a member of a StrEnum that is not one of the members.

    A later release may have written it, or a forger. A record with a field that takes such a text can be
    read, and is written again with the same bytes. It is judged by its other fields.
    """

    __slots__ = ()


def member_of(vocabulary: type[W], text: str) -> W | UnknownMember:
    """The member of a StrEnum with this value; an UnknownMember if the StrEnum has no such member."""
    try:
        return vocabulary(text)
    except ValueError:
        return UnknownMember(text)


def to_json(value: Any) -> Any:
    """The JSON value of a record: dataclasses become objects, tuples become arrays, members plain texts.

    The rest stays as it is. (orjson takes members of a StrEnum as values, but not as keys.)
    """
    kind: Any = type(value)
    if kind in _AS_IT_IS:
        return value
    names = _names(kind)
    if names is not None:
        return {name: to_json(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {to_json(key): item for key, item in value.items()}
    return value


def from_json(cls: type[R], value: object) -> R:
    """The record that `to_json` made `value` of. Raises ValueError, which names what does not fit."""
    if not isinstance(value, dict):
        raise ValueError(f"{cls.__name__}: expected an object, got {type(value).__name__}")  # noqa: TRY004 - one class for every misfit
    kind: Any = cls
    decoders = _decoders(kind)
    if decoders.keys() != value.keys():
        differing = ", ".join(sorted(map(str, decoders.keys() ^ value.keys())))
        raise ValueError(f"{cls.__name__}: missing or unknown fields: {differing}")
    found: dict[str, Any] = {}
    for name, (scalar, decode) in decoders.items():
        item = value[name]
        found[name] = item if type(item) is scalar else decode(item)
    return cls(**found)


@cache
def _names(cls: type) -> tuple[str, ...] | None:
    """The names of a dataclass's fields; None for any other class."""
    return tuple(field.name for field in fields(cls)) if is_dataclass(cls) else None


@cache
def _decoders(cls: Any) -> dict[str, tuple[type | None, Decode]]:
    """What reads each field of a dataclass, after the class of a scalar that the field takes as it is."""
    return {
        name: (_scalar_of(hint), _decoder(hint, f"{cls.__name__}.{name}"))
        for name, hint in get_type_hints(cls).items()
    }


def _scalar_of(hint: Any) -> type | None:
    """The one class of JSON's scalars that a field takes, besides None; None if there is no such class."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return next((each for each in options if each in _AS_IT_IS - {NoneType}), None)


def _decoder(hint: Any, where: str) -> Decode:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _optional(get_args(hint), where)
    if origin is tuple:
        return _array(_decoder(get_args(hint)[0], where), where)
    if origin is dict:
        return _mapping(_decoder(get_args(hint)[1], where), where)
    if is_dataclass(hint) and isinstance(hint, type):
        return partial(from_json, hint)  # not its decoders yet: a class may have fields of its own kind
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _member(hint, where)
    return (lambda value: value) if hint is Any else _scalar(hint, where)


def _scalar(kind: type, where: str) -> Decode:
    def decode(value: object) -> object:
        if type(value) is not kind:  # exactly: True is no int
            raise ValueError(f"{where}: expected {kind.__name__}, got {type(value).__name__}")
        return value

    return decode


def _optional(options: tuple[Any, ...], where: str) -> Decode:
    (only,) = (option for option in options if option not in (NoneType, UnknownMember))
    some = _open_member(only, where) if UnknownMember in options else _decoder(only, where)
    return (lambda value: None if value is None else some(value)) if NoneType in options else some


def _open_member(vocabulary: type[StrEnum], where: str) -> Decode:
    """Reads a member of a StrEnum, and any other text as an UnknownMember."""
    text = _scalar(str, where)
    return lambda value: member_of(vocabulary, text(value))


def _member(vocabulary: type[StrEnum], where: str) -> Decode:
    read = _open_member(vocabulary, where)

    def decode(value: object) -> StrEnum:
        member: StrEnum | UnknownMember = read(value)
        if isinstance(member, UnknownMember):
            raise ValueError(f"{where}: {member!r:.80} is not one of {', '.join(vocabulary)}")  # noqa: TRY004 - as above
        return member

    return decode


def _array(item: Decode, where: str) -> Decode:
    def decode(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{where}: expected an array, got {type(value).__name__}")  # noqa: TRY004 - as above
        return tuple(map(item, value))

    return decode


def _mapping(item: Decode, where: str) -> Decode:
    def decode(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{where}: expected an object, got {type(value).__name__}")  # noqa: TRY004 - as above
        return {key: item(each) for key, each in value.items()}

    return decode
