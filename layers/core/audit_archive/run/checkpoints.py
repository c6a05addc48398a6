"""Sign: a checkpoint over the tree and the statement, before anything is built on it."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.errors import ArchiveStoreError, SettingsError
from audit_archive.format.checkpoint import Checkpoint, open_checkpoint
from audit_archive.format.facts import Action, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.keys import to_base64
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.statement import OperatorStatement, Statement
from audit_archive.run.commit import commit
from audit_archive.run.context import Run, Signing, SupersededError
from audit_archive.storage.chain import Committed, check_lock

MAX_CHECKPOINT_BYTES = 1 << 16
"""Bytes: a checkpoint with the lines of many witnesses. More is not one."""

REASON = "from here on every statement's checkpoint is signed; its key is this one"


@dataclass(frozen=True)
class Signed:
    """A committed statement with its signed checkpoint (`note`), or one of an archive that is not signed."""

    statement: Statement
    before: Head
    head: Head
    note: bytes


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
    return sign_checkpoint(run, committed)


def sign_checkpoint(run: Run, committed: Committed) -> Signed:
    """Sign the checkpoint of a statement, unless a run that died here has.

    Only the key that the chain names signs: what comes before the first such statement stays unsigned, and so
    does what a dead run left whose key was replaced; the next statement names the new one and covers it.
    Raises SigningError, SettingsError if signing was turned off, IntegrityError if a checkpoint is unlocked.
    """
    signing, note = _signing(run, committed.head), b""
    if signing is not None and _is_named(signing, committed.head):
        note = _signed_note(run, signing, committed.head, committed.ref)
    return Signed(committed.statement, committed.before, committed.head, note)


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


def _signed_note(run: Run, signing: Signing, head: Head, ref: ObjectRef) -> bytes:
    """The signed checkpoint, found among the versions of its key, or put there.

    Signatures differ, each is as good. What else lies under the key, or is not locked, stops nothing: the
    signature tells, and ours is put over it.
    """
    checkpoint = Checkpoint(head.console, head.tree.size, head.tree.root, ref.sha256)
    key, retention = checkpoint_key(head.console, head.seq), run.retention()
    found = _find_note(run, signing, key, checkpoint)
    if found is not None:
        return found
    note = checkpoint.signed(signing.signer.public_key(), signing.signer.sign(checkpoint.text()))
    run.store.create(key, note, sha256(note).hexdigest(), retention)
    facts = run.store.inspect(key)
    if facts is None or facts.sha256 != sha256(note).hexdigest():
        found = _find_note(run, signing, key, checkpoint)  # another run's, which was faster
        return found if found is not None else _put_over(run, key, note)
    check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    return note


def _put_over(run: Run, key: str, note: bytes) -> bytes:
    """Put a checkpoint over what is not one."""
    retention = run.retention()
    with run.scratch() as file:
        file.write(note)
        ref = run.store.put(key, file, sha256(note).hexdigest(), retention, {"console": run.order.console})
    facts = run.store.inspect(key, ref.version_id)
    if facts is None:
        raise ArchiveStoreError(f"{key} could not be written; the next run tries again")
    check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    return note


def _find_note(run: Run, signing: Signing, key: str, checkpoint: Checkpoint) -> bytes | None:
    """The newest locked version that is this checkpoint, signed by the key that signs now."""
    for version in run.store.versions(key):
        if version.key != key or version.is_delete_marker:
            continue
        facts = run.store.inspect(key, version.version_id)
        if facts is None or facts.retention is None or facts.size > MAX_CHECKPOINT_BYTES:
            continue
        data = b"".join(run.store.read(key, version.version_id))
        if _is_of(checkpoint, data, signing):
            return data
    return None


def _is_of(checkpoint: Checkpoint, data: bytes, signing: Signing) -> bool:
    try:
        found = open_checkpoint(data, checkpoint.console, [signing.signer.public_key()], signing.is_signed)
    except ValueError:
        return False
    return found == checkpoint


def _key_statement(run: Run, head: Head, public_key: str) -> OperatorStatement:
    return OperatorStatement(
        **run.order.link(head),
        epoch=head.epoch,
        tree=head.tree,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=head.highest_purged_id,
        action=Action.KEY,
        who=run.order.facts.invoked_by,
        reason=REASON,
        public_key=public_key,
    )
