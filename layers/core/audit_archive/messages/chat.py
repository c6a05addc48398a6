"""A finding as a custom notification of Amazon Q Developer in chat applications, for Slack and Teams.

The form is AWS's (https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html).
"""

import json

from audit_archive.finding import Finding
from audit_archive.fleet_ports import Label
from audit_archive.messages.advice import HOW_SOON, advice_on, command_on, severity_of
from audit_archive.messages.linkless import linkless_in_chat
from audit_archive.messages.text import lines_of, shortened

MAX_TITLE, MAX_DESCRIPTION, MAX_STEP, MAX_KEYWORD = 250, 8_000, 350, 75
"""Characters that AWS takes."""


def chat_notification(finding: Finding, stack: str, label: Label) -> str:
    """The notification as JSON. Findings of one kind about one Console are one thread."""
    severity, console = severity_of(finding), linkless_in_chat(label.beside(finding.console))
    kind = linkless_in_chat(str(finding.kind))
    what = [linkless_in_chat(shortened(finding.sentence))]
    what += [f"- {linkless_in_chat(each)}" for each in lines_of(finding)]
    content = {
        "textType": "client-markdown",
        "title": shortened(f"{kind}: {console}", MAX_TITLE),
        "description": shortened("\n".join(what), MAX_DESCRIPTION),
        "nextSteps": [
            shortened(step, MAX_STEP)
            for step in (
                f"Severity {severity}: {HOW_SOON[severity]}",
                f"What is safe: {advice_on(finding.kind).safe}",
                f"Next: `{command_on(finding)}`",
                f"What to do: {linkless_in_chat(finding.url)}",
            )
        ],
        "keywords": [shortened(each, MAX_KEYWORD) for each in (str(severity), kind, console, stack)],
    }
    metadata = {
        "threadId": f"{stack}/{kind}/{finding.console}"[:MAX_TITLE],
        "summary": shortened(f"{kind}: {console}", MAX_TITLE),
        "eventType": kind,
        "enableCustomActions": False,
    }
    return json.dumps({"version": "1.0", "source": "custom", "content": content, "metadata": metadata})
