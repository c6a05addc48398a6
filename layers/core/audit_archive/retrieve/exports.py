"""`export`: the original zips, as the Console served them, that hold one entry, or the entries of a date."""

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
    """An export, and the numbers of the statements that archived the entries in question from it.

    `absence`: why it is not there; None if it is there and matches the hash in its statements.
    """

    epoch: int
    statements: tuple[int, ...]
    facts: ExportFacts
    absence: Absence | None


@dataclass(frozen=True)
class FoundExports:
    """The answer: its outcome, the same as a sentence, its coverage, and the exports."""

    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    originals: tuple[Original, ...]


def find_exports(reader: Reader, query: Query) -> FoundExports:
    """Find the exports that the entries of a query's ids, or of its dates, were archived from, and check
    them.

    Raises IntegrityError naming the object if a statement or an export does not match its hash.
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
            facts = each.statement.export
            by_version.setdefault((facts.key, facts.version_id), []).append(each)
    for rows in by_version.values():
        reader.check_time("date")
        facts = rows[0].statement.export
        yield Original(selected.epoch, tuple(r.row.seq for r in rows), facts, _checked(reader, facts))


def _archives(each: ReadRow, query: Query) -> bool:
    """Whether a statement archives the entry in question, or an entry of the dates in question."""
    if query.ids == ALL_IDS:
        return any(query.dates.first <= file.date <= query.dates.last for file in each.statement.entries)
    entry_id = query.ids.first
    is_missing = any(hole.first <= entry_id <= hole.last for hole in each.statement.missing)
    return entry_id in each.statement.filled or (
        each.row.above < entry_id <= each.row.ids.last and not is_missing
    )


def _checked(reader: Reader, facts: ExportFacts) -> Absence | None:
    """Why an export is not there; None if it is there. Reads it to the end, which compares its hash."""
    if reader.source.inspect(facts.key, facts.version_id) is None:
        is_over = from_rfc3339(facts.retain_until) <= reader.clock.now()
        return Absence.EXPIRED if is_over else Absence.REMOVED
    for _ in read_stored_export(reader.source, facts):
        pass
    return None


def _sentence(query: Query, outcome: AnswerOutcome, originals: Sequence[Original]) -> str:
    asked = "entries of these dates" if query.ids == ALL_IDS else f"entry {query.ids.first}"
    match outcome:
        case AnswerOutcome.FOUND:
            left = sum(original.absence is None for original in originals)
            gone = len(originals) - left
            hold = "1 export holds" if left == 1 else f"{left} exports hold"
            more = (
                f" {gone} more {'is' if gone == 1 else 'are'} no longer there: see absence." if gone else ""
            )
            return f"{hold} {asked}.{more}"
        case AnswerOutcome.NOTHING_LEFT:
            count, are = (
                ("1 export", "it is") if len(originals) == 1 else (f"{len(originals)} exports", "they are")
            )
            return f"{count} held {asked}, and {are} no longer there: see absence."
        case AnswerOutcome.NOTHING_ARCHIVED:
            return f"Nothing of Console {query.console} is archived."
        case AnswerOutcome.OUTSIDE:
            return f"The archive of Console {query.console} does not reach {asked}: see archived and up_to."
        case _:
            return f"The archive of Console {query.console} does not have {asked}: see holes."
