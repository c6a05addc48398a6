"""Sign: a checkpoint over the tree and the statement, before anything is built on it."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.domain.base64_text import to_base64
from audit_archive.domain.checkpoint import Checkpoint, open_checkpoint
from audit_archive.domain.facts import Action, ObjectRef
from audit_archive.domain.head import Head
from audit_archive.domain.layout import checkpoint_key
from audit_archive.domain.statement import OperatorStatement, Statement
from audit_archive.errors import ArchiveStoreError, IntegrityError, SettingsError
from audit_archive.steps.chain import Committed, check_lock, commit
from audit_archive.steps.run import Run, Signing
from audit_archive.steps.superseded import SupersededError

REASON = "from here on every statement's checkpoint is signed; its key is this one"


@dataclass(frozen=True)
class Signed:
    """A committed statement with its signed checkpoint, or one of an archive that is not signed."""

    statement: Statement
    before: Head
    head: Head


def commit_key(run: Run, head: Head) -> Signed | None:
    """State which key signs from here on, unless the chain says so already (None).

    A Console must answer before its first statement. Raises SupersededError if another run took the chain
    further, SettingsError if signing was turned off, and what a Console raises that does not answer.
    """
    signing = _signing(run, head)
    if signing is None or _is_named(signing, head):
        return None
    if head.statement is None:
        run.console.peek()  # a mistyped id is no Console, and what is stated of it would stay for ever
    public_key = to_base64(signing.signer.public_key().spki)
    committed = commit(run, head, _key_statement(run, head, public_key))
    if committed is None:
        raise SupersededError
    return sign(run, committed)


def sign(run: Run, committed: Committed) -> Signed:
    """Sign the checkpoint of a statement, unless a run that died here has.

    Only the key that the chain names signs: what comes before the first such statement stays unsigned, and so
    does what a dead run left whose key was replaced; the next statement names the new one and covers it.
    Raises SigningError; SettingsError if signing was turned off; IntegrityError if a checkpoint is there that
    is not this statement's, false or unlocked.
    """
    signing = _signing(run, committed.head)
    if signing is not None and _is_named(signing, committed.head):
        _put_checkpoint(run, signing, committed.head, committed.ref)
    return Signed(committed.statement, committed.before, committed.head)


def _signing(run: Run, head: Head) -> Signing | None:
    if run.signing is None and head.public_key is not None:
        raise SettingsError(
            f"The archive of Console {head.console} is signed, but no signing key is set: a statement "
            "without a checkpoint would look like a forgery. Deploy with SignCheckpoints=true"
        )
    return run.signing


def _is_named(signing: Signing, head: Head) -> bool:
    """Whether the chain names the key that signs."""
    return head.public_key == to_base64(signing.signer.public_key().spki)


def _put_checkpoint(run: Run, signing: Signing, head: Head, ref: ObjectRef) -> None:
    """Put the checkpoint where none is, and read back what is there: signatures differ, each is as good."""
    checkpoint = Checkpoint(head.console, head.tree.size, head.tree.root, ref.sha256)
    key, retention = checkpoint_key(head.console, head.seq), run.retention()
    note, facts = b"", run.store.inspect(key)
    if facts is None:
        signer = signing.signer
        note = checkpoint.signed(signer.public_key(), signer.sign(checkpoint.text()))
        run.store.create(key, note, sha256(note).hexdigest(), retention)
        facts = run.store.inspect(key)
    if facts is None:
        raise ArchiveStoreError(f"{key} could not be written; the next run tries again")
    data = b"".join(run.store.read(key, facts.version_id))
    _check_checkpoint(key, data, checkpoint, signing)
    if data == note:
        check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    elif facts.retention is None:
        raise IntegrityError(f"{key} is stored without an object lock")


def _check_checkpoint(key: str, data: bytes, checkpoint: Checkpoint, signing: Signing) -> None:
    """Raise IntegrityError unless these bytes are this checkpoint, signed by the key that signs now."""
    try:
        found = open_checkpoint(data, checkpoint.console, [signing.signer.public_key()], signing.is_signed)
    except ValueError as error:
        raise IntegrityError(f"{key} is no checkpoint of its statement: {error}") from error
    if found != checkpoint:
        raise IntegrityError(f"{key} is the checkpoint of something else than its statement")


def _key_statement(run: Run, head: Head, public_key: str) -> OperatorStatement:
    return OperatorStatement(
        console=run.order.console,
        epoch=head.epoch,
        seq=head.seq + 1,
        previous=head.statement,
        run=run.order.facts,
        tree=head.tree,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=head.highest_purged_id,
        action=Action.KEY,
        who=run.order.facts.invoked_by,
        reason=REASON,
        public_key=public_key,
    )
