"""A finding as a person reads it on a telephone, and as a program reads it."""

import json
from typing import Any

from audit_archive.finding import Finding
from audit_archive.fleet_ports import Label
from audit_archive.messages.advice import HOW_SOON, advice_on, command_on, severity_of
from audit_archive.messages.linkless import linkless, linkless_json

LONGEST_SENTENCE = 3_000
"""Characters of the sentence that a message has. Those who write entries may have chosen a million."""

MAX_LISTED = 20
"""Findings of several, or Consoles of a fleet, that the text lists."""

MAX_ITEM = 300
"""Characters of each of them."""


def for_people(finding: Finding, stack: str, label: Label) -> str:
    """What happened, to what, what is safe, the next command, and where to read on."""
    severity = severity_of(finding)
    lines = [
        shortened(finding.sentence),
        *(f"- {each}" for each in lines_of(finding)),
        "",
        f"Console: {label.beside(finding.console)}",
        f"Stack: {stack}",
        f"Severity: {severity}, {HOW_SOON[severity]}",
    ]
    ours = [
        f"What is safe: {advice_on(finding.kind).safe}",
        "",
        f"Next: {command_on(finding)}",
        f"What to do: {linkless(finding.url)}",
        "",
    ]
    return "\n".join([*map(linkless, lines), *ours])


def with_data(text: str, data: str) -> str:
    """A text with the data for programs below it."""
    return f"{text}\nFor programs:\n{linkless_json(data)}\n"


def for_programs(finding: Finding, stack: str, label: Label, facts: dict[str, Any]) -> str:
    """JSON in ASCII, the sentence first."""
    message = {
        "sentence": shortened(finding.sentence),
        "kind": finding.kind,
        "severity": severity_of(finding),
        "console": finding.console,
        "name": label.name,
        "stack": stack,
        "safe": advice_on(finding.kind).safe,
        "next": command_on(finding),
        "what_to_do": finding.url,
        "facts": facts,
    }
    return json.dumps(message, indent=2, default=str)


def shortened(text: str, longest: int = LONGEST_SENTENCE) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def lines_of(finding: Finding) -> list[str]:
    """A line for each of the findings, or of the Consoles, that a message is about; the first ones."""
    several = finding.facts.get("findings")
    fleet = finding.facts.get("problems")
    lines = [str(each["sentence"]) for each in several] if isinstance(several, list) else []
    if isinstance(fleet, list):
        lines += [f"{each['console']} is {each['judgement']}: {each['sentence']}" for each in fleet]
    left = max(len(lines) - MAX_LISTED, 0) + int(finding.facts.get("not_listed") or 0)
    shown = [shortened(each, MAX_ITEM) for each in lines[:MAX_LISTED]]
    return [*shown, f"and {left} more"] if lines and left else shown
