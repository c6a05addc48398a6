"""The audit of an archive. `verify_archive` is the whole of it; read it first.

1. The whole chain: every statement, its hash, lock and signature, and what it states of ids and tree.
2. The settings of the bucket, where the caller says what they should be.
3. If the question names a checkpoint: the proof that the archive only grew since.
4. The objects of the asked-for statements, as deep as was asked and as long as there is time.
5. The report.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from audit_archive.audit.contents import ContentCheck
from audit_archive.audit.corroboration import LEDGER
from audit_archive.audit.growth import GrowthProof
from audit_archive.audit.locks import judge_first_locks
from audit_archive.audit.objects import ObjectCheck
from audit_archive.audit.overview import WalkedChain, walk_chain
from audit_archive.audit.pace import WORKERS, Deadline, DeadlineError
from audit_archive.audit.question import Audit, AuditQuestion, Done
from audit_archive.audit.settings import judge_settings
from audit_archive.audit.signatures import Keys, Signatures
from audit_archive.audit.strays import find_strays
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Step, Walk
from audit_archive.errors import SettingsError
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.verdicts import (
    Checked,
    Depth,
    Fault,
    Growth,
    KeysFrom,
    Verdict,
    Verification,
    Why,
    verdict_on,
)
from audit_archive.storage.chain import statements_from

CONTENTS = ((Checked.EXPORTS, Checked.EXPORT_CONTENTS), (Checked.FILES, Checked.FILE_CONTENTS))


def verify_archive(audit: Audit, question: AuditQuestion) -> Verification:
    """Audit an archive. Whatever is wrong with the archive is in the report.

    Raises ArchiveStoreError if the archive can't be read, SettingsError for a full disk.
    """
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            work = _Work(audit, question, pool, Keys(question.trusted_keys, audit.is_signed))
            chain = _judge_chain(work)
            if audit.settings is not None:
                judge_settings(audit.settings, chain.longest_lock, work.tally)
            growth = _prove_growth(work, chain)
            continue_at = _ObjectAudit(work, chain).check()
    except OSError as error:  # of the temporary disk: adapters translate every other one
        raise SettingsError(
            f"The temporary disk failed ({error.strerror}): give the function more ephemeral storage"
        ) from error
    return _report(question, chain, work.tally, work.keys, continue_at=continue_at, growth=growth)


@dataclass(frozen=True)
class _Work:
    """One audit in progress."""

    audit: Audit
    question: AuditQuestion
    pool: ThreadPoolExecutor
    keys: Keys
    tally: AuditTally = field(default_factory=AuditTally)

    def walk(self, tally: AuditTally, keys: Keys) -> Walk:
        signatures = Signatures(self.question.console, keys, tally)
        return Walk(self.audit, self.question, tally, signatures, self.pool)


def _judge_chain(work: _Work) -> WalkedChain:
    audit, question, tally = work.audit, work.question, work.tally
    walk = work.walk(tally, work.keys)
    chain = walk_chain(walk, audit, question, tally, Deadline(audit.clock))
    judge_first_locks(audit.source, question.console, tally, audit.clock.now())
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


def _prove_growth(work: _Work, chain: WalkedChain) -> Growth | None:
    since = work.question.since
    if since is None:
        return None
    walk = work.walk(AuditTally(), work.keys.copy())
    return GrowthProof(work.audit, chain, work.keys, work.tally, walk).prove(since)


class _ObjectAudit:
    """The check of the objects of the asked-for statements."""

    def __init__(self, work: _Work, chain: WalkedChain) -> None:
        self._audit = audit = work.audit
        self._question = work.question
        self._chain = chain
        self._tally = tally = work.tally
        self._statements = 0
        self._before = {what: tally.accounted(what) for what, _ in CONTENTS}
        self._deadline = deadline = Deadline(audit.clock)
        self._objects = ObjectCheck(audit, tally, work.pool, is_copy=chain.is_copy)
        self._contents = ContentCheck(audit, tally, work.pool, deadline, self._show_progress)
        # A second walk, from the first asked-for statement. The first walk has reported its faults.
        self._walk = work.walk(AuditTally(), work.keys.copy())

    def check(self) -> int | None:
        """Check them all. Returns the number of the statement at which to go on; None if time sufficed."""
        if self._question.depth == Depth.CHAIN:
            self._tally.skip(Checked.STRAYS, Why.DEPTH)
            return None
        continue_at: int | None = self._question.from_seq
        if self._chain.is_whole:
            continue_at = self._check_statements()
            self._count_the_rest()
        if continue_at is not None:
            self._tally.skip(Checked.STRAYS, Why.TIME)
        elif self._chain.newest.console != self._question.console:
            self._tally.skip(Checked.STRAYS, Why.FAULT)
        else:
            find_strays(self._audit, self._question.console, self._chain, self._tally)
        return continue_at

    def _count_the_rest(self) -> None:
        """Count as unchecked what was wanted, and is neither checked nor counted as unchecked so far."""
        is_shallow = self._question.depth == Depth.OBJECTS
        for what, inside in CONTENTS:
            wanted = self._chain.wanted[what]
            self._tally.skip(what, Why.TIME, wanted - (self._tally.accounted(what) - self._before[what]))
            left = wanted - self._tally.accounted(inside)
            self._tally.skip(inside, Why.DEPTH if is_shallow else Why.TIME, left)

    def _check_statements(self) -> int | None:
        with closing(self._contents):
            return self._check_as_long_as_there_is_time()

    def _check_as_long_as_there_is_time(self) -> int | None:
        last = self._question.to_seq or self._chain.end.number
        for step in self._walk.steps(self._chain.start):
            number = step.after.number
            if number > last:
                return None
            try:
                self._deadline.check()
                self._check(step)
            except DeadlineError:
                # A statement that takes more than a whole invocation would stop every audit: go on after it.
                is_first = number == self._question.from_seq
                return number + is_first if number + is_first <= last else None
            self._statements += 1
            self._show_progress()
        return None

    def _check(self, step: Step) -> None:
        statement, ref = step.statement, step.ref
        if not isinstance(statement, ArchiveStatement) or ref is None:
            return
        found = self._objects.check(statement)
        if self._question.depth == Depth.CONTENT:
            self._contents.check(statement, ref, step.before, found)
        else:
            self._contents.check_files(statement, [each for each in found if each.is_repacked])

    def _show_progress(self) -> None:
        wanted = self._chain.wanted
        is_reading = self._question.depth == Depth.CONTENT
        done = Done(
            self._statements,
            wanted[Checked.STATEMENTS],
            self._tally.checked[Checked.BYTES],
            wanted[Checked.BYTES] if is_reading else None,
        )
        self._audit.progress(done)


def _report(
    question: AuditQuestion,
    chain: WalkedChain,
    tally: AuditTally,
    keys: Keys,
    *,
    continue_at: int | None,
    growth: Growth | None,
) -> Verification:
    """The report of an audit, its faults in the order of statements and keys."""
    uses = keys.uses
    return Verification(
        console=question.console,
        depth=question.depth,
        is_valid=not tally.faults,
        summary="; ".join(_summary(question, chain, tally, continue_at, growth)),
        from_seq=question.from_seq,
        to_seq=question.to_seq or chain.end.number,
        continue_at=continue_at,
        newest_seq=chain.end.number,
        newest_sha256=chain.newest_sha256,
        checked=dict(sorted(tally.checked.items())),
        faults=tally.faults,
        notes=tally.notes,
        note_counts=tally.note_counts,
        not_checked=tally.unchecked,
        coverage=chain.covered.coverage(),
        keys_from=(KeysFrom.CALLER if keys.trusted else KeysFrom.ARCHIVE) if uses else None,
        keys=uses,
        growth=growth,
    )


def _summary(
    question: AuditQuestion,
    chain: WalkedChain,
    tally: AuditTally,
    continue_at: int | None,
    growth: Growth | None,
) -> Iterator[str]:
    """The report in a few clauses."""
    faults, epochs = tally.faults, chain.covered.coverage().epochs
    entries = sum(epoch.archived for epoch in epochs)
    yield (
        f"Console {question.console}: {chain.end.number} statements over {entries} entries, "
        f"depth {question.depth}: {verdict_on(faults)}"
    )
    if faults:
        yield f"the first is {faults[0].verdict}: {faults[0].sentence}"
    if growth is not None:
        yield growth.sentence
    if continue_at is not None:
        yield f"the time was used up: go on at statement {continue_at}"
