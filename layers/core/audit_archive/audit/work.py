"""One audit in progress, and the walk along its chain."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from audit_archive.audit.bookmarks import Begin
from audit_archive.audit.corroboration import LEDGER
from audit_archive.audit.locks import judge_first_locks
from audit_archive.audit.overview import WalkedChain, walk_chain
from audit_archive.audit.pace import WORKERS
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.signatures import Keys, Signatures
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Point, Walk
from audit_archive.errors import SettingsError
from audit_archive.format.keys import PublicKey, from_base64
from audit_archive.format.layout import statement_key
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.storage.chain import statements_from


@dataclass(frozen=True)
class Work:
    """One audit in progress. `keys`: those in force where its walk begins, and then where it is."""

    audit: Audit
    question: AuditQuestion
    pool: ThreadPoolExecutor
    keys: Keys
    tally: AuditTally = field(default_factory=AuditTally)

    def anew(self, point: Point | None = None) -> "Work":
        """The same audit from a point on (None: the first statement), with nothing found yet."""
        keys = Keys(self.question.trusted_keys, self.audit.is_signed)
        if point is not None and point.head is not None and point.head.public_key is not None:
            keys.put_in_force(PublicKey(from_base64(point.head.public_key)))
        return Work(self.audit, self.question, self.pool, keys)

    def walk(self) -> Walk:
        """A walk that reports what it finds."""
        return self._walk(self.tally, self.keys)

    def second_walk(self) -> Walk:
        """A walk over statements of which another walk has reported the faults."""
        return self._walk(AuditTally(), self.keys.copy())

    def _walk(self, tally: AuditTally, keys: Keys) -> Walk:
        signatures = Signatures(self.question.console, keys, tally)
        return Walk(self.audit, self.question, tally, signatures, self.pool)


@contextmanager
def working(audit: Audit, question: AuditQuestion) -> Iterator[Work]:
    """An audit in progress, with its threads. Raises SettingsError for a full disk."""
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            yield Work(audit, question, pool, Keys(question.trusted_keys, audit.is_signed))
    except OSError as error:  # of the temporary disk: adapters translate every other one
        raise SettingsError(
            f"The temporary disk failed ({error.strerror}): give the function more ephemeral storage"
        ) from error


def judge_chain(work: Work, begin: Begin | None = None) -> WalkedChain:
    """Walk the chain, from `begin` if it is given, as far as time allows. The faults go into the tally."""
    audit, question, tally = work.audit, work.question, work.tally
    chain = walk_chain(work.walk(), audit, question, tally, begin)
    judge_first_locks(audit.source, question.console, tally, audit.clock.now() + question.ending)
    if audit.damage is not None:
        tally.fault(Fault(Verdict.ALTERED, LEDGER, None, None, audit.damage))
    if not chain.is_whole:
        rest = statements_from(audit.source, question.console, chain.end.number + 1)
        tally.skip(Checked.STATEMENTS, Why.TIME, sum(1 for _ in rest))
    elif not chain.end.number and question.must_exist:
        key = statement_key(question.console, 1)
        sentence = f"{key} is missing: there is no statement of {question.console} at all"
        tally.fault(Fault(Verdict.MISSING, key, None, 1, sentence))
    return chain
