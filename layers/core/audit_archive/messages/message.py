"""A finding as a message to the topic: a text for each kind of reader, and attributes to filter by."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from audit_archive.finding import Finding
from audit_archive.fleet_ports import Label
from audit_archive.format.display import visible
from audit_archive.messages.advice import severity_of
from audit_archive.messages.chat import chat_notification
from audit_archive.messages.linkless import linkless
from audit_archive.messages.text import for_people, for_programs, with_data

MAX_SUBJECT = 99
"""SNS takes fewer than 100 characters of ASCII, without line breaks or control characters."""

MAX_MESSAGE = 250_000
"""Of all texts of a message together. SNS takes 262,144 bytes, with the attributes."""

LabelOf = Callable[[str], Label]
"""What people call a Console, by its id; NO_LABEL if that can't be read now."""


class AlertForm(StrEnum):
    """What web endpoints get. Mail is always a text, and queues and functions always get JSON."""

    TEXT = "text"
    """The text of the mail, without the data: for a pager, or a desk for tickets."""
    CHAT = "chat"
    """What Amazon Q Developer shows in Slack and Teams. It shows nothing else."""


@dataclass(frozen=True)
class Sender:
    """The stack that a message comes from."""

    stack: str
    form: AlertForm
    label_of: LabelOf


@dataclass(frozen=True)
class Message:
    """What is published. `texts`: by protocol, as SNS takes them with `MessageStructure` json."""

    subject: str
    texts: Mapping[str, str]
    attributes: Mapping[str, str]

    @property
    def body(self) -> str:
        """The texts as one JSON object."""
        return orjson.dumps(dict(self.texts)).decode()


def alert_message(finding: Finding, sender: Sender) -> Message:
    """The message about a finding. What is too long for SNS is left to the log, and the message says so."""
    label = sender.label_of(finding.console)
    subject = _subject(finding, label)
    omitted = {"omitted": f"{len(finding.facts)} facts, too long for a message; see the log"}

    def with_facts(facts: dict[str, Any]) -> Message:
        return Message(
            subject, _texts(finding, sender, label, facts, subject), _attributes(finding, sender.stack)
        )

    message = with_facts(dict(finding.facts))
    return message if len(message.body.encode()) <= MAX_MESSAGE else with_facts(omitted)


def _texts(
    finding: Finding, sender: Sender, label: Label, facts: dict[str, Any], subject: str
) -> dict[str, str]:
    data = for_programs(finding, sender.stack, label, facts)
    text = for_people(finding, sender.stack, label)
    is_chat = sender.form == AlertForm.CHAT
    web = chat_notification(finding, sender.stack, label) if is_chat else text
    return {"default": data, "email": with_data(text, data), "http": web, "https": web, "sms": subject}


def _subject(finding: Finding, label: Label) -> str:
    called = label.beside(finding.console)
    text = f"[{finding.kind}] {called if called.isascii() else finding.console}: {finding.sentence}"
    plain = re.sub(r"[^ -~]+", " ", text.encode("ascii", "replace").decode("ascii"))
    return linkless(plain[:MAX_SUBJECT])[:MAX_SUBJECT]


def _attributes(finding: Finding, stack: str) -> dict[str, str]:
    return {
        "severity": str(severity_of(finding)),
        "kind": visible(str(finding.kind)) or "unknown",
        "console": visible(finding.console) or "unknown",
        "stack": stack,
    }
