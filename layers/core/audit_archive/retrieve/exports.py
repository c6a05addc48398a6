"""`export`: the original zips, as the Console served them, that hold an entry, or entries of some dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit_archive.format.facts import ExportFacts
from audit_archive.format.times import from_rfc3339
from audit_archive.retrieve.amendments import find_amendments
from audit_archive.retrieve.coverage import Absence, Coverage, SearchTally
from audit_archive.retrieve.covering import AnswerSources, cover
from audit_archive.retrieve.narrowing import ReadRow
from audit_archive.retrieve.outcome import AnswerOutcome, outcome_of
from audit_archive.retrieve.query import ALL_IDS, Query
from audit_archive.retrieve.selection import Selected, select_statements
from audit_archive.retrieve.statements import KnownChain, Reader, answered
from audit_archive.storage.entry_files import read_stored_export


@dataclass(frozen=True)
class Original:
    """An export, and the numbers of the statements that archived entries asked for from it.

    `absence`: why it is not there, of `Absence`; None if it is, and has the hash that its statements give.
    """

    epoch: int
    statements: tuple[int, ...]
    facts: ExportFacts
    absence: Absence | None


@dataclass(frozen=True)
class FoundExports:
    """The answer: how it ends, in a word and in a sentence, what it rests on, and the exports."""

    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    originals: tuple[Original, ...]


def find_exports(reader: Reader, query: Query) -> FoundExports:
    """Find and check the exports behind the entries of a query's ids, or of its dates.

    Raises IntegrityError naming the object if a statement or an export is not what it should be.
    """
    return answered(reader, query.console, lambda chain: _find(reader, chain, query))


def _find(reader: Reader, chain: KnownChain, query: Query) -> FoundExports:
    selected = select_statements(reader, chain, query)
    originals = tuple(original for each in selected for original in _originals(reader, each, query))
    amendments = find_amendments(reader, chain, selected)
    coverage = cover(reader, chain, query, AnswerSources(selected, SearchTally(), amendments))
    outcome = outcome_of(query, coverage)
    if originals:
        is_left = any(original.absence is None for original in originals)
        outcome = AnswerOutcome.FOUND if is_left else AnswerOutcome.NOTHING_LEFT
    return FoundExports(outcome, _sentence(query, outcome, originals), coverage, originals)


def _originals(reader: Reader, selected: Selected, query: Query) -> Iterator[Original]:
    by_version: dict[tuple[str, str], list[ReadRow]] = {}
    for each in selected.read:
        if _archives(each, query):
            facts = each.said.export
            by_version.setdefault((facts.key, facts.version_id), []).append(each)
    for rows in by_version.values():
        reader.check_time("date")
        facts = rows[0].said.export
        yield Original(selected.epoch, tuple(r.row.seq for r in rows), facts, _checked(reader, facts))


def _archives(each: ReadRow, query: Query) -> bool:
    """Whether a statement archives the one entry that is asked for, or one of the dates."""
    if query.ids == ALL_IDS:
        return any(query.dates.first <= file.date <= query.dates.last for file in each.said.entries)
    entry_id = query.ids.first
    is_missing = any(hole.first <= entry_id <= hole.last for hole in each.said.missing)
    return entry_id in each.said.filled or (each.row.above < entry_id <= each.row.ids.last and not is_missing)


def _checked(reader: Reader, facts: ExportFacts) -> Absence | None:
    """Why an export is not there; None if it is, and whole."""
    if reader.source.inspect(facts.key, facts.version_id) is None:
        is_over = from_rfc3339(facts.retain_until) <= reader.clock.now()
        return Absence.EXPIRED if is_over else Absence.REMOVED
    for _ in read_stored_export(reader.source, facts):
        pass
    return None


def _sentence(query: Query, outcome: AnswerOutcome, originals: Sequence[Original]) -> str:
    asked = "these dates" if query.ids == ALL_IDS else f"the entry {query.ids.first}"
    match outcome:
        case AnswerOutcome.FOUND:
            left = sum(original.absence is None for original in originals)
            gone = len(originals) - left
            hold = "1 export holds" if left == 1 else f"{left} exports hold"
            return f"{hold} {asked}." + (f" {gone} more are no longer there." if gone else "")
        case AnswerOutcome.NOTHING_LEFT:
            return f"The {len(originals)} exports that hold {asked} are no longer there: see absence."
        case AnswerOutcome.NOTHING_ARCHIVED:
            return f"Nothing of Console {query.console} is archived."
        case AnswerOutcome.OUTSIDE:
            return (
                f"What is archived of Console {query.console} does not reach {asked}: see archived and up_to."
            )
        case _:
            return f"No archived entry is {asked if query.ids != ALL_IDS else f'of {asked}'}: see holes."
