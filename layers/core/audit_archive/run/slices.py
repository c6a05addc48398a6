"""Archive a verified export slice by slice: a statement each, committed, published and recorded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.format.facts import HeldBackBy, PlanFacts, ReceiptSeen, SliceFacts
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import rfc3339
from audit_archive.run.checkpoints import sign_checkpoint
from audit_archive.run.collect import Surveyed, Verified
from audit_archive.run.commit import commit
from audit_archive.run.compare import Compared
from audit_archive.run.context import Run, SupersededError
from audit_archive.run.findings import findings_of
from audit_archive.run.plan import Plan, receipts_seen
from audit_archive.run.publish import announce_and_record, publish
from audit_archive.run.view import View
from audit_archive.storage.entry_files import Built, build, select_entries


@dataclass(frozen=True)
class Basis:
    """What a statement rests on: the verified export, its survey, the view, the comparison, the plan."""

    surveyed: Surveyed
    view: View
    compared: Compared
    plan: Plan
    verified: Verified


def archive_slices(run: Run, head: Head, basis: Basis) -> tuple[Head, bool]:
    """Commit, publish and record one slice after the other, as many as time allows.

    Returns the head, and whether every slice is recorded. Raises SupersededError if another run took the
    chain further, SettingsError if there was no time for the first slice.
    """
    slices = basis.surveyed.survey.slices
    for part in slices:
        if not run.has_time():
            if part is slices[0]:
                raise SettingsError(
                    "No time was left for the first slice. Raise the function's memory or timeout"
                )
            return head, False
        head = _archive_slice(run, head, basis, part)
    return head, True


def _archive_slice(run: Run, head: Head, basis: Basis, part: SliceFacts) -> Head:
    surveyed = basis.surveyed
    selected = select_entries(
        surveyed.entries, head, part, surveyed.survey.first_day, surveyed.export.served_at
    )
    built = build(selected, head, head.seq + 1, run.scratch)
    try:
        statement = _statement(run, head, basis, part, built)
        committed = commit(run, head, statement)
        if committed is None:
            raise SupersededError
        published = publish(run, sign_checkpoint(run, committed), built)
        findings = [*findings_of(run, statement, head, published.head), *_amendments(basis, statement)]
        return announce_and_record(run, published, findings)
    finally:
        built.close()


def _statement(run: Run, head: Head, basis: Basis, part: SliceFacts, built: Built) -> ArchiveStatement:
    surveyed, plan = basis.surveyed, basis.plan
    receipts = surveyed.survey.receipts
    seen = receipts_seen(plan, (r for r in receipts if part.spans(r.entry_id)))
    is_last = part is surveyed.survey.slices[-1]
    archived = max(head.highest_archived_id, part.last_id or 0)
    return ArchiveStatement(
        **run.order.link(head),
        epoch=head.epoch,
        tree=built.tree,
        highest_archived_id=archived,
        highest_purged_id=_highest_purged_id(head, seen, surveyed.survey.ids),
        export=basis.verified.facts,
        slice=part,
        entries=built.facts,
        missing=tuple(m for m in plan.missing if head.highest_archived_id < m.first < archived),
        filled=built.filled,
        receipts_seen=seen,
        drift=built.drift | _duplicate_rows(surveyed) | (basis.compared.drift if is_last else {}),
        plan=_plan_facts(run, plan) if is_last else _unfinished(run, plan, surveyed.export.served_at),
        anchor=built.anchor,
        covered_until=rfc3339(basis.view.covered_until),
        population=basis.view.population,
        stale=basis.view.stale,
        amended=basis.compared.amended if is_last else (),
        respelled=basis.compared.respelled if is_last else (),
        not_compared=basis.compared.not_compared if is_last else 0,
        vanished=plan.vanished if is_last else (),
    )


def _amendments(basis: Basis, statement: ArchiveStatement) -> Iterator[Finding]:
    """The findings about amended entries, with the export that holds the other form."""
    for finding in basis.compared.findings if statement.amended else ():
        yield replace(finding, facts={**finding.facts, "export": statement.export.key})


def _highest_purged_id(head: Head, seen: tuple[ReceiptSeen, ...], live: IdSet) -> int:
    """The watermark: a late receipt proves that its purge was carried out, up to the lowest id still live."""
    proven = {receipt.intent_seq for receipt in seen}
    boundary = max((intent.boundary for intent in head.intents if intent.seq in proven), default=0)
    left = head.not_late(live.within(1, boundary)).ranges
    return max(head.highest_purged_id, left[0].first - 1 if left else boundary)


def _duplicate_rows(surveyed: Surveyed) -> dict[str, int]:
    rows = surveyed.entries.rows - surveyed.survey.entry_count
    return {"duplicate_row": rows} if rows else {}


def _plan_facts(run: Run, plan: Plan) -> PlanFacts:
    return PlanFacts(
        mode=plan.mode,
        window=run.order.policy.window,
        boundary=plan.boundary,
        expected_count=plan.expected_count,
        held_back_by=plan.held_back_by,
        next_due_at=rfc3339(plan.next_due_at) if plan.next_due_at is not None else None,
        waiting_id=plan.waiting_id,
    )


def _unfinished(run: Run, plan: Plan, served_at: int) -> PlanFacts:
    """The plan in a slice that is not the last: nothing is purged before the last slice is recorded."""
    window, due = run.order.policy.window, rfc3339(served_at)
    return PlanFacts(plan.mode, window, None, 0, HeldBackBy.NOT_YET_RECORDED, due)
