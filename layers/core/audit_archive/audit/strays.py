"""Objects under the prefixes of a Console's archive that no statement names."""

import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from audit_archive.audit.overview import WalkedChain
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.tally import AuditTally
from audit_archive.format.layout import (
    SEQ_DIGITS,
    checkpoints_prefix,
    entries_prefix,
    exports_prefix,
    statement_key,
    statements_prefix,
)
from audit_archive.format.verdicts import AuditNote, Checked, Depth, Fault, Verdict, Why
from audit_archive.ports import NO_VERSION, Version

_NUMBER = re.compile(rf".*/([0-9]{{{SEQ_DIGITS}}})\.[a-z.]+")


def look_for_strays(
    audit: Audit, question: AuditQuestion, chain: WalkedChain, tally: AuditTally, *, is_early: bool
) -> None:
    """Look for strays, if that is asked for and the whole chain is known. `is_early`: the time was over."""
    if question.depth == Depth.CHAIN:
        tally.skip(Checked.STRAYS, Why.DEPTH)
    elif is_early:
        tally.skip(Checked.STRAYS, Why.TIME)
    elif chain.newest.console != question.console:
        tally.skip(Checked.STRAYS, Why.FAULT)
    else:
        find_strays(audit, question.console, chain, tally)


def find_strays(audit: Audit, console: str, chain: WalkedChain, tally: AuditTally) -> None:
    """List everything under a Console's prefixes, and add a fault or a note for what the chain does not name.

    An export without a statement is a note: its run died, or another run was faster. An entry file without a
    statement is a fault: a run writes it after the statement that names it, and queries read it as archived.
    """
    strays = _Strays(audit, console, chain, tally)
    for key, versions in _listed(audit, exports_prefix(console)):
        strays.check_export(key, versions)
    for key, versions in _listed(audit, entries_prefix(console)):
        if not chain.names.has(key) and not all(version.is_delete_marker for version in versions):
            strays.check_entry_file(key)
    for prefix, suffix in ((statements_prefix(console), ".json"), (checkpoints_prefix(console), ".txt")):
        form = re.compile(rf"{re.escape(prefix)}[0-9]{{{SEQ_DIGITS}}}{re.escape(suffix)}")
        for key, versions in _listed(audit, prefix):
            if form.fullmatch(key) is None or _number_in(key) is None:
                strays.add_note(key, "has a name that is not of this format")
            elif suffix == ".txt":
                strays.check_checkpoint(key)
                if len(versions) > 1:
                    strays.add_note(key, "has more than one version")


def _number_in(key: str) -> int | None:
    """The number in a file's name; None without one. Statements count from 1: 0 is not a statement's."""
    found = _NUMBER.fullmatch(key)
    return (int(found[1]) or None) if found is not None else None


def _listed(audit: Audit, prefix: str) -> Iterator[tuple[str, tuple[Version, ...]]]:
    for key, versions in groupby(audit.source.versions(prefix), attrgetter("key")):
        yield key, tuple(versions)


class _Strays:
    """Checks one key after another against the names in the chain."""

    def __init__(self, audit: Audit, console: str, chain: WalkedChain, tally: AuditTally) -> None:
        self._audit = audit
        self._console = console
        self._names = chain.names
        self._trusted = chain.trusted
        self._end = chain.end.number
        self._tally = tally

    def add_note(self, key: str, clause: str) -> None:
        self._tally.note(AuditNote(Verdict.ORPHANED, key, None, f"{key} {clause}"))

    def check_export(self, key: str, versions: tuple[Version, ...]) -> None:
        real = [version for version in versions if not version.is_delete_marker]
        for version in real:
            named = version.version_id if version.version_id != NO_VERSION else None
            if not self._names.has(key, named):
                self.add_note(key, f"(version {version.version_id}) is an export that no statement names")
        if len(real) < len(versions) and real:
            self.add_note(key, "is hidden by a delete marker: its versions still exist")

    def check_entry_file(self, key: str) -> None:
        """Add the fault, unless its statement can't be trusted, or is newer than the walk."""
        seq = _number_in(key)
        if seq is not None and seq <= self._end and seq not in self._trusted:
            self._tally.skip(Checked.FILES, Why.FAULT)
        elif seq is not None and seq > self._end and self._is_newer(seq):
            self._tally.skip(Checked.FILES, Why.UNRECORDED)
        else:
            sentence = f"{key} is an entry file that no statement names: a query would read it as archived"
            self._tally.fault(Fault(Verdict.MISDESCRIBED, key, None, seq, sentence))

    def check_checkpoint(self, key: str) -> None:
        """A checkpoint beyond the end of the chain shows that its statement was removed."""
        seq = _number_in(key)
        if seq is not None and seq > self._end and not self._is_newer(seq):
            missing = statement_key(self._console, self._end + 1)
            sentence = f"{missing} is missing, or a statement after it: {key} exists without its statement"
            self._tally.fault(Fault(Verdict.MISSING, missing, None, self._end + 1, sentence))

    def _is_newer(self, seq: int) -> bool:
        """Whether a statement was added since the chain was walked."""
        return self._audit.source.inspect(statement_key(self._console, seq)) is not None
