"""The ledger's index, held to the statements that it describes."""

from audit_archive.auditing.follow import Step
from audit_archive.auditing.question import Audit
from audit_archive.auditing.tally import Tally
from audit_archive.domain.catalogue import Indexed, indexed
from audit_archive.domain.layout import statement_key
from audit_archive.domain.verdicts import Fault, Verdict

INDEX = "the ledger's index"
WAY_OUT = "recreate the ledger from the bucket, by an event like events/rebuild.json for the archive function"


class IndexCheck:
    """Holds each item of an index to its statement; what a run may be about to record is not looked at."""

    def __init__(self, audit: Audit, console: str, tally: Tally) -> None:
        self._console = console
        self._tally = tally
        recorded = audit.recorded.seq if audit.recorded is not None else 0
        self._numbers = range(1, recorded + 1) if audit.index is not None else range(0)
        self._items: dict[int, Indexed] = {item.seq: item for item in audit.index or ()}

    def see(self, step: Step) -> None:
        """The next statement. One that can't be trusted is not compared."""
        number = step.after.number
        if number not in self._numbers:
            return
        item = self._items.get(number)
        if item is None:
            self._fault(Verdict.MISSING, number, "does not have it")
        elif step.said is not None and step.ref is not None and indexed(step.said, step.ref) != item:
            self._fault(Verdict.MISDESCRIBED, number, "says something else of it than it says itself")

    def _fault(self, verdict: str, number: int, clause: str) -> None:
        key = statement_key(self._console, number)
        sentence = f"{INDEX} {clause}: {key}. Find out who wrote it, and {WAY_OUT}."
        self._tally.fault_in_a_row(Fault(verdict, f"{INDEX} of {key}", None, number, sentence))
