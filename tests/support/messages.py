"""Who announces findings in tests, and from which stack a message comes."""

from audit_archive.finding import Finding
from audit_archive.fleet_ports import NO_LABEL
from audit_archive.messages.message import AlertForm, Sender
from tests.support.fakes import FakeAlerts, FakeClock, FakeLedger

SENDER = Sender("canary-audit-archive", AlertForm.TEXT, lambda _: NO_LABEL)
CHAT_SENDER = Sender("canary-audit-archive", AlertForm.CHAT, lambda _: NO_LABEL)


class Desk:
    """An Announcer."""

    def __init__(self, ledger: FakeLedger | None = None) -> None:
        self.ledger = ledger or FakeLedger()
        self.alerts = FakeAlerts()
        self.clock = FakeClock()

    @property
    def said(self) -> list[str]:
        """The sentences of all findings that were told, alone or together."""
        return [said for each in self.alerts.published for said in sentences(each)]


def sentences(finding: Finding) -> list[str]:
    several = finding.facts.get("findings")
    return [each["sentence"] for each in several] if several else [finding.sentence]
