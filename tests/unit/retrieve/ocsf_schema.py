"""What the published OCSF schema says against an event: required attributes, constraints, types, captions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("ocsf_1_9_0.json").read_text())
VERSION: str = SCHEMA["version"]
OTHER = 99
INT64 = 2**63


def faults(event: dict[str, Any]) -> list[str]:
    """Everything that is wrong with an event; nothing if it is valid."""
    found = SCHEMA["classes"].get(str(event.get("class_uid")))
    if found is None:
        return [f"no class {event.get('class_uid')}"]
    definition = found | {"attributes": SCHEMA["base_attributes"] | found["attributes"]}
    return [*_object_faults("event", event, definition), *_class_faults(event, found)]


def _class_faults(event: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """The numbers and their captions, as the descriptions of the attributes put it."""
    number = event["activity_id"]
    caption = found["activities"].get(str(number))
    if caption is None:
        yield f"no activity {number}"
    elif number != OTHER and event["activity_name"] != caption:
        yield f"activity {number} is {caption}"
    if event["type_uid"] != event["class_uid"] * 100 + number:
        yield "type_uid"
    if event["type_name"] != f"{event['class_name']}: {caption}":
        yield "type_name"
    if event["class_name"] != found["name"]:
        yield "class_name"
    if (event["category_uid"], event["category_name"]) != (found["category_uid"], found["category_name"]):
        yield "category"
    if event["status"] != SCHEMA["status"].get(str(event["status_id"])):
        yield "status"
    if event["severity"] != SCHEMA["severity"].get(str(event["severity_id"])):
        yield "severity"
    if event["metadata"]["version"] != VERSION:
        yield "metadata.version"


def _object_faults(path: str, value: Any, definition: dict[str, Any]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    yield from (f"{path} lacks {name}" for name in definition["required"] if name not in value)
    choice = definition.get("at_least_one")
    if choice and not value.keys() & set(choice):
        yield f"{path} has none of {choice}"
    for name, member in value.items():
        kind = definition["attributes"].get(name)
        if kind is None:
            yield f"{path} has no attribute {name}"
        else:
            yield from _value_faults(f"{path}.{name}", member, kind)


def _value_faults(path: str, value: Any, kind: str) -> Iterator[str]:
    if kind.endswith("[]"):
        for number, each in enumerate(value):
            yield from _value_faults(f"{path}[{number}]", each, kind[:-2])
    elif kind in SCHEMA["objects"]:
        yield from _object_faults(path, value, SCHEMA["objects"][kind])
    elif kind == "object":
        if not isinstance(value, dict):
            yield f"{path} is no object"
    elif kind in {"integer_t", "long_t", "timestamp_t"}:
        if type(value) is not int or not -INT64 <= value < INT64:
            yield f"{path} is no number"
    elif not isinstance(value, str):
        yield f"{path} is no text"
    elif kind == "ip_t":
        ip_address(value)
