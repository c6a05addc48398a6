"""The section on the audit of the chain that was made for this bundle."""

from collections.abc import Iterator, Mapping

from audit_archive.evidence.model import Report
from audit_archive.evidence.report.parts import (
    CAUSE_WORDS,
    DEPTHS,
    MOST_ROWS,
    REASONS,
    VERDICT_WORDS,
    left_out,
)
from audit_archive.format.verdicts import AuditNote, EpochCoverage, Fault, KeysFrom, Unchecked, Verification
from audit_archive.html_page.markup import Markup, Node, element
from audit_archive.html_page.parts import (
    Column,
    code,
    counted,
    facts,
    nothing,
    notice,
    number,
    section,
    span,
    table,
)

_KEYS: Mapping[KeysFrom | None, str] = {
    KeysFrom.CALLER: "given by the person who asked for this bundle",
    KeysFrom.ARCHIVE: "named by the archive itself: they show that the archive is consistent, not who "
    "made it",
}
_WHERE = [Column("Object", "code"), Column("Statement", "number")]


def audit_section(report: Report) -> Markup:
    """Whether the audit found a fault in the archive that the answer comes from."""
    found = report.verification
    return section(
        "audit",
        "Audit of the chain",
        element(
            "p", f"This audit was made for this bundle. It checked {DEPTHS.get(found.depth, found.depth)}."
        ),
        _verdict(found),
        _faults(found),
        facts(*_facts(found)),
        _coverage(found),
        _notes(found),
        _not_checked(found),
    )


def _verdict(found: Verification) -> Markup:
    summary = element("p", f"{found.summary}.")
    if not found.is_valid:
        return notice("bad", f"The audit found {counted(len(found.faults), 'fault')}.", summary)
    return notice("good", "The audit found no fault.", summary)


def _faults(found: Verification) -> Markup:
    if not found.faults:
        return nothing()
    columns = [Column("Fault"), Column("What is wrong"), *_WHERE]
    rows = map(_fault, found.faults[:MOST_ROWS])
    return table("Faults", columns, rows, more=left_out(len(found.faults)), kind="faults")


def _fault(each: Fault | AuditNote) -> list[Node]:
    word = element("strong", each.verdict, class_="grave" if isinstance(each, Fault) else "plain")
    means = element("small", VERDICT_WORDS.get(each.verdict, ""))
    verdict = element("span", word, " ", means)
    return [verdict, each.sentence, each.key, "" if each.seq is None else str(each.seq)]


def _facts(found: Verification) -> Iterator[tuple[str, Node]]:
    yield "Statements audited", span(found.from_seq, found.to_seq)
    if found.continue_at is not None:
        yield "Not reached", f"statement {found.continue_at} and all after it"
    yield "Newest statement", str(found.newest_seq)
    yield "Its SHA-256", code(found.newest_sha256 or "unknown")
    for what, count in sorted(found.checked.items()):
        yield f"Checked: {what}", number(count)
    if found.coverage.first_date is not None:
        yield "Dates of entries (UTC)", span(found.coverage.first_date, found.coverage.last_date)
    yield "Keys", _KEYS.get(found.keys_from, "none, so no signature was checked")
    for key in found.keys:
        yield f"Key {key.key_id}", f"{counted(key.checkpoints, 'checkpoint')} with a valid signature"


def _coverage(found: Verification) -> Markup:
    if not found.coverage.epochs:
        return nothing()
    columns = [Column("Epoch"), *(Column(name, "number") for name in ("Statements", "Entries archived"))]
    columns += [Column("Highest id archived", "number"), Column("Highest id purged", "number")]
    columns += [Column("Ids missing"), Column("Filled later", "number")]
    return table("What the audited chain covers", columns, map(_epoch, found.coverage.epochs))


def _epoch(each: EpochCoverage) -> list[Node]:
    missing = "; ".join(
        f"{number(n)}: {CAUSE_WORDS.get(cause, cause)}" for cause, n in each.missing.items() if n
    )
    highest = str(each.highest_archived_id), str(each.highest_purged_id or "none")
    counts = number(each.statements), number(each.archived)
    return [str(each.epoch), *counts, *highest, missing or "none", number(each.filled)]


def _notes(found: Verification) -> Markup:
    total = sum(found.note_counts.values())
    if not total:
        return element("p", "The audit noted nothing else.")
    columns = [Column("Note"), Column("What it is"), *_WHERE]
    shown = found.notes[:MOST_ROWS]
    return table("Notes (they are not faults)", columns, map(_fault, shown), more=left_out(total, len(shown)))


def _not_checked(found: Verification) -> Markup:
    if not found.not_checked:
        return element("p", "The audit left nothing out.")
    columns = [Column("Not checked"), Column("How many", "number"), Column("Why")]
    return table("What this audit did not check", columns, map(_unchecked, found.not_checked[:MOST_ROWS]))


def _unchecked(each: Unchecked) -> list[Node]:
    return [each.what, number(each.count), REASONS.get(each.why, each.why)]
