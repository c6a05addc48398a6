"""An audit: the question that it answers, and the ports that it works with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from audit_archive.audit.claims import RunsClaim
from audit_archive.audit.locks import ENDING
from audit_archive.audit.rows import Copy
from audit_archive.audit.settings import SettingsCheck
from audit_archive.errors import IntegrityError
from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.head import Head
from audit_archive.format.index import Indexed
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.statement import Statement
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.format.verdicts import Depth
from audit_archive.ports import ArchiveSource, Clock, Ledger, ScratchFile
from audit_archive.storage.chain import LoadedObject

GIVEN = "the checkpoint that was given"

UNFINISHED = 2 * DAY
"""Seconds. While a statement is younger, a run may still write its missing objects, or the next run will."""


@dataclass(frozen=True)
class KnownPoint:
    """A statement that the chain must contain, because somebody keeps its SHA-256 (hex).

    `by`: who keeps it, as the subject of a sentence ("the ledger", "an earlier audit"). `seq` and
    `version_id`: its number and version, if they are known. `checkpoint`: the checkpoint that is kept, if
    it is not the hash alone.
    """

    by: str
    sha256: str
    seq: int | None = None
    version_id: str | None = None
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Since:
    """A signed checkpoint that somebody kept: it must be proven that the archive only grew since.

    `note`: its bytes. `checkpoint`: what they say. It proves nothing until a signature is found valid.
    """

    note: bytes
    checkpoint: Checkpoint

    @property
    def point(self) -> KnownPoint:
        """The statement that the checkpoint is about."""
        return KnownPoint(GIVEN, self.checkpoint.statement_sha256, checkpoint=self.checkpoint)


@dataclass(frozen=True)
class AuditQuestion:
    """What to audit: which Console, how deep, and the objects of which statements.

    The chain is audited whole, unless `is_daily`: then the audit may go on from where earlier ones came.
    `from_seq` to `to_seq` (None: the newest) bound the statements whose objects are checked; those of `again`
    are checked besides. `trusted_keys`: the keys that the caller trusts; if it is empty, the keys that the
    archive names count. `known`: statements that the chain must contain. `must_exist`: whether an empty
    archive is a fault. `since`: the checkpoint since which it must be proven that the archive only grew.
    `passes_over`: whether to go on after the first statement if there is no time for its objects. `ending`:
    within how many seconds the lock of what is kept for ever must not end.
    """

    console: str
    depth: Depth = Depth.CHAIN
    from_seq: int = 1
    to_seq: int | None = None
    trusted_keys: tuple[PublicKey, ...] = ()
    known: tuple[KnownPoint, ...] = ()
    must_exist: bool = True
    since: Since | None = None
    is_daily: bool = False
    again: frozenset[int] = frozenset()
    passes_over: bool = True
    ending: int = ENDING


@dataclass(frozen=True)
class Done:
    """How far an audit is, for a progress bar. A total stays None until it is known."""

    statements: int
    statements_total: int | None
    bytes: int
    bytes_total: int | None


Progress: TypeAlias = Callable[[Done], None]
"""Called now and then with how far an audit is."""


def no_progress(done: Done) -> None:
    """Show no progress."""
    del done


StatementObserver: TypeAlias = Callable[[Copy, LoadedObject | None], None]
"""Called with each judged statement and the checkpoint beside it, in order: once at the depth `chain`."""


def no_observer(copy: Copy, checkpoint: LoadedObject | None) -> None:
    """Do nothing with a statement."""
    del copy, checkpoint


@dataclass(frozen=True)
class Audit:
    """An archive to audit, the ports that it takes, and what the ledger says of the archive.

    `recorded`: the head in the ledger, read before the archive. With `has_ledger`, None means that the ledger
    has no head. `index`: the ledger's index of statements, read after the head; None without a ledger.
    `damage`: why the ledger can't be read; None if it can. `has_lines`: whether the source holds entry files,
    which a bundle of evidence does not. `settings`: what the settings of the bucket are compared with;
    None if the source is not the bucket, or the caller does not ask for it. `claim`: what the ledger says of
    the last runs; None if the caller does not ask for it.
    """

    source: ArchiveSource
    clock: Clock
    scratch: ScratchFile
    is_signed: SignatureCheck
    progress: Progress = no_progress
    observer: StatementObserver = no_observer
    has_ledger: bool = False
    recorded: Head | None = None
    index: tuple[Indexed, ...] | None = None
    damage: str | None = None
    has_lines: bool = True
    settings: SettingsCheck | None = None
    claim: RunsClaim | None = None

    def beside(self, ledger: Ledger | None, console: str) -> "Audit":
        """The same audit, which also compares the archive with what a ledger says of a Console."""
        if ledger is None:
            return self
        compared = self
        try:
            # The head first: a run that ends in between adds to the index what the head does not reach yet.
            compared = replace(self, has_ledger=True, recorded=ledger.head(console))
            return replace(compared, index=tuple(ledger.statements(console)))
        except IntegrityError as error:
            return replace(compared, damage=str(error))

    def is_recorded(self, statement: Statement) -> bool:
        """Whether the run that made a statement has ended, so that all objects of the statement must exist.

        The next run writes what a run that died left out. So an old statement counts as recorded.
        """
        if not self.has_ledger or (self.recorded is not None and statement.seq <= self.recorded.seq):
            return True
        return from_rfc3339(statement.run.started_at) < self.clock.now() - UNFINISHED
