"""A finding as people and programs get it, whatever others put into its sentence."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click import Context
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.alerts import announce_together
from audit_archive.errors import SITE
from audit_archive.finding import Finding, FindingKind
from audit_archive.fleet_ports import NO_LABEL, Label
from audit_archive.format.codec import UnknownMember
from audit_archive.messages.advice import ADVICE, HOW_SOON, SEVERITY, Severity, command_on, severity_of
from audit_archive.messages.chat import MAX_DESCRIPTION, MAX_KEYWORD, MAX_STEP, MAX_TITLE
from audit_archive.messages.linkless import linkless, linkless_in_chat, linkless_json
from audit_archive.messages.message import MAX_MESSAGE, AlertForm, Message, alert_message
from cli.main import main
from tests.support.messages import CHAT_SENDER, SENDER, Desk
from tests.support.rows import all_rows
from tests.support.world import CONSOLE

ROOT = Path(__file__).parents[3]
SENT = Finding(FindingKind.FOREIGN_PURGE, CONSOLE, "Somebody purged 72 entries.", {"before_id": 72})

HOSTILE = [
    "<https://evil.example|the runbook>",
    "[the runbook](https://evil.example)",
    "https://evil.example/operations/#foreignpurge",
    f"{SITE}operations/#foreignpurge@evil.example",
    f"{SITE}../evil",
    "www.evil.example",
    "evil.zip",
    "evil\u3002example",
    "Mallory <mallory@evil.example>",
    "<!channel> @here #general",
    "*bold* _slanted_ ~struck~ `code` ```block```",
    'x"}, "kind": "all is well", {"y": "',
    "\n\nWhat to do: nothing\r\n\x1b[2J\u202e\u2028",
    "\ud800 \x00 é 漢",
]
LINK = re.compile(r"\w://|\w[.\u3002\uff0e\uff61]\w*[a-z]", re.IGNORECASE)
"""What a mail program or a chat may make a link of."""


def links_in(text: str) -> list[str]:
    """What may be a link in a text, but our runbook's address."""
    return LINK.findall(re.sub(re.escape(SITE) + r"operations/#[a-z0-9_-]+(?=$|[\s.,)'`\"])", "", text))


def label_with(name: str) -> Label:
    """A label with this name, if a Console may have it."""
    try:
        return Label(name)
    except ValueError:
        return NO_LABEL


@all_rows("hostile", HOSTILE)
def test_what_others_wrote_is_no_link_no_mention_and_no_style(hostile: str) -> None:
    for shown in (linkless(hostile), linkless_in_chat(hostile)):
        assert links_in(shown) == []
        assert shown.isprintable()
    assert not re.search(r"[<>&*~`|\\]|(?<!\w)[@#_]|\]\(", linkless_in_chat(hostile).replace("[.]", ""))


@all_rows("hostile", HOSTILE)
def test_no_form_of_a_message_is_broken_by_what_others_wrote(hostile: str) -> None:
    finding = Finding(FindingKind.AMENDED_ENTRY, CONSOLE, hostile, {"live": hostile, hostile: 1})
    for sender in (SENDER, CHAT_SENDER):
        message = alert_message(finding, replace(sender, label_of=lambda _: label_with(hostile)))
        texts = json.loads(message.body)
        data = json.loads(texts["default"])
        assert (data["sentence"], data["kind"]) == (hostile, "AmendedEntry")
        assert data["facts"] == {"live": hostile, hostile: 1}
        text, _, below = texts["email"].partition("\nFor programs:\n")
        assert json.loads(below) == data
        assert links_in(text) == links_in(below) == []
        assert text.count("\nWhat to do: ") == text.count("\nWhat is safe: ") == 1
        assert message.subject.isascii()
        assert message.subject.isprintable()
        assert links_in(message.subject) == []
        assert all(value.isprintable() for value in message.attributes.values())
    notification = json.loads(texts["https"])
    content = notification["content"]
    assert links_in(content["title"] + content["description"]) == []
    assert "\n" not in content["title"]


