"""The ledger's head, compared with the chain. A false head makes a run slower, never wrong."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.errors import IntegrityError
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.checkpoint import open_checkpoint
from audit_archive.format.facts import ObjectRef
from audit_archive.format.hashing import hash_all
from audit_archive.format.head import Head
from audit_archive.format.head_digest import differing_fields
from audit_archive.format.layout import MAX_SEQ, statement_key, statement_number, statements_prefix
from audit_archive.ports import NO_VERSION, Version
from audit_archive.run.context import Run
from audit_archive.storage.chain import is_stated


@dataclass(frozen=True)
class AbsentStatement:
    """A statement that the ledger's head names and the bucket does not hold.

    `end`: the number of the newest statement in the bucket. `is_proven`: the ledger keeps a checkpoint of the
    absent statement that our key signed.
    """

    head: Head
    ref: ObjectRef
    end: int
    is_proven: bool

    def error(self) -> IntegrityError:
        """The error for a person: what happened, and what to do."""
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
            f"{where}. {why}. Nothing is purged. Find out who did it. Look for the statement among the "
            "versions of its key and in every copy of the bucket. If it is nowhere, "
            f"`canary-audit ledger rebuild {self.head.console} --lost-after {self.end}` states the loss, and "
            "makes the ledger anew from what is there"
        )


def confirmed_head(run: Run) -> Head:
    """The head from which to roll forward: the ledger's, if the statement that it names confirms it.

    Any other head is set aside (`disown`), and the answer is the empty head: the caller makes the head anew
    from the first statement. Raises IntegrityError if the bucket does not hold the statement that the head
    names.
    """
    console = run.order.console
    try:
        head, is_damaged = run.ledger.head(console), False
    except IntegrityError:
        head, is_damaged = None, True
    if head is not None and is_confirmed(run, head):
        return head
    absent = find_absent(run, known_head(run))
    if absent is not None:
        raise absent.error()
    if head is not None or is_damaged:  # a head of another release is no fault: it is replaced
        run.ledger.disown(console)
    return Head(console)


def is_confirmed(run: Run, head: Head) -> bool:
    """Whether the statement that a head names confirms it."""
    return _is_plausible(run, head) and is_stated(run.store, head)


def readable_head(run: Run) -> Head | None:
    """The ledger's head, not compared with the chain; None if there is no head, or it can't be read."""
    try:
        return run.ledger.head(run.order.console)
    except IntegrityError:
        return None


def known_head(run: Run) -> Head:
    """The ledger's head; if it can't be read, or is of another release, what it still says of its statement.

    An empty head if no head is recorded.
    """
    return readable_head(run) or run.ledger.remnant(run.order.console)


def is_ahead(run: Run, disowned: Head, head: Head) -> bool:
    """Whether a head that was set aside names a statement above `head`: its loss may have to be stated."""
    return _is_plausible(run, disowned) and disowned.seq > head.seq


def find_absent(run: Run, head: Head | None) -> AbsentStatement | None:
    """The statement that a head names and the bucket does not hold.

    None if the bucket holds it, or if the head can't be a head of this Console.
    """
    if head is None or head.statement is None or not _is_plausible(run, head):
        return None
    ref = head.statement
    held = [version for version in run.store.versions(ref.key) if version.key == ref.key]
    if any(version.version_id == ref.version_id for version in held):
        return None
    if _is_remnant(head) and any(_has_hash(run, version, ref.sha256) for version in held):
        return None
    return AbsentStatement(head, ref, newest_number(run), _is_removal_proven(run, head, ref))


def newest_number(run: Run) -> int:
    """The number of the last statement of the chain in the bucket; 0 if there is no statement."""
    end = 0
    for version in run.store.versions(statements_prefix(run.order.console)):
        if not version.is_delete_marker and statement_number(run.order.console, version.key) == end + 1:
            end += 1
    return end


def told_at(disowned: Head) -> int:
    """The number of the statement at which a head that was set aside is told of."""
    return 1 if _is_remnant(disowned) else disowned.seq


def disowned_finding(head: Head, disowned: Head) -> Finding | None:
    """The finding about a head that was set aside, against the head of the same statement by the chain.

    None if they are equal.
    """
    if _is_remnant(disowned):
        sentence = f"The ledger's head of Console {head.console} could not be read"
        facts: dict[str, object] = {}
    elif fields := differing_fields(disowned, head):
        sentence = (
            f"The ledger's head of Console {head.console} at statement {head.seq} does not match the chain "
            f"in: {', '.join(fields)}"
        )
        facts = {"statement": head.seq, "fields": list(fields)}
    else:
        return None
    advice = "It was made anew from the chain. Find out who may write to the ledger, and who did"
    return Finding(FindingKind.LEDGER_DIFFERS, head.console, f"{sentence}. {advice}.", facts)


def _is_remnant(head: Head) -> bool:
    """Whether only a remnant of a head could be read, or nothing of it."""
    return not head.seq or (head.statement is not None and head.statement.version_id == NO_VERSION)


def _has_hash(run: Run, version: Version, digest: str) -> bool:
    if version.is_delete_marker:
        return False
    return hash_all(run.store.read(version.key, version.version_id)).sha256 == digest


def _is_plausible(run: Run, head: Head) -> bool:
    """Whether a head of this Console can name its statement: what stands in the ledger may be anything."""
    ref = head.statement
    if ref is None:
        return False
    is_hash = len(ref.sha256) == sha256().digest_size * 2 and set(ref.sha256) <= set("0123456789abcdef")
    is_numbered = 0 < head.seq <= MAX_SEQ and ref.key == statement_key(run.order.console, head.seq)
    return is_hash and is_numbered and head.console == run.order.console


def _is_removal_proven(run: Run, head: Head, ref: ObjectRef) -> bool:
    """Whether our key has signed the statement that a head names and the bucket does not hold.

    The checkpoint of a statement that is still there proves no removal, whatever number the ledger gives it.
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
    """Whether a statement in the bucket has this hash; also True if there is no time to read them all."""
    for version in run.store.versions(statements_prefix(run.order.console)):
        is_statement = statement_number(run.order.console, version.key) is not None
        if is_statement and (_has_hash(run, version, digest) or not run.has_time()):
            return True
    return False
