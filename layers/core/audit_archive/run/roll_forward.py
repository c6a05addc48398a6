"""Roll forward: sign, publish and record what a crashed run committed, before anything else."""

from collections.abc import Iterator
from typing import BinaryIO

from audit_archive.errors import IntegrityError, LedgerError
from audit_archive.export import read_export
from audit_archive.finding import Finding
from audit_archive.format.facts import BY_EVENT, EntryFile, ExportFacts, PurgeOutcome
from audit_archive.format.head import Head
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, PurgeStatement
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.run.checkpoints import Signed, commit_key, sign_checkpoint
from audit_archive.run.commit import mismatch_finding
from audit_archive.run.context import Run, SupersededError
from audit_archive.run.findings import amendments_of, decision_finding, findings_of
from audit_archive.run.ledger_head import confirmed_head, disowned_finding, is_ahead, told_at
from audit_archive.run.publish import Published, announce_and_record, publish, record
from audit_archive.storage.chain import read_statement, statements_beyond
from audit_archive.storage.entry_files import Built, build, select_stated

ATTEMPTS = 20
"""How often a statement is chained again behind statements of other runs that came first."""

MAX_CRASH_AGE = 30 * DAY
"""Seconds. An older statement that the ledger lacks is not taken for the crash of a run: the run after a
daily run that crashed comes a day later, or after a weekend."""


def roll_forward(run: Run) -> Head:
    """The head that the chain leads to, once the ledger stands there too.

    Each statement beyond the ledger's head is signed, published and recorded, as its run would have done.

    The ledger's head is compared with the chain first, and made anew from the chain if the two do not match.
    If the key that signs is not the one that the chain names, a statement names it. Raises IntegrityError if
    the bucket does not hold what the ledger names, LedgerError if there was not enough time for all
    statements.
    """
    for _ in range(ATTEMPTS):
        head = _catch_up(run, confirmed_head(run))
        try:
            signed = commit_key(run, head)
        except SupersededError:
            continue
        return head if signed is None else record(run, publish(run, signed))
    raise LedgerError(
        f"{ATTEMPTS} statements of other runs came first, so the chain does not name the signing key yet. "
        "The next run states it"
    )


def _catch_up(run: Run, head: Head) -> Head:
    """The head after every statement beyond `head`, each of them signed, published and recorded.

    Each run records at least one statement. If its time is short, it leaves the rest to the next run.
    """
    known = head.statement.key if head.statement is not None else None
    rest = (version for version in statements_beyond(run.store, head) if version.key != known)
    disowned: Head | None = None
    for count, version in enumerate(rest):
        if not count:
            disowned = run.ledger.disowned(head.console)
        elif not run.has_time():
            raise _unfinished(head, head.seq + 1 + sum(1 for _ in rest))
        signed = sign_checkpoint(run, read_statement(run.store, head, version))
        findings = [*_unannounced(run, signed), *_differences(signed.head, disowned)]
        head = announce_and_record(run, _publish_absent(run, signed), findings)
    if disowned is not None and not is_ahead(run, disowned, head):
        run.ledger.forget_disowned(head.console)
    return head


def _unfinished(head: Head, total: int) -> LedgerError:
    return LedgerError(
        f"The ledger of Console {head.console} is behind the chain, and there was not enough time: "
        f"{head.seq} of {total} statements are in it now. The next run goes on from there"
    )


def _differences(head: Head, disowned: Head | None) -> Iterator[Finding]:
    """The finding about a head that was set aside: at the statement where it stood, at once if unreadable."""
    if disowned is not None and head.seq == told_at(disowned):
        found = disowned_finding(head, disowned)
        if found is not None:
            yield found


def _unannounced(run: Run, signed: Signed) -> tuple[Finding, ...]:
    """The findings that a crashed run did not announce. An old statement is no crash: it has none."""
    statement = signed.statement
    if from_rfc3339(statement.run.started_at) <= run.clock.now() - MAX_CRASH_AGE:
        return ()
    match statement:
        case ArchiveStatement():
            findings = findings_of(run, statement, signed.before, signed.head)
            return (*findings, *amendments_of(run, statement))
        case PurgeStatement(outcome=PurgeOutcome.MISMATCH):
            return (mismatch_finding(statement),)
        case OperatorStatement() if statement.action in BY_EVENT:
            return (decision_finding(statement),)
        case _:
            return ()


def _publish_absent(run: Run, signed: Signed) -> Published:
    """Publish what a crashed run left unpublished, but not files that have expired since."""
    statement = signed.statement
    if not isinstance(statement, ArchiveStatement) or _has_expired(run, statement.export):
        return publish(run, signed)
    if all(_is_published(run, file) for file in statement.entries):
        return publish(run, signed)
    built = _rebuild(run, statement, signed.before)
    try:
        return publish(run, signed, built)
    finally:
        built.close()


def _has_expired(run: Run, export: ExportFacts) -> bool:
    # The lifecycle rule hides the latest versions a day before their lock ends.
    return from_rfc3339(export.retain_until) - DAY <= run.clock.now()


def _is_published(run: Run, file: EntryFile) -> bool:
    """Whether an entry file is there with the stated hash: somebody may have put another object first."""
    facts = run.store.inspect(file.key)
    return facts is not None and facts.sha256 == file.sha256


def _rebuild(run: Run, statement: ArchiveStatement, before: Head) -> Built:
    """The entry files of a statement, from the stored export. Raises IntegrityError if they differ."""
    spool = _fetch(run, statement.export)
    entries = read_export(spool, statement.export.size, run.scratch)
    selected = select_stated(entries, before, statement)
    built = build(selected, before, statement.seq, run.scratch)
    if _contents(built.facts) != _contents(statement.entries) or built.tree != statement.tree:
        raise IntegrityError(
            f"The entry files of statement {statement.seq} can't be rebuilt from {statement.export.key}: the "
            "export gives other lines. Keep both. Find out whether one was altered or the software changed"
        )
    return built


def _contents(files: tuple[EntryFile, ...]) -> list[tuple[str, str]]:
    """The keys and content hashes of files. Their own hashes depend on the gzip implementation."""
    return [(file.key, file.content_sha256) for file in files]


def _fetch(run: Run, export: ExportFacts) -> BinaryIO:
    spool = run.scratch()
    for chunk in run.store.read(export.key, export.version_id):
        spool.write(chunk)
    return spool