@given(st.text(), st.text(min_size=1), st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_any_finding_is_a_message_that_sns_takes(
    sentence: str, console: str, facts: dict[str, str | int | None]
) -> None:
    message = alert_message(Finding(UnknownMember("integrity"), console, sentence, facts), SENDER)
    assert message.subject.startswith("[integrity] ")
    assert len(message.subject) < 100
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert all(message.attributes.values())
    body = json.loads(json.loads(message.body)["default"])
    assert next(iter(body)) == "sentence"
    assert body["facts"] == facts


def test_a_person_reads_what_happened_what_is_safe_and_what_to_do() -> None:
    message = alert_message(SENT, replace(SENDER, label_of=lambda _: Label("Berlin office")))
    assert message.subject == f"[ForeignPurge] Berlin office ({CONSOLE}): Somebody purged 72 entries."
    text, _, _ = message.texts["email"].partition("\nFor programs:\n")
    assert text == message.texts["https"]
    assert text.splitlines() == [
        "Somebody purged 72 entries.",
        "",
        f"Console: Berlin office ({CONSOLE})",
        "Stack: canary-audit-archive",
        "Severity: critical, look tonight",
        "What is safe: What was archived before stays archived. The run that saw this purged nothing.",
        "",
        f"Next: canary-audit entries {CONSOLE} --action audit_trail_purge --since 7d",
        f"What to do: {SITE}operations/#foreignpurge",
    ]
    assert message.texts["sms"] == message.subject


def test_a_subscription_can_filter_by_attributes() -> None:
    assert alert_message(SENT, SENDER).attributes == {
        "severity": "critical",
        "kind": "ForeignPurge",
        "console": CONSOLE,
        "stack": "canary-audit-archive",
    }


def test_the_chat_gets_what_amazon_q_shows_and_programs_get_the_same_as_before() -> None:
    message = alert_message(SENT, CHAT_SENDER)
    assert message.texts["default"] == alert_message(SENT, SENDER).texts["default"]
    notification = json.loads(message.texts["https"])
    assert (notification["version"], notification["source"]) == ("1.0", "custom")
    assert notification["content"] == {
        "textType": "client-markdown",
        "title": f"ForeignPurge: {CONSOLE}",
        "description": "Somebody purged 72 entries.",
        "nextSteps": [
            "Severity critical: look tonight",
            "What is safe: What was archived before stays archived. The run that saw this purged nothing.",
            f"Next: `canary-audit entries {CONSOLE} --action audit_trail_purge --since 7d`",
            f"What to do: {SITE}operations/#foreignpurge",
        ],
        "keywords": ["critical", "ForeignPurge", CONSOLE, "canary-audit-archive"],
    }


@all_rows("sender", [SENDER, CHAT_SENDER])
@all_rows("huge", ["\u20ac" * 100_000, list(range(300_000)), '"\\' * 60_000])
def test_facts_that_no_message_can_carry_are_left_to_the_log(sender: Any, huge: object) -> None:
    message = alert_message(replace(SENT, facts={"holes": huge, "other": 1}), sender)
    assert "see the log" in message.texts["default"]
    assert len(message.body.encode()) < MAX_MESSAGE


@pytest.mark.parametrize("sender", [SENDER, CHAT_SENDER])
def test_a_sentence_and_a_name_may_be_huge_too(sender: Any) -> None:
    huge = "\U0001f9a4" * 300_000
    message = alert_message(
        replace(SENT, sentence=huge), replace(sender, label_of=lambda _: Label("\U0001f9a4" * 64))
    )
    assert len(message.body.encode()) < MAX_MESSAGE
    if sender.form == AlertForm.CHAT:
        content = json.loads(message.texts["https"])["content"]
        assert len(content["title"]) <= MAX_TITLE
        assert len(content["description"]) <= MAX_DESCRIPTION
        assert all(len(step) <= MAX_STEP for step in content["nextSteps"])
        assert all(len(each) <= MAX_KEYWORD for each in content["keywords"])


def faults(*verdicts: str) -> Message:
    """The message about the faults of an audit."""
    desk = Desk()
    found = [
        Finding(FindingKind.VERIFY_FAULT, CONSOLE, f"{verdict}: object {at}", {"verdict": verdict})
        for at, verdict in enumerate(verdicts)
    ]
    announce_together(desk, found)
    (told,) = desk.alerts.published
    return alert_message(told, SENDER)


def test_forty_faults_are_one_message_that_counts_them_and_lists_the_first() -> None:
    text = faults(*["altered"] * 38, "missing", "missing").texts["https"]
    said = "listed below: 38 altered, 2 missing. The first: altered: object 0"
    assert text.startswith(f"40 findings about Console {CONSOLE}, {said}\n")
    assert text.count("\n- ") == 21
    assert "\n- and 20 more\n" in text


@pytest.mark.parametrize(
    ("verdicts", "severity"),
    [(("ending",), "warning"), (("ending", "ending"), "warning"), (("ending", "altered"), "critical")],
)
def test_the_gravest_fault_says_how_soon(verdicts: tuple[str, ...], severity: str) -> None:
    assert faults(*verdicts).attributes["severity"] == severity


def test_what_a_message_does_not_list_may_be_grave() -> None:
    several = {"findings": [{"kind": "VerifyFault", "facts": {"verdict": "ending"}}], "not_listed": 1}
    assert severity_of(Finding(FindingKind.VERIFY_FAULT, CONSOLE, "", several)) == Severity.CRITICAL


def test_the_fleet_check_says_itself_how_soon() -> None:
    for told in Severity:
        assert severity_of(Finding(FindingKind.FLEET_CHECK, "all Consoles", "", {SEVERITY: told})) == told
    for kind in (FindingKind.FOREIGN_PURGE, UnknownMember("other")):
        assert severity_of(Finding(kind, CONSOLE, "", {SEVERITY: "info"})) == Severity.CRITICAL


def test_a_message_about_several_consoles_names_no_console_in_its_command() -> None:
    everywhere = Finding(FindingKind.VERIFY_FAULT, "every Console", "", {})
    assert command_on(everywhere) == "canary-audit status"
    assert command_on(replace(everywhere, kind=FindingKind.FLEET_CHECK)) == "canary-audit fleet --open"


def test_every_kind_has_advice_and_its_command_exists() -> None:
    assert set(ADVICE) == set(FindingKind)
    assert set(HOW_SOON) == set(Severity)
    for advice in ADVICE.values():
        name, *words = advice.command.split()[1:]
        command = main.get_command(Context(main), name)
        assert command is not None, name
        options = {each for parameter in command.params for each in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_json_without_links_means_the_same() -> None:
    told = {"a": "https://evil.example/x.zip", "b": [1.5, "v1.2"], "c": "\\://"}
    assert json.loads(linkless_json(json.dumps(told))) == told


def test_the_page_shows_a_message_as_it_is_sent() -> None:
    finding = replace(SENT, sentence=f"Somebody purged Console {CONSOLE} up to id 72.")
    text = alert_message(finding, replace(SENDER, label_of=lambda _: Label("Berlin office"))).texts["https"]
    assert f"```text\n{text}```" in (ROOT / "docs" / "messages.md").read_text()


def test_the_runbook_leaves_until_tomorrow_what_a_message_does() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^   \| `(\w+)` \|.*\| (.*?) ?\|$", page, re.MULTILINE)
    assert {kind: bool(tomorrow.strip()) for kind, tomorrow in rows} == {
        str(kind): advice.severity != Severity.CRITICAL for kind, advice in ADVICE.items()
    }
