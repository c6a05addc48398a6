"""The ledger's head, held to the chain: the ledger can slow us down, and never mislead us."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.errors import IntegrityError
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.checkpoint import open_checkpoint
from audit_archive.format.facts import ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import differing_fields
from audit_archive.format.layout import MAX_SEQ, statement_key, statement_number, statements_prefix
from audit_archive.run.context import Run
from audit_archive.storage.chain import is_stated


@dataclass(frozen=True)
class Absent:
    """A statement that the ledger's head names and the bucket does not hold.

    `end`: the number of the newest statement that is there. `is_proven`: our key has signed its checkpoint.
    """

    head: Head
    ref: ObjectRef
    end: int
    is_proven: bool

    def error(self) -> IntegrityError:
        """What a person is told: what happened, and the ways out."""
        where = (
            f"The ledger is ahead of the bucket: {self.ref.key} is not there"
            if self.end < self.head.seq
            else f"{self.ref.key} is not the version that the ledger recorded: the chain is forked"
        )
        why = (
            "It was removed: the ledger keeps the checkpoint that our key signed over it"
            if self.is_proven
            else "It was removed, or somebody altered the ledger: no signed checkpoint proves either"
        )
        return IntegrityError(
            f"{where}. {why}. Nothing is purged. Find out who did it, and look for the statement among the "
            f"versions of its key and in every copy of the bucket. If it is nowhere, invoke `rebuild` with "
            f"`lost_after` {self.end}: it states the loss, and makes the ledger anew from what is there"
        )


def held_head(run: Run) -> Head:
    """Where rolling forward begins: at the ledger's head, if the statement that it names confirms it.

    A head that the chain does not confirm is set aside, and made anew from the first statement. Raises
    IntegrityError if the bucket does not hold the statement that the head names.
    """
    console = run.order.console
    try:
        head = run.ledger.head(console)
    except IntegrityError:
        head = Head(console)
    if head is None:
        return Head(console)
    if head.statement is not None and _makes_sense(run, head, head.statement) and is_stated(run.store, head):
        return head
    absent = find_absent(run, head)
    if absent is not None:
        raise absent.error()
    run.ledger.disown(console)
    return Head(console)


def readable_head(run: Run) -> Head | None:
    """What the ledger says, not held to anything; None if it says nothing that can be read."""
    try:
        return run.ledger.head(run.order.console)
    except IntegrityError:
        return None


def find_absent(run: Run, head: Head | None) -> Absent | None:
    """What a head names and the bucket does not hold; None if it is there, or the head makes no sense."""
    if head is None or head.statement is None or not _makes_sense(run, head, head.statement):
        return None
    ref, store = head.statement, run.store
    held = {version.version_id for version in store.versions(ref.key) if version.key == ref.key}
    if ref.version_id in held:
        return None
    return Absent(head, ref, newest_number(run), _is_removal_proven(run, head, ref))


def newest_number(run: Run) -> int:
    """The number at which the bucket's chain ends; 0 if there is no statement."""
    end = 0
    for version in run.store.versions(statements_prefix(run.order.console)):
        if not version.is_delete_marker and statement_number(run.order.console, version.key) == end + 1:
            end += 1
    return end


def disowned_finding(head: Head, disowned: Head) -> Finding | None:
    """What a person is told of a head that was set aside, once the chain has come to the same statement."""
    if not disowned.seq:
        sentence = f"The ledger's head of Console {head.console} could not be read"
        facts: dict[str, object] = {}
    elif fields := differing_fields(disowned, head):
        sentence = (
            f"The ledger's head of Console {head.console} at statement {head.seq} differs from the chain in: "
            + ", ".join(fields)
        )
        facts = {"statement": head.seq, "fields": list(fields)}
    else:
        return None
    advice = "It was made anew from the chain. Find out who may write to the ledger, and who did"
    return Finding(FindingKind.LEDGER_DIFFERS, head.console, f"{sentence}. {advice}.", facts)


def _makes_sense(run: Run, head: Head, ref: ObjectRef) -> bool:
    """Whether a head names a statement as one can be named: what comes of a ledger may be anything."""
    is_hash = len(ref.sha256) == sha256().digest_size * 2 and set(ref.sha256) <= set("0123456789abcdef")
    is_numbered = 0 < head.seq <= MAX_SEQ and ref.key == statement_key(run.order.console, head.seq)
    return is_hash and is_numbered and head.console == run.order.console


def _is_removal_proven(run: Run, head: Head, ref: ObjectRef) -> bool:
    """Whether our key has signed the statement that a head names and the bucket does not hold.

    The checkpoint of a statement that is still there proves nothing, whatever number the ledger gives it.
    """
    if run.signing is None:
        return False
    keys, note = [run.signing.signer.public_key()], run.ledger.note(head.console)
    try:
        found = open_checkpoint(note, head.console, keys, run.signing.is_signed)
    except ValueError:
        return False
    return found.statement_sha256 == ref.sha256 and not _is_in_chain(run, ref.sha256)


def _is_in_chain(run: Run, digest: str) -> bool:
    """Whether any statement in the bucket has this hash; also if there is no time to read them all."""
    for version in run.store.versions(statements_prefix(run.order.console)):
        if not version.is_delete_marker and statement_number(run.order.console, version.key) is not None:
            data = b"".join(run.store.read(version.key, version.version_id))
            if sha256(data).hexdigest() == digest or not run.has_time():
                return True
    return False
