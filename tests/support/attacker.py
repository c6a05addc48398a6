"""An archive that is worth attacking, the means that attackers have, and the auditor."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.signing import is_signed
from audit_archive.audit.question import Audit, AuditQuestion, KnownPoint
from audit_archive.audit.settings import SettingsCheck
from audit_archive.audit.verify import verify_archive
from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.facts import ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import head_sha256
from audit_archive.format.keys import PublicKey, to_base64
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.statement import (
    ArchiveStatement,
    OperatorStatement,
    Statement,
    parse_statement,
    statement_bytes,
)
from audit_archive.format.verdicts import Depth, Verification
from audit_archive.ports import ArchiveSource
from tests.support import folders
from tests.support.fakes import FakeScratch, FakeSigner, FakeStore
from tests.support.fakes.bucket import Stored
from tests.support.world import CONSOLE, DAY, World

Blamed = set[tuple[str, str]]
Edit = Callable[[Statement], Statement]


def archived_world(*, is_signed: bool = True) -> World:
    """Four days of a Console: purges of ours, two by others, a hole, a late writer, several dates.

    The first purge is older than the archive.
    """
    world = World()
    world.retention_days = 2555
    world.signer = FakeSigner() if is_signed else None
    world.trail.arrive(2)
    world.trail.purge(2, "admin@example.com")
    world.aged(2)
    world.later(DAY)
    world.aged(3)
    world.run()
    world.later(DAY)
    world.trail.arrive(2)
    world.trail.purge(world.trail.last_id - 1)
    world.trail.skip()
    world.aged(2)
    world.run()
    world.later(DAY)
    world.trail.put(world.trail.last_id - 2)
    world.run()
    world.later(DAY)
    world.aged(4)
    world.run()
    return world


@cache
def _made_once(*, is_signed: bool) -> World:
    return archived_world(is_signed=is_signed)


def twin_world(*, is_signed: bool = True) -> World:
    """The same, made once: its bucket, ledger, key and time, without the Console's trail."""
    made, world = _made_once(is_signed=is_signed), World()
    world.store.become(made.store)
    world.clock.moment, world.signer = made.clock.moment, made.signer
    for said, ref in zip(made.chain(), made.refs(), strict=True):
        world.ledger.record(world.head.after(said, ref), said)
    return world


