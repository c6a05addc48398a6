"""What happened to an archive, day by day and in milestones, from its statements. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from audit_archive.evidence.model import Custody, CustodyDay, Milestone, Turn
from audit_archive.format.codec import UnknownMember, member_of
from audit_archive.format.facts import Cause, PurgeOutcome
from audit_archive.format.purges import ForeignPurge, foreign_purges_of, mismatch_sentence
from audit_archive.format.statement import (
    ArchiveStatement,
    OperatorStatement,
    PurgeStatement,
    Statement,
    bundle_key_named_by,
    key_named_by,
)
from audit_archive.format.times import read_timestamp, rfc3339
from audit_archive.retrieve.coverage import LISTED

_CARRIED_OUT = frozenset({PurgeOutcome.CONFIRMED, PurgeOutcome.UNCONFIRMED, PurgeOutcome.MISMATCH})
_DATE = len("yyyy-mm-dd")


class CustodyLog:
    """Takes the statements of a Console in order."""

    def __init__(self) -> None:
        self._days: dict[str, CustodyDay] = {}
        self._milestones: list[Milestone] = []
        self._turns: Counter[Turn | UnknownMember] = Counter()
        self._receipted: set[int] = set()

    def add(self, statement: Statement) -> None:
        """Take the next one."""
        date = statement.run.started_at[:_DATE]
        day = self._days.get(date, CustodyDay(date))
        receipted = set(_receipted(statement)) - self._receipted
        self._receipted |= receipted
        self._days[date] = replace(
            _with(statement, day), statements=day.statements + 1, receipts=day.receipts + len(receipted)
        )
        for milestone in _milestones(statement, is_first=not self._turns):
            self._turns[milestone.turn] += 1
            if self._turns[milestone.turn] <= LISTED:  # of each kind: a thousand holes do not hide a purge
                self._milestones.append(milestone)

    def custody(self) -> Custody:
        """The custody up to the last statement that was added."""
        days = (self._days[date] for date in sorted(self._days))
        milestones = sorted(self._milestones, key=lambda milestone: (milestone.at, milestone.seq))
        return Custody(tuple(days), tuple(milestones), dict(sorted(self._turns.items())))


def _with(statement: Statement, day: CustodyDay) -> CustodyDay:
    """A day with the counts of one more statement."""
    match statement:
        case ArchiveStatement():
            return replace(
                day,
                archived=day.archived + statement.slice.count,
                foreign_purges=day.foreign_purges + sum(1 for _ in foreign_purges_of(statement)),
                missing=day.missing
                + sum(hole.last - hole.first + 1 for hole in statement.missing if hole.cause != Cause.PURGED),
            )
        case PurgeStatement() if statement.outcome in _CARRIED_OUT:
            reported = (
                statement.expected_count if statement.reported_count is None else statement.reported_count
            )
            return replace(day, purges=day.purges + 1, purged=day.purged + reported)
        case _:
            return day


def _receipted(statement: Statement) -> Iterator[int]:
    """The intents with a receipt in a statement: that of its purge, and those among archived entries."""
    match statement:
        case PurgeStatement() if statement.receipt is not None:
            yield statement.intent_seq
        case ArchiveStatement():
            yield from (seen.intent_seq for seen in statement.receipts_seen if seen.intent_seq is not None)


def _milestones(statement: Statement, *, is_first: bool) -> Iterator[Milestone]:
    at, seq = statement.run.started_at, statement.seq
    if is_first:
        yield Milestone(at, seq, Turn.BEGIN, f"The archive of Console {statement.console} begins")
    match statement:
        case ArchiveStatement():
            for hole in statement.missing:
                if hole.cause == Cause.UNEXPLAINED:
                    yield Milestone(at, seq, Turn.HOLE, _hole_sentence(hole.first, hole.last))
            for purge in foreign_purges_of(statement):
                yield Milestone(
                    _moment(purge, at), seq, Turn.FOREIGN_PURGE, purge.sentence(statement.console)
                )
        case PurgeStatement(outcome=PurgeOutcome.MISMATCH):
            sentence = mismatch_sentence(
                statement.console, statement.boundary, statement.expected_count, statement.reported_count
            )
            yield Milestone(at, seq, Turn.MISMATCH, sentence)
        case PurgeStatement(outcome=PurgeOutcome.UNKNOWN):
            sentence = (
                f"It is not known whether the Console carried out the purge up to id {statement.boundary}"
            )
            yield Milestone(at, seq, Turn.UNKNOWN, sentence)
        case OperatorStatement():
            yield Milestone(at, seq, member_of(Turn, statement.action), _decision(statement))


def _hole_sentence(first: int, last: int) -> str:
    ids = f"Id {first} is" if first == last else f"The ids {first} to {last} are"
    return f"{ids} missing, and no purge explains it"


def _moment(purge: ForeignPurge, otherwise: str) -> str:
    """When it happened, by the Console's clock; if that can't be read, when it was found."""
    at = read_timestamp(purge.timestamp)
    return rfc3339(at) if at is not None else otherwise


def _decision(statement: OperatorStatement) -> str:
    key = key_named_by(statement)
    if key is not None:
        return f"Checkpoints are signed by the key {key.key_id.hex()} from here on"
    maker = bundle_key_named_by(statement)
    if maker is not None:
        return f"{statement.who} stated that the key {maker.key_id.hex()} signs bundles: {statement.reason}"
    if statement.accepted_faults:
        first, count = statement.accepted_faults[0], len(statement.accepted_faults)
        more = f", and {count - 1} more" if count > 1 else ""
        return (
            f"{statement.who} accepted a fault of the daily audit{more}: {statement.reason}. The first is "
            f"{first.verdict}: {first.sentence}"
        )
    if statement.held:
        begin, end, ranges = statement.held[0].first, statement.held[-1].last, len(statement.held)
        parts = f", in {ranges} ranges" if ranges > 1 else ""
        return (
            f"{statement.who} set a legal hold on the statements {begin} to {end}{parts}: {statement.reason}"
        )
    if statement.released is not None:
        return (
            f"{statement.who} released the legal hold of statement {statement.released}: {statement.reason}"
        )
    return f"{statement.who} stated `{statement.action}`: {statement.reason}"
