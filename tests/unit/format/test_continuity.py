"""Whether a statement goes on from the state before it: what no other suite tells apart."""

from dataclasses import replace

from audit_archive.format.continuity import misfits
from audit_archive.format.facts import Cause, ExportFacts
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.layout import entries_key, export_key
from audit_archive.format.merkle import EMPTY_TREE, Tree, TreeBuilder
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.verdicts import Verdict
from tests.support.statements import archive_statement

SERVED_AT = "2026-11-23T06:00:00Z"
MOMENT = 1_795_413_600
ZERO = "0" * 64


def tree_of(*lines: bytes) -> Tree:
    builder = TreeBuilder(EMPTY_TREE)
    builder.extend(lines)
    return builder.tree()


def statement(seq: int, first: int, last: int, tree: Tree, filled: tuple[int, ...] = ()) -> ArchiveStatement:
    """A statement that archives ids of one date."""
    said = archive_statement("c1", seq, dates=1)
    (file,) = said.entries
    count = last - first + 1 if not filled else len(filled)
    key = entries_key("c1", file.date, seq)
    (file,) = (replace(file, key=key, first_id=first, last_id=last, count=count),)
    export: ExportFacts = replace(
        said.export,
        key=export_key("c1", MOMENT, 1, 9, ZERO),
        sha256=ZERO,
        served_at=SERVED_AT,
        retain_until=SERVED_AT,
        first_id=1,
        last_id=9,
    )
    part = replace(said.slice, first_id=first, last_id=last, count=count)
    return replace(
        said,
        export=export,
        entries=(file,),
        slice=part,
        tree=tree,
        filled=filled,
        highest_archived_id=9 if filled else last,
    )


def verdicts(before: Head, said: ArchiveStatement) -> list[str]:
    return [verdict for verdict, _ in misfits(before, said, knows_holes=True)]


def test_a_tree_that_has_grown_from_the_one_before_goes_on() -> None:
    before = Head("c1", seq=1, tree=tree_of(b"1", b"2"), highest_archived_id=2)
    assert verdicts(before, statement(2, 3, 4, tree_of(b"1", b"2", b"3", b"4"))) == []
    assert verdicts(before, statement(2, 3, 3, tree_of(b"1", b"2", b"3"))) == []


def test_a_tree_of_the_right_size_over_other_lines_does_not_go_on() -> None:
    """Its root is that of its frontier: only the part that was there before tells."""
    before = Head("c1", seq=1, tree=tree_of(b"1", b"2"), highest_archived_id=2)
    assert verdicts(before, statement(2, 3, 3, tree_of(b"x", b"y", b"3"))) == [Verdict.MISDESCRIBED]


def test_filled_ids_ascend() -> None:
    holes = (OpenHole(2, 4, Cause.UNEXPLAINED, 0),)
    before = Head("c1", seq=1, tree=tree_of(b"1"), highest_archived_id=9, holes=holes)
    tree = tree_of(b"1", b"2", b"3")
    assert verdicts(before, statement(2, 2, 3, tree, filled=(2, 3))) == []
    assert verdicts(before, statement(2, 2, 3, tree, filled=(3, 2))) == [Verdict.GAP]
    assert verdicts(before, statement(2, 2, 3, tree, filled=(2, 2))) == [Verdict.GAP]


def test_no_purge_is_planned_beyond_what_is_archived() -> None:
    before = Head("c1", seq=1, tree=tree_of(b"1", b"2"), highest_archived_id=2)
    said = statement(2, 3, 4, tree_of(b"1", b"2", b"3", b"4"))
    for boundary, found in ((4, []), (5, [Verdict.MISDESCRIBED])):
        assert verdicts(before, replace(said, plan=replace(said.plan, boundary=boundary))) == found
