"""What every fault may change, and by default does not."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from local.console.answer import Answer, Endpoint
from local.console.snapshot import Snapshot
from local.console.trail import PurgeTerms

ALL: frozenset[Endpoint] = frozenset({"fetch", "purge", "export"})
READING: frozenset[Endpoint] = frozenset({"fetch", "export"})


class Fault:
    """The hooks a fault may use; each default changes nothing. `endpoints` is where it makes sense."""

    endpoints: ClassVar[frozenset[Endpoint]] = ALL

    def instead(self) -> Answer | None:
        """An answer given instead of carrying out the request."""
        return None

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        """How a purge turns out."""
        return terms

    def view(self, snapshot: Snapshot, now: datetime) -> Snapshot:  # noqa: ARG002 - for those who need the time
        """What a fetch or an export shows of the trail, by the Console's clock."""
        return snapshot

    def counted(self, count: int, trail: Snapshot) -> int:  # noqa: ARG002 - for those who count otherwise
        """The entries that `page_count` counts: by default those that the key is shown."""
        return count

    def page(self, page: dict[str, object]) -> dict[str, object]:
        """A fetch page without its entries; setting `audit_trail` replaces them."""
        return page

    def answer(self, answer: Answer) -> Answer:
        """The answer to a request that was carried out, or refused."""
        return answer