class Victim:
    """An archive, as the attacker finds it."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or twin_world()
        self.store: FakeStore = self.world.store
        self.head = self.world.head
        self.archives = self.world.archives()

    # -------------------------------------------------------------------------------- what is there

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The public half of the key that signs."""
        return (self.world.signer.public_key(),) if self.world.signer is not None else ()

    @property
    def signer(self) -> FakeSigner:
        """The key that signs, for an attacker who has it."""
        assert isinstance(self.world.signer, FakeSigner)
        return self.world.signer

    def statement(self, seq: int) -> Statement:
        """A statement of the chain."""
        return parse_statement(self.store.data(statement_key(CONSOLE, seq)))

    def checkpoint(self, seq: int) -> KnownPoint:
        """The checkpoint of a statement, as an auditor keeps it."""
        said = self.statement(seq)
        digest = sha256(statement_bytes(said)).hexdigest()
        known = Checkpoint(CONSOLE, said.tree.size, said.tree.root, digest)
        return KnownPoint("the checkpoint that you gave", digest, checkpoint=known)

    # -------------------------------------------------------------------------------- the means

    def flip(self, key: str, at: float = 0.5) -> None:
        """One bit of an object turns; `at` says where, as a part of its length."""
        data = bytearray(self.store.data(key))
        data[int(at * (len(data) - 1))] ^= 1
        self.store.tamper(key, bytes(data))

    def lose(self, *keys: str) -> None:
        """All versions of some objects vanish."""
        for key in keys:
            for version in self.store.history(key):
                self.store.lose(key, version.version_id)

    def replace(self, key: str, data: bytes) -> None:
        """Another object stands in the place of one: a version of its own, under the same lock."""
        lock = self.store.history(key)[-1].retention
        self.lose(key)
        self.put(key, data, Stored("", data, retention=lock))

    def put(self, key: str, data: bytes, like: Stored | None = None) -> Stored:
        """An object is added, locked, with the checksum of its bytes."""
        lock = (like or self.store.history(statement_key(CONSOLE, self.head.seq))[0]).retention
        return self.store.add(key, Stored("", data, sha256(data).hexdigest(), lock, {}))

    def rewrite(
        self, seq: int, edit: Edit, *, signer: FakeSigner | None = None, previous: ObjectRef | None = None
    ) -> None:
        """A statement is edited, and every one after it chained anew; signed anew where there is a signer.

        `previous`: what it names as the one before it, if that is another now. Whoever has these means states
        the digests of the heads anew, too.
        """
        before, head = previous or self.statement(seq).previous, self._head_before(seq, previous)
        for number in range(seq, self.head.seq + 1):
            said = self.statement(number)
            said = replace(edit(said) if number == seq else said, previous=before)
            said, head = with_digest(said, head)
            before = self.restate(number, said)
            if signer is not None:
                self.sign(number, signer)

    def _head_before(self, seq: int, previous: ObjectRef | None) -> Head | None:
        """The head before a statement; None if something else stands there now."""
        head = Head(CONSOLE)
        for number in range(1, seq if previous is None else 1):
            head = head.after(self.statement(number), ObjectRef("", "", ""))
        return head if previous is None else None

    def restate(self, number: int, said: Statement) -> ObjectRef:
        """Another statement stands in the place of one."""
        key, data = statement_key(CONSOLE, number), statement_bytes(said)
        self.replace(key, data)
        return ObjectRef(key, self.store.history(key)[-1].version_id, sha256(data).hexdigest())

    def sign(self, seq: int, signer: FakeSigner) -> None:
        """The checkpoint of a statement is made anew."""
        said = self.statement(seq)
        digest = sha256(statement_bytes(said)).hexdigest()
        checkpoint = Checkpoint(CONSOLE, said.tree.size, said.tree.root, digest)
        note = checkpoint.signed(signer.public_key(), signer.sign(checkpoint.text()))
        self.replace(checkpoint_key(CONSOLE, seq), note)

    def truncate(self, seq: int) -> None:
        """Everything after a statement vanishes: statements, checkpoints, exports, entry files."""
        for number in range(seq + 1, self.head.seq + 1):
            said = self.statement(number)
            self.lose(statement_key(CONSOLE, number), checkpoint_key(CONSOLE, number))
            if isinstance(said, ArchiveStatement):
                self.lose(said.export.key, *(file.key for file in said.entries))

    def restore_ledger(self, seq: int) -> None:
        """The ledger stands at an older statement again, as if nothing had come after it."""
        head = Head(CONSOLE)
        for number in range(1, seq + 1):
            said = self.statement(number)
            digest = sha256(statement_bytes(said)).hexdigest()
            version = self.store.history(statement_key(CONSOLE, number))[-1].version_id
            head = head.after(said, ObjectRef(statement_key(CONSOLE, number), version, digest))
        self.head = head

    def copied(self, folder: Path) -> FolderSource:
        """The archive as `aws s3 sync` copies it."""
        return FolderSource(folders.put(self.store.files(), folder))

    # -------------------------------------------------------------------------------- the auditor

    def audit(
        self,
        depth: str = Depth.CONTENT,
        *,
        source: ArchiveSource | None = None,
        has_ledger: bool = True,
        trusted: Iterable[PublicKey] = (),
        known: tuple[KnownPoint, ...] = (),
        console: str = CONSOLE,
        must_exist: bool = True,
        settings: SettingsCheck | None = None,
    ) -> Verification:
        """What an audit finds."""
        self.world.clock.left = 900.0
        scratch = FakeScratch()
        found = verify_archive(
            Audit(
                source=source or self.store,
                clock=self.world.clock,
                scratch=scratch,
                is_signed=is_signed,
                has_ledger=has_ledger,
                recorded=self.head if has_ledger else None,
                settings=settings,
            ),
            AuditQuestion(
                console, Depth(depth), trusted_keys=tuple(trusted), known=known, must_exist=must_exist
            ),
        )
        assert scratch.open_files == []
        assert found.is_valid == (not found.faults)
        return found


def with_digest(said: Statement, before: Head | None) -> tuple[Statement, Head | None]:
    """A statement with the digest of the head that it leads to, and that head; if it leads to one."""
    try:
        head = before.after(said, ObjectRef("", "", "")) if before is not None else None
        return (replace(said, head_sha256=head_sha256(head)) if head is not None else said), head
    except ValueError:
        return said, None


def blamed(found: Verification) -> Blamed:
    """Which objects are at fault, and of what."""
    return {(fault.verdict, fault.key) for fault in found.faults}


def naming(signer: FakeSigner) -> Edit:
    """An edit of the key statement: it names another key."""

    def edit(said: Statement) -> Statement:
        assert isinstance(said, OperatorStatement)
        return replace(said, public_key=to_base64(signer.public_key().spki))

    return edit


def reason(text: str) -> Edit:
    """An edit of a statement that changes no sense."""
    return lambda said: replace(said, run=replace(said.run, reason=text))
