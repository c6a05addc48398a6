"""Sign a checkpoint over the tree and the statement, before the ledger records the statement."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.errors import ArchiveStoreError, SettingsError
from audit_archive.format.checkpoint import Checkpoint, open_checkpoint
from audit_archive.format.facts import Action, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.keys import to_base64
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.statement import OperatorStatement, Statement
from audit_archive.ports import ENCRYPTION
from audit_archive.run.commit import commit
from audit_archive.run.context import Run, Signing, SupersededError
from audit_archive.storage.chain import Committed, check_encryption, check_lock

MAX_CHECKPOINT_BYTES = 1 << 16
"""Bytes of a checkpoint with the signatures of many witnesses. A larger object is not a checkpoint."""

KEY_REASON = "from here on every statement's checkpoint is signed; its key is this one"


@dataclass(frozen=True)
class Signed:
    """A committed statement with its signed checkpoint. `note` is empty if the archive is not signed."""

    statement: Statement
    before: Head
    head: Head
    note: bytes


def commit_key(run: Run, head: Head) -> Signed | None:
    """State which key signs from here on. Returns None if the chain names it already, or nothing is signed.

    A Console must answer before its first statement. Raises SupersededError if another run took the chain
    further, SettingsError if signing was turned off, ConsoleError if the Console does not answer.
    """
    signing = _signing(run, head)
    if signing is None or _is_named(signing, head):
        return None
    if head.statement is None:
        run.console.peek()  # a statement about a mistyped id would stay for ever
    public_key = to_base64(signing.signer.public_key().spki)
    committed = commit(run, head, _key_statement(run, head, public_key))
    if committed is None:
        raise SupersededError
    return sign_checkpoint(run, committed)


def sign_checkpoint(run: Run, committed: Committed) -> Signed:
    """Sign the checkpoint of a statement, unless a run that crashed has signed it already.

    Only the key that the chain names signs. Two kinds of statements stay unsigned: those before the first
    statement that names a key, and one that a crashed run left when the key was replaced before it was
    signed. The next statement names the new key, and its checkpoint covers the earlier ones. Raises
    SigningError, SettingsError if signing was turned off, IntegrityError if a checkpoint is not locked.
    """
    signing, note = _signing(run, committed.head), b""
    if signing is not None and _is_named(signing, committed.head):
        note = _signed_note(run, signing, committed.head, committed.ref)
    return Signed(committed.statement, committed.before, committed.head, note)


def _signing(run: Run, head: Head) -> Signing | None:
    if run.signing is None and head.public_key is not None:
        raise SettingsError(
            f"The archive of Console {head.console} is signed, but no signing key is set. A statement "
            "without a checkpoint would look like a forgery. Deploy with SignCheckpoints=true"
        )
    return run.signing


def _is_named(signing: Signing, head: Head) -> bool:
    """Whether the key that signs is the one that the chain names."""
    return head.public_key == to_base64(signing.signer.public_key().spki)


def _signed_note(run: Run, signing: Signing, head: Head, ref: ObjectRef) -> bytes:
    """The signed checkpoint: the one that is stored under its key, or a new one that is put there.

    Two signatures of one checkpoint differ, and both are valid. Other objects under the key, and unlocked
    ones, do not stop the run: they are not valid checkpoints, and ours is put over them.
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
        found = _find_note(run, signing, key, checkpoint)  # another run may have been faster
        return found if found is not None else _put_over(run, key, note)
    check_encryption(facts)
    check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    return note


def _put_over(run: Run, key: str, note: bytes) -> bytes:
    """Put a checkpoint over an object that is not one."""
    retention = run.retention()
    with run.scratch() as file:
        file.write(note)
        ref = run.store.put(key, file, sha256(note).hexdigest(), retention, {"console": run.order.console})
    facts = run.store.inspect(key, ref.version_id)
    if facts is None:
        raise ArchiveStoreError(f"{key} could not be written. The next run tries again")
    check_encryption(facts)
    check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    return note


def _find_note(run: Run, signing: Signing, key: str, checkpoint: Checkpoint) -> bytes | None:
    """The newest version, locked and encrypted by S3, that is this checkpoint by the key that signs now."""
    for version in run.store.versions(key):
        if version.key != key or version.is_delete_marker:
            continue
        facts = run.store.inspect(key, version.version_id)
        if facts is None or facts.retention is None or facts.size > MAX_CHECKPOINT_BYTES:
            continue
        if facts.encryption != ENCRYPTION:
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
        reason=KEY_REASON,
        public_key=public_key,
    )
