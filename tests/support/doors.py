"""The two doors to an answer, the function and the command: what of their JSON may differ, and what does."""

from collections.abc import Iterator
from typing import Any

FUNCTION_ONLY = {
    "report.key",
    "report.link",
    "report.link_expires_at",
    "exports[].link",
    "exports[].link_expires_at",
    "consoles[].report.key",
    "consoles[].report.link",
    "consoles[].report.link_expires_at",
}
COMMAND_ONLY = {"report.file", "exports[].file", "consoles[].report.file", "entries", "files"}
OF_ITS_OWN = {
    *("asked.at", "asked.invoked_by", "asked.request_id"),
    *(
        "consoles[].health",
        "consoles[].needs_person",
        "consoles[].problems",
        "consoles[].state",
        "consoles[].is_known",
    ),
}
"""What both have, each with a value of its own."""

OF_A_BUNDLE = {"report.size", "report.sha256"}
"""A bundle says who asked and when; so two bundles differ."""


def differences(function: Any, command: Any, path: str = "") -> Iterator[str]:
    """Where two answers to one question differ and must not, one path for each place."""
    if isinstance(function, dict) and isinstance(command, dict):
        yield from (name for name in _paths(path, function.keys() - command) if name not in FUNCTION_ONLY)
        yield from (name for name in _paths(path, command.keys() - function) if name not in COMMAND_ONLY)
        for name in function.keys() & command.keys():
            yield from differences(function[name], command[name], _join(path, name))
    elif isinstance(function, list) and isinstance(command, list) and len(function) == len(command):
        for ours, theirs in zip(function, command, strict=True):
            yield from differences(ours, theirs, f"{path}[]")
    elif path not in OF_ITS_OWN and (type(function), function) != (type(command), command):
        yield path


def _paths(path: str, names: set[str]) -> Iterator[str]:
    return (_join(path, name) for name in sorted(names))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
