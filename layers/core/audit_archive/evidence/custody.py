"""What became of an archive, as its statements tell it one after the other. Pure."""

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

    def add(self, said: Statement) -> None:
        """Take the next one."""
        date = said.run.started_at[:_DATE]
        day = self._days.get(date, CustodyDay(date))
        receipted = set(_receipted(said)) - self._receipted
        self._receipted |= receipted
        self._days[date] = replace(
            _with(said, day), statements=day.statements + 1, receipts=day.receipts + len(receipted)
        )
        for milestone in _milestones(said, is_first=not self._turns):
            self._turns[milestone.turn] += 1
            if self._turns[milestone.turn] <= LISTED:  # of each kind: a thousand holes must not hide a purge
                self._milestones.append(milestone)

    def custody(self) -> Custody:
        """What was told so far."""
        days = (self._days[date] for date in sorted(self._days))
        milestones = sorted(self._milestones, key=lambda milestone: (milestone.at, milestone.seq))
        return Custody(tuple(days), tuple(milestones), dict(sorted(self._turns.items())))


def _with(said: Statement, day: CustodyDay) -> CustodyDay:
    """A day with what one more statement tells."""
    match said:
        case ArchiveStatement():
            return replace(
                day,
                archived=day.archived + said.slice.count,
                foreign_purges=day.foreign_purges + sum(1 for _ in foreign_purges_of(said)),
                missing=day.missing
                + sum(hole.last - hole.first + 1 for hole in said.missing if hole.cause != Cause.PURGED),
            )
        case PurgeStatement() if said.outcome in _CARRIED_OUT:
            reported = said.expected_count if said.reported_count is None else said.reported_count
            return replace(day, purges=day.purges + 1, purged=day.purged + reported)
        case _:
            return day


def _receipted(said: Statement) -> Iterator[int]:
    """The intents whose receipt a statement tells of: a purge's own, and those that come to be archived."""
    match said:
        case PurgeStatement() if said.receipt is not None:
            yield said.intent_seq
        case ArchiveStatement():
            yield from (seen.intent_seq for seen in said.receipts_seen if seen.intent_seq is not None)


def _milestones(said: Statement, *, is_first: bool) -> Iterator[Milestone]:
    at, seq = said.run.started_at, said.seq
    if is_first:
        yield Milestone(at, seq, Turn.BEGIN, f"The archive of Console {said.console} begins")
    match said:
        case ArchiveStatement():
            for hole in said.missing:
                if hole.cause == Cause.UNEXPLAINED:
                    sentence = f"The ids {hole.first} to {hole.last} are missing, and nobody knows why"
                    yield Milestone(at, seq, Turn.HOLE, sentence)
            for purge in foreign_purges_of(said):
                yield Milestone(_moment(purge, at), seq, Turn.FOREIGN_PURGE, purge.sentence(said.console))
        case PurgeStatement(outcome=PurgeOutcome.MISMATCH):
            words = mismatch_sentence(said.console, said.boundary, said.expected_count, said.reported_count)
            yield Milestone(at, seq, Turn.MISMATCH, words)
        case PurgeStatement(outcome=PurgeOutcome.UNKNOWN):
            words = f"Whether the purge up to id {said.boundary} was carried out is not known"
            yield Milestone(at, seq, Turn.UNKNOWN, words)
        case OperatorStatement():
            yield Milestone(at, seq, member_of(Turn, said.action), _decision(said))


def _moment(purge: ForeignPurge, otherwise: str) -> str:
    """When it happened, by the Console's clock; else when it was found out."""
    at = read_timestamp(purge.timestamp)
    return rfc3339(at) if at is not None else otherwise


def _decision(said: OperatorStatement) -> str:
    key = key_named_by(said)
    if key is not None:
        return f"From here on checkpoints are signed by the key {key.key_id.hex()}"
    return f"{said.who} stated `{said.action}`: {said.reason}"
