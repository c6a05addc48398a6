"""The objects of the asked-for statements, as deep as was asked and as long as there is time."""

from collections.abc import Iterable
from contextlib import closing

from audit_archive.audit.contents import ContentCheck
from audit_archive.audit.objects import ObjectCheck
from audit_archive.audit.overview import WalkedChain
from audit_archive.audit.pace import Deadline, DeadlineError
from audit_archive.audit.question import Done
from audit_archive.audit.walk import Point, Step
from audit_archive.audit.work import Work
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.verdicts import Checked, Depth, Why

CONTENTS = ((Checked.EXPORTS, Checked.EXPORT_CONTENTS), (Checked.FILES, Checked.FILE_CONTENTS))


class ObjectAudit:
    """The check of the objects of the asked-for statements.

    `reached`: the point after the last step that it was given and has dealt with. `checked`: the numbers of
    the statements whose objects it has checked. `has_passed_over`: whether one took too long.
    """

    def __init__(self, work: Work, chain: WalkedChain) -> None:
        self.reached: Point | None = None
        self.checked: set[int] = set()
        self.has_passed_over = False
        self._audit = audit = work.audit
        self._question = work.question
        self._chain = chain
        self._tally = tally = work.tally
        self._before = {what: tally.accounted(what) for what, _ in CONTENTS}
        self._deadline = deadline = Deadline(audit.clock)
        self._objects = ObjectCheck(audit, tally, work.pool, is_copy=chain.is_copy)
        self._contents = ContentCheck(audit, tally, work.pool, deadline, self._show_progress)

    def check(self, steps: Iterable[Step]) -> int | None:
        """Check the objects of the asked-for statements among some steps.

        Returns the number of the statement at which to go on; None if time sufficed.
        """
        if self._question.depth == Depth.CHAIN:
            return None
        if not self._chain.is_whole:
            return self._question.from_seq
        with closing(self._contents):
            continue_at = self._check_as_long_as_there_is_time(steps)
        self._count_the_rest()
        return continue_at

    def check_again(self, steps: Iterable[Step]) -> None:
        """Check the objects of further statements, as long as there is time."""
        with closing(self._contents):
            for step in steps:
                try:
                    self._deadline.check()
                    self._check(step)
                except DeadlineError:
                    return

    def _count_the_rest(self) -> None:
        """Count as unchecked what was wanted, and is neither checked nor counted as unchecked so far."""
        is_shallow = self._question.depth == Depth.OBJECTS
        for what, inside in CONTENTS:
            wanted = self._chain.wanted[what]
            self._tally.skip(what, Why.TIME, wanted - (self._tally.accounted(what) - self._before[what]))
            left = wanted - self._tally.accounted(inside)
            self._tally.skip(inside, Why.DEPTH if is_shallow else Why.TIME, left)

    def _check_as_long_as_there_is_time(self, steps: Iterable[Step]) -> int | None:
        first, last = self._question.from_seq, self._question.to_seq or self._chain.end.number
        for step in steps:
            number = step.after.number
            try:
                self._deadline.check()
                if number >= first:
                    self._check(step)
            except DeadlineError:
                if number < first:
                    return first
                # A statement that takes more than a whole invocation would stop every audit: go on after it.
                is_passed = number == first and self._question.passes_over
                self.has_passed_over = is_passed
                self.reached = step.after if is_passed else self.reached
                return number + is_passed if number + is_passed <= last else None
            self.reached = step.after
            self._show_progress()
        return None

    def _check(self, step: Step) -> None:
        statement, ref = step.statement, step.ref
        if isinstance(statement, ArchiveStatement) and ref is not None:
            found = self._objects.check(statement)
            if self._question.depth == Depth.CONTENT:
                self._contents.check(statement, ref, step.before, found)
            else:
                self._contents.check_files(statement, [each for each in found if each.is_repacked])
        self.checked.add(step.after.number)

    def _show_progress(self) -> None:
        wanted = self._chain.wanted
        is_reading = self._question.depth == Depth.CONTENT
        done = Done(
            len(self.checked),
            wanted[Checked.STATEMENTS],
            self._tally.checked[Checked.BYTES],
            wanted[Checked.BYTES] if is_reading else None,
        )
        self._audit.progress(done)
