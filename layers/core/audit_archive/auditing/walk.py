"""The walk along a chain: every statement in order, judged by what others say of it and by what is before it.

A fault does not stop it. After one it goes on from what the chain itself says, so that one fault is one
verdict; what rests on a statement that can't be trusted is not checked, and counted as such.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from audit_archive.auditing.follow import Follower, Point, Step, is_odd
from audit_archive.auditing.load import Copy, Row, has_checkpoints, load_row, statements_from
from audit_archive.auditing.parallel import read_ahead
from audit_archive.auditing.question import Audit, Question
from audit_archive.auditing.references import References
from audit_archive.auditing.signatures import Signatures
from audit_archive.auditing.tally import Tally
from audit_archive.auditing.words import Word, judge
from audit_archive.domain.head import Head
from audit_archive.domain.layout import statement_key
from audit_archive.domain.verdicts import Fault, Verdict, Why


class Walk:
    """A chain, judged statement by statement; what is found goes into the tally."""

    def __init__(
        self,
        audit: Audit,
        question: Question,
        tally: Tally,
        signatures: Signatures,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._audit = audit
        self._console = question.console
        self._tally = tally
        self._signatures = signatures
        self._references = References(audit, question, signatures)
        self._follower = Follower(tally, self._references, signatures)
        self._pool = pool

    def steps(self, point: Point) -> Iterator[Step]:
        """Every statement after a point."""
        source, console = self._audit.source, self._console
        load = partial(load_row, source, console, is_signed=has_checkpoints(source, console))
        rows = read_ahead(self._pool, load, statements_from(source, console, point.number + 1))
        for row, after, last in _with_next_two(rows):
            if row.number > point.number + 1:
                self._skipped(point.number + 1, row.number - point.number - 1)
                point = point.lost(row.number - 1)
            step = self._step(point, row, after, last)
            yield step
            point = step.after

    def finish(self, newest: Head, number: int) -> None:
        """Judge what can only be judged once every statement was seen, up to a number."""
        self._references.finish(self._tally, newest, number)
        if number:
            self._signatures.finish(number)

    def _skipped(self, first: int, count: int) -> None:
        """Numbers between two statements at which there is none."""
        key = statement_key(self._console, first)
        more = f", and so are the {count - 1} after it" if count > 1 else ""
        self._tally.fault(Fault(Verdict.MISSING, key, None, first, f"{key} is missing{more}"))
        self._tally.skip("statements", Why.FAULT, count)

    def _step(self, point: Point, row: Row, after: Row | None, last: Row | None) -> Step:
        copy = self._references.choose(row, after)
        self._check_versions(row, copy)
        if copy is not None:
            self._audit.witness(copy, row.checkpoint)
        if copy is not None and copy.stored.verdict is not None:
            self._fault(row, copy, copy.stored.verdict, "can't be read back as it was put")
        elif copy is not None:
            words = self._references.words(row, copy, after, last, lambda: is_odd(point, copy.statement))
            is_confirmed = any(word.sha256 == copy.sha256 for word in words)
            is_agreed = self._judge(row, copy, words, is_confirmed=is_confirmed)
            said = copy.statement if is_agreed or is_confirmed else None
            step = self._follower.follow(point, row, copy, said, is_confirmed=is_confirmed) if said else None
            if step is not None:
                return step if is_agreed else replace(step, after=step.after.unlinked())
        self._tally.skip("statements", Why.FAULT)
        return Step(None, None, point, point.lost(row.number))

    def _judge(self, row: Row, copy: Copy, words: list[Word], *, is_confirmed: bool) -> bool:
        """Whether everybody agrees on a statement's bytes; a fault is noted if not, or if it is none."""
        found = judge(copy.sha256, copy.stored.version_id, words)
        if found is not None:
            told = Fault(found[0], row.key, copy.stored.version_id, row.number, f"{row.key} {found[1]}")
            (self._tally.fault_in_a_row if is_confirmed else self._tally.fault)(told)
        elif copy.statement is None:
            verdict = Verdict.MISDESCRIBED if is_confirmed else Verdict.ALTERED
            self._fault(row, copy, verdict, "is no statement of this format")
        return found is None

    def _check_versions(self, row: Row, copy: Copy | None) -> None:
        """A statement has one version for ever, and nothing over it."""
        if copy is None:
            sentence = f"{row.key} is missing: only a delete marker is there"
            self._tally.fault(Fault(Verdict.MISSING, row.key, None, row.number, sentence))
            return
        others = [version for version in row.versions if version.version_id != copy.stored.version_id]
        if others:
            kinds = {version.is_delete_marker for version in others}
            what = "a delete marker" if kinds == {True} else f"{len(others)} more versions"
            sentence = f"{row.key} has {what} beside the version that the chain goes on from"
            self._tally.fault(Fault(Verdict.FORKED, row.key, others[-1].version_id, row.number, sentence))

    def _fault(self, row: Row, copy: Copy, verdict: str, clause: str) -> None:
        self._tally.fault(Fault(verdict, row.key, copy.stored.version_id, row.number, f"{row.key} {clause}"))


def _with_next_two(rows: Iterable[Row]) -> Iterator[tuple[Row, Row | None, Row | None]]:
    """Every row with the two after it, as far as there are any."""
    window: deque[Row] = deque()
    for row in rows:
        window.append(row)
        if len(window) == 3:  # noqa: PLR2004 - itself and two
            yield window[0], window[1], window[2]
            window.popleft()
    while window:
        row = window.popleft()
        yield row, window[0] if window else None, window[1] if len(window) > 1 else None
