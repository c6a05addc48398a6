"""What an audit is asked, and what it works with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from audit_archive.audit.rows import Copy
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
"""Seconds for which what an unrecorded statement lacks may be that of a run that is not done, or died."""


@dataclass(frozen=True)
class KnownPoint:
    """A statement of which somebody keeps the SHA-256 (hex), so that the chain can't do without it.

    `by` says who, as in "{by} names another statement". `seq`: its number, if they know it; `checkpoint`: the
    signed note that they keep, if it is one.
    """

    by: str
    sha256: str
    seq: int | None = None
    version_id: str | None = None
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Since:
    """A signed checkpoint that somebody kept, from which the archive must have grown.

    `note`: its bytes. `checkpoint`: what they say, which is nobody's word until a signature is found good.
    """

    note: bytes
    checkpoint: Checkpoint

    @property
    def point(self) -> KnownPoint:
        """The statement that it is over."""
        return KnownPoint(GIVEN, self.checkpoint.statement_sha256, checkpoint=self.checkpoint)


@dataclass(frozen=True)
class AuditQuestion:
    """One audit: of which Console, how deep, and of which statements the objects (`to_seq` None: the newest).

    `trusted_keys`: the keys that the caller trusts; with none, those that the archive names count.
    `must_exist`: whether it is a fault if nothing is archived, as it is to whoever asks for one Console.
    `since`: the checkpoint from which it must be proven that the archive only grew.
    """

    console: str
    depth: Depth = Depth.CHAIN
    from_seq: int = 1
    to_seq: int | None = None
    trusted_keys: tuple[PublicKey, ...] = ()
    known: tuple[KnownPoint, ...] = ()
    must_exist: bool = True
    since: Since | None = None


@dataclass(frozen=True)
class Done:
    """How far an audit is, for a progress bar; a total is None while it is not known."""

    statements: int
    statements_total: int | None
    bytes: int
    bytes_total: int | None


Progress: TypeAlias = Callable[[Done], None]
"""Is told now and then how far an audit is."""


def no_progress(done: Done) -> None:
    """Nobody watches."""
    del done


Witness: TypeAlias = Callable[[Copy, LoadedObject | None], None]
"""Sees each statement that is judged, with the checkpoint beside it, in order: once at the depth `chain`."""


def no_witness(copy: Copy, checkpoint: LoadedObject | None) -> None:
    """Nobody looks on."""
    del copy, checkpoint


@dataclass(frozen=True)
class Audit:
    """An archive to audit, and everything that auditing it takes.

    `recorded`: the head in the ledger, read before the archive is; with `has_ledger`, None says that the
    ledger knows of no archive. `index`: what the ledger says of each statement, read after the head; None
    without a ledger. `damage`: why the ledger can't be read, if that is so. `has_lines`: whether the source
    holds entry files; a bundle of evidence has none.
    """

    source: ArchiveSource
    clock: Clock
    scratch: ScratchFile
    is_signed: SignatureCheck
    progress: Progress = no_progress
    witness: Witness = no_witness
    has_ledger: bool = False
    recorded: Head | None = None
    index: tuple[Indexed, ...] | None = None
    damage: str | None = None
    has_lines: bool = True

    def beside(self, ledger: Ledger | None, console: str) -> "Audit":
        """The same audit, which also holds the archive to what a ledger says of a Console."""
        if ledger is None:
            return self
        beside = self
        try:
            beside = replace(self, has_ledger=True, recorded=ledger.head(console))
            return replace(beside, index=tuple(ledger.statements(console)))
        except IntegrityError as error:
            return replace(beside, damage=str(error))

    def is_recorded(self, said: Statement) -> bool:
        """Whether the run that made a statement has ended: then all that belongs to it must be there.

        What a run left that died is made good by the next, so an old statement counts as recorded.
        """
        if not self.has_ledger or (self.recorded is not None and said.seq <= self.recorded.seq):
            return True
        return from_rfc3339(said.run.started_at) < self.clock.now() - UNFINISHED
