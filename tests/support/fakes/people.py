"""Where findings go in a test."""

import json

from audit_archive.errors import SettingsError
from audit_archive.finding import Finding


class FakeAlerts:
    """Alerts: keeps what was published; with `refuses` the topic is gone."""

    def __init__(self) -> None:
        self.published: list[Finding] = []
        self.refuses = False

    def publish(self, finding: Finding) -> None:
        if self.refuses:
            raise SettingsError("the topic does not exist")
        assert finding.sentence.strip(), "a finding says in a sentence what a person must know"
        assert finding.kind.isidentifier(), f"{finding.kind!r} is no kind"
        json.dumps(dict(finding.facts))  # facts must be plain JSON values: this raises TypeError if not
        self.published.append(finding)

    @property
    def kinds(self) -> list[str]:
        """The kinds published, in order."""
        return [finding.kind for finding in self.published]
