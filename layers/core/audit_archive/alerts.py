"""Announce findings to a person: each once, and several of them in few messages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson

from audit_archive.errors import LedgerError, SettingsError
from audit_archive.finding import Finding
from audit_archive.format.codec import to_json
from audit_archive.ports import Alerts, Clock, Findings

CLAIM = 30
"""Seconds for which a claimed finding is left to the run that claimed it."""

MAX_MESSAGES = 10
"""Messages about the findings of one statement. SNS suspends a mail address above 10 messages a second."""

LISTED_BYTES = 30_000
"""Bytes of the findings that one message lists. It has them twice, in ASCII: a byte may become three."""


class Announcer(Protocol):
    """What it takes to announce a finding. A run has it."""

    @property
    def ledger(self) -> Findings:
        """The record of what was announced."""

    @property
    def alerts(self) -> Alerts:
        """Where findings go."""

    @property
    def clock(self) -> Clock:
        """The clock of this invocation."""


def announce(run: Announcer, finding: Finding) -> bool:
    """Announce a finding, unless the same one was announced before. Returns whether it was announced now.

    Raises SettingsError if the topic refuses.
    """
    return announce_together(run, (finding,)) > 0


def announce_all(run: Announcer, findings: Iterable[Finding]) -> None:
    """Announce findings in MAX_MESSAGES messages at most: one each, and the last about all that are left.

    Raises SettingsError if the topic refuses.
    """
    messages, rest = 0, list[Finding]()
    for finding in findings:
        if messages < MAX_MESSAGES - 1:
            messages += announce(run, finding)
        else:
            rest.append(finding)
    announce_together(run, rest)


def announce_together(run: Announcer, findings: Iterable[Finding], most: int | None = None) -> int:
    """Announce in one message those findings that were not announced before, or the first `most` of them.

    Returns how many they are. A claim holds the finding itself, so that a later run can announce one that
    this run could not. A finding is announced twice only if this run dies between the message and the record
    of it, or if the ledger does not answer: better twice than never. Raises SettingsError if the topic
    refuses.
    """
    claimed, unrecorded = _claimed(run, findings, most)
    if not claimed and not unrecorded:
        return 0
    try:
        run.alerts.publish(_together([*claimed, *unrecorded]))
    except SettingsError:
        now = run.clock.now()
        for finding in claimed:
            run.ledger.claim(finding, now + CLAIM, now)  # an expired claim: the next run may try at once
        raise
    for finding in claimed:
        run.ledger.announced(finding)
    return len(claimed) + len(unrecorded)


def _claimed(
    run: Announcer, findings: Iterable[Finding], most: int | None
) -> tuple[list[Finding], list[Finding]]:
    """The findings that this run claimed, and those of which the ledger did not say whether it may."""
    claimed, waiting = list[Finding](), iter(findings)
    for finding in waiting:
        now = run.clock.now()
        try:
            if run.ledger.claim(finding, now, now + CLAIM):
                claimed.append(finding)
        except LedgerError:
            return claimed, [finding, *waiting]
        if len(claimed) == most:
            break
    return claimed, []


def _together(findings: Sequence[Finding]) -> Finding:
    """The finding itself, or one that lists several."""
    first = findings[0]
    if len(findings) == 1:
        return first
    listed, size = list[dict[str, Any]](), 0
    for finding in findings:
        plain = {"kind": finding.kind, "sentence": finding.sentence, "facts": to_json(dict(finding.facts))}
        size += len(orjson.dumps(plain))
        if size > LISTED_BYTES:
            break
        listed.append(plain)
    kinds = Counter(str(each.facts.get("verdict", each.kind)) for each in findings)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    sentence = (
        f"{len(findings)} findings about Console {first.console}, listed below: {counted}. "
        f"The first: {first.sentence}"
    )
    return Finding(
        first.kind, first.console, sentence, {"findings": listed, "not_listed": len(findings) - len(listed)}
    )
