"""The report of an audit, from what it walked and what it found."""

from collections.abc import Iterator

from audit_archive.audit.overview import WalkedChain
from audit_archive.audit.question import AuditQuestion
from audit_archive.audit.signatures import Keys
from audit_archive.audit.tally import AuditTally
from audit_archive.format.verdicts import Depth, Growth, KeysFrom, Verification, verdict_on


def report_of(
    question: AuditQuestion,
    chain: WalkedChain,
    tally: AuditTally,
    keys: Keys,
    *,
    continue_at: int | None,
    growth: Growth | None = None,
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
        chain_from=chain.begin.number + 1,
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
        f"depth {question.depth}{_part(question, chain.end.number)}: {verdict_on(faults)}"
    )
    if chain.begin.number:
        yield f"the chain was walked from statement {chain.begin.number + 1} on, where earlier audits ended"
    if faults:
        yield f"the first is {faults[0].verdict}: {faults[0].sentence}"
    if growth is not None:
        yield growth.sentence
    if continue_at is not None:
        yield f"the time was used up: go on at statement {continue_at}"


def _part(question: AuditQuestion, newest: int) -> str:
    """Which part of the archive an audit looks into, if not into all of it: a daily one reads its share."""
    first, last = question.from_seq, min(question.to_seq or newest, newest)
    if question.depth == Depth.CHAIN or (first == 1 and last == newest):
        return ""
    what = "contents" if question.depth == Depth.CONTENT else "objects"
    return f", {what} of statements {first} to {last} only" if first <= last else f", no {what} of statements"
