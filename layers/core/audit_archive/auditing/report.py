"""The report of an audit."""

from audit_archive.auditing.chain import Chain
from audit_archive.auditing.keys import Keys
from audit_archive.auditing.question import Question
from audit_archive.auditing.tally import Tally
from audit_archive.domain.verdicts import Verification, verdict_on


def report(
    question: Question, chain: Chain, tally: Tally, keys: Keys, continue_at: int | None
) -> Verification:
    """What an audit found, in the order of statements and keys."""
    uses = keys.uses
    return Verification(
        console=question.console,
        depth=question.depth,
        is_valid=not tally.faults,
        summary=_summary(question, chain, tally, continue_at),
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
        keys_from=("caller" if keys.trusted else "archive") if uses else None,
        keys=uses,
    )


def _summary(question: Question, chain: Chain, tally: Tally, continue_at: int | None) -> str:
    """The report in a few words."""
    faults, epochs = tally.faults, chain.covered.coverage().epochs
    entries = sum(epoch.archived for epoch in epochs)
    parts = [
        f"Console {question.console}: {chain.end.number} statements over {entries} entries, "
        f"depth {question.depth}: {verdict_on(faults)}"
    ]
    if faults:
        parts.append(f"the first is {faults[0].verdict}: {faults[0].sentence}")
    if continue_at is not None:
        parts.append(f"time was over: go on at statement {continue_at}")
    return "; ".join(parts)
