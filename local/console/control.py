"""The loopback control endpoint under `/_local/`. No part of the Console's API: a real Console has none.

    GET  /_local/state                              live entries, first and last id, receipts, faults
    POST /_local/arrive  {"count": 3, "skip": 0}    entries are written now, `skip` ids left out before each
    POST /_local/big     {"bytes": 70000000}        an entry with so long an additional_information is written
    POST /_local/late    {"id": 3}                  a late writer fills an id that is not live
    POST /_local/amend   {"id": 3, "fields": {...}} a live entry says something else
    POST /_local/retain  {"days": 90}               older entries vanish without a receipt; null: none does
    POST /_local/faults  {"fault": "status", "endpoint": "export", "key": "local-reader", "times": 2,
                          "skip": 0, "parameters": {"status": 503, "retry_after": "1"}}
    POST /_local/faults  {"clear": true}

Names of faults: `faults.NAMED`. Fields that are bytes (`body`, `html`) are given in base64; `as_of` is always
now. `times` null means until cleared; without `endpoint` or `key` every one is concerned. POST needs
`Content-Type: application/json`, which a web page of another origin can't send.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, cast

from local.console.answer import Answer, ApiError, Endpoint, json_answer
from local.console.faults import NAMED, Fault, Stale
from local.console.parse import json_object
from local.console.store import checked_id
from local.console.switchboard import Faults
from local.console.trail import Trail

PREFIX = "/_local/"
_MAX_ARRIVALS, _MAX_SPARSE = 100_000_000, 10_000
_MAX_BYTES = 256 * 1024**2
_MAX_DAYS = 36_500


def control(
    trail: Trail, faults: Faults, method: str, path: str, *, content_type: str, body: bytes
) -> Answer:
    """Carries out a control request. ApiError for one that isn't understood."""
    if (method, path) == ("GET", PREFIX + "state"):
        return json_answer(state(trail, faults))
    name = path.removeprefix(PREFIX)
    if method != "POST" or name not in {*_HAPPENINGS, "faults"}:
        raise ApiError(404, "Not found")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "Content-Type must be application/json")
    wanted = json_object(body)
    if name == "faults":
        _switch(trail, faults, wanted)
        return json_answer({"faults": _names(faults), "result": "success"})
    try:
        return json_answer({**_HAPPENINGS[name](trail, wanted), "result": "success"})
    except (ValueError, TypeError) as error:
        raise ApiError(400, f"That can't happen: {error}") from error


def state(trail: Trail, faults: Faults) -> dict[str, object]:
    """What the Console holds: `first_id` is the lowest live id or null, `last_id` the largest ever issued."""
    ids = trail.snapshot().ids
    return {
        "live": len(ids),
        "first_id": ids[0] if ids else None,
        "last_id": trail.last_id,
        "receipts": list(trail.receipts),
        "faults": _names(faults),
        "now": trail.clock().isoformat(),
    }


def _arrive(trail: Trail, wanted: Mapping[str, object]) -> dict[str, object]:
    skip = _whole(wanted.get("skip", 0), "skip", 0, _MAX_ARRIVALS)
    most = _MAX_SPARSE if skip else _MAX_ARRIVALS
    ids = trail.arrive(_whole(wanted.get("count", 1), "count", 1, most), skip=skip)
    return {"first_id": ids[0], "last_id": ids[-1]}


def _big(trail: Trail, wanted: Mapping[str, object]) -> dict[str, object]:
    size = _whole(wanted.get("bytes"), "bytes", 1, _MAX_BYTES)
    entry_id = trail.write("settings_change", "Changed a long setting", additional_information="x" * size)
    return {"id": entry_id}


def _late(trail: Trail, wanted: Mapping[str, object]) -> dict[str, object]:
    trail.arrive_late(checked_id(wanted.get("id")))
    return {}


def _amend(trail: Trail, wanted: Mapping[str, object]) -> dict[str, object]:
    changes = wanted.get("fields")
    if not isinstance(changes, Mapping):
        raise ApiError(400, "fields must be an object")
    trail.amend(checked_id(wanted.get("id")), changes)
    return {}


def _retain(trail: Trail, wanted: Mapping[str, object]) -> dict[str, object]:
    days = wanted.get("days")
    trail.retention = None if days is None else timedelta(days=_whole(days, "days", 1, _MAX_DAYS))
    return {}


def _whole(value: object, name: str, lowest: int, highest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise ApiError(400, f"{name} must be an integer from {lowest} to {highest}")
    return value


_HAPPENINGS: Mapping[str, Callable[[Trail, Mapping[str, object]], dict[str, object]]] = {
    "arrive": _arrive,
    "big": _big,
    "late": _late,
    "amend": _amend,
    "retain": _retain,
}


def _names(faults: Faults) -> list[str]:
    names = {fault: name for name, fault in NAMED.items()}
    return [names.get(type(fault), type(fault).__name__) for fault in faults.active()]


def _switch(trail: Trail, faults: Faults, wanted: Mapping[str, object]) -> None:
    if wanted.get("clear") is True:
        faults.clear()
        return
    times, skip = wanted.get("times", 1), wanted.get("skip", 0)
    if not (times is None or isinstance(times, int)) or not isinstance(skip, int):
        raise ApiError(400, "times must be an integer or null, skip an integer")
    try:
        fault = _fault(
            trail, str(wanted.get("fault")), cast("Mapping[str, Any]", wanted.get("parameters") or {})
        )
        faults.add(
            fault,
            endpoint=cast("Endpoint | None", wanted.get("endpoint")),
            key=cast("str | None", wanted.get("key")),
            times=times,
            skip=skip,
        )
    except (ValueError, TypeError) as error:
        raise ApiError(400, f"That fault can't be switched on: {error}") from error


def _fault(trail: Trail, name: str, parameters: Mapping[str, Any]) -> Fault:
    kind = NAMED.get(name)
    if kind is None:
        raise ValueError(f"the faults are {', '.join(NAMED)}")
    if kind is Stale:
        return Stale(trail.snapshot())
    given = dict(parameters)
    for field in fields(cast("Any", kind)):
        if field.name in given and isinstance(field.default, bytes):
            given[field.name] = _decoded(given[field.name])
        elif field.name in given and isinstance(field.default, tuple):
            given[field.name] = tuple(given[field.name])
        elif (
            field.name in given and field.default is not None and not _like(given[field.name], field.default)
        ):
            raise ValueError(f"{field.name} must be like {field.default!r}")
    return kind(**given)


def _like(value: object, default: object) -> bool:
    return isinstance(value, type(default)) or (isinstance(default, float) and isinstance(value, int))


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error as error:
        raise ValueError("bytes are given in base64") from error
