"""The proof that an archive only grew since a signed checkpoint that somebody kept, in three steps.

1. A key that counts has signed the kept checkpoint.
2. The chain leads from the statement of that checkpoint to the newest statement, link by link.
3. The tree of the newest statement begins with the tree of the checkpoint (consistency proof, RFC 9162,
   2.1.4). The lines archived since are read to make that proof.

The RFC's proof from a tree without leaves is empty, because every tree begins with that. So from such a
checkpoint the newest tree itself is made anew from the lines. Only if nothing was archived since is no line
read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from audit_archive.audit.overview import WalkedChain
from audit_archive.audit.pace import Deadline, DeadlineError
from audit_archive.audit.question import GIVEN, Audit, Since
from audit_archive.audit.signatures import Keys
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Point, Walk
from audit_archive.errors import IntegrityError
from audit_archive.format.checkpoint import open_checkpoint, origin_of, parse_note, signers_of
from audit_archive.format.facts import EntryFile
from audit_archive.format.keys import to_base64
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import Prover, Tree, consistency_proof, is_consistent, leaf_hash
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.format.verdicts import Checked, Fault, Growth, Verdict, Why
from audit_archive.storage.entry_files import find_version, read_content

_ID_BYTES = 8


class _UnprovenError(Exception):
    """Growth can't be proven, for the reason `why`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class GrowthProof:
    """Proves that an archive only grew, once its chain was walked.

    `walk`: a second walk over the same chain, which can start at any point. The first walk has reported its
    faults.
    """

    audit: Audit
    chain: WalkedChain
    keys: Keys
    tally: AuditTally
    walk: Walk

    def prove(self, since: Since) -> Growth:
        """Prove it, or say why that fails. Faults of the archive or the checkpoint go into the tally."""
        kept, newest = since.checkpoint, self.chain.newest.tree
        signed_by = self._signers(since)
        hashes, why = self._proof(since, newest) if signed_by else ((), Why.FAULT)
        if why is not None:
            self.tally.skip(Checked.SINCE, why, max(1, newest.size - kept.size))
        point = self.chain.since
        return Growth(
            is_proven=why is None,
            unproven_because=why,
            signed_by=signed_by,
            seq=point.number if point is not None else None,
            size=kept.size,
            root=kept.root,
            statement_sha256=kept.statement_sha256,
            newest_seq=self.chain.newest.seq,
            newest_size=newest.size,
            newest_root=newest.root,
            hashes=tuple(map(to_base64, hashes)),
        )

    def _signers(self, since: Since) -> tuple[str, ...]:
        """The ids of the keys that signed the kept checkpoint. Adds a fault if no signature is valid."""
        console, keys = since.checkpoint.console, self.keys.known
        signers = signers_of(parse_note(since.note), origin_of(console), keys)
        try:
            open_checkpoint(since.note, console, keys, self.keys.is_signed)
        except ValueError as error:
            verdict = Verdict.ALTERED if signers else Verdict.UNSIGNED
            advice = "It is not a checkpoint of this archive, or the archive was replaced"
            self.tally.fault(Fault(verdict, GIVEN, None, None, f"{GIVEN} proves nothing: {error}. {advice}"))
            return ()
        return tuple(key.key_id.hex() for key in signers)

    def _proof(self, since: Since, newest: Tree) -> tuple[tuple[bytes, ...], Why | None]:
        """The hashes of the consistency proof and None, or no hashes and the reason why it can't be made."""
        try:
            return self._made_proof(since, newest), None
        except DeadlineError:
            return (), Why.TIME
        except _UnprovenError as error:
            return (), error.why

    def _made_proof(self, since: Since, newest: Tree) -> tuple[bytes, ...]:
        """Raises _UnprovenError or DeadlineError if it can't be made."""
        kept, point = since.checkpoint, self.chain.since
        if not self.chain.is_whole:
            raise DeadlineError
        if point is None or point.head is None or not self.chain.is_unbroken:
            raise _UnprovenError(Why.FAULT)
        if (point.head.tree.size, point.head.tree.root) != (kept.size, kept.root):
            raise _UnprovenError(Why.FAULT)  # the key signed two trees for this statement
        is_read = kept.size != newest.size
        if is_read and not self.audit.has_lines:
            raise _UnprovenError(Why.BUNDLE)
        hashes = _led_to(newest, point.head.tree, self._leaves_since(point) if is_read else ())
        if hashes is not None:
            return hashes
        key = statement_key(kept.console, self.chain.newest.seq)
        sentence = (
            f"{key} states a tree to which the {kept.size} entries of {GIVEN} and those since don't lead"
        )
        self.tally.fault(Fault(Verdict.MISDESCRIBED, key, None, self.chain.newest.seq, sentence))
        raise _UnprovenError(Why.FAULT)

    def _leaves_since(self, point: Point) -> Iterator[bytes]:
        """The leaf hash of each line archived after a point, in the order of the tree."""
        for step in self.walk.steps(point):
            if isinstance(step.statement, ArchiveStatement):
                yield from self._leaves(step.statement)

    def _leaves(self, statement: ArchiveStatement) -> Iterator[bytes]:
        """The leaf hashes of a statement's lines, ascending by id, as the tree has them.

        A file of each date is sorted in itself only. Memory: with several dates, some 80 bytes for each line,
        and the lines of one date.
        """
        if len(statement.entries) < 2:  # noqa: PLR2004 - nothing to sort
            for file in statement.entries:
                yield from map(leaf_hash, self._lines(file, statement))
            return
        numbered = list[bytes]()
        for file in statement.entries:
            lines = list(
                self._lines(file, statement)
            )  # whole, and found to be as stated, before a line is read
            try:
                numbered += (orjson.loads(line)["id"].to_bytes(_ID_BYTES) + leaf_hash(line) for line in lines)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                sentence = f"{file.key} holds a line that is not an entry"
                self.tally.fault(Fault(Verdict.MISDESCRIBED, file.key, None, statement.seq, sentence))
                raise _UnprovenError(Why.FAULT) from error
        yield from (each[_ID_BYTES:] for each in sorted(numbered))

    def _lines(self, file: EntryFile, statement: ArchiveStatement) -> Iterator[bytes]:
        """The lines of an entry file. Raises _UnprovenError if it is missing or was altered."""
        source, deadline = self.audit.source, Deadline(self.audit.clock)
        deadline.check()
        found = find_version(source, file)
        if found is None:
            raise _UnprovenError(self._why_absent(file, statement))
        try:
            for text in deadline.watch(read_content(source, file, found.version_id)):
                yield from text.split(b"\n")[:-1]
        except IntegrityError as error:
            key, version_id = file.key, found.version_id
            sentence = (
                f"{key} (version {version_id}) does not hold the lines that statement {statement.seq} states"
            )
            self.tally.fault(Fault(Verdict.ALTERED, key, version_id, statement.seq, sentence))
            raise _UnprovenError(Why.FAULT) from error

    def _why_absent(self, file: EntryFile, statement: ArchiveStatement) -> Why:
        if self.audit.clock.now() >= from_rfc3339(statement.export.retain_until) - DAY:
            return Why.EXPIRED
        if not self.audit.is_recorded(statement):
            return Why.UNRECORDED
        self.tally.fault(Fault(Verdict.MISSING, file.key, None, statement.seq, f"{file.key} is missing"))
        return Why.FAULT


def _led_to(newest: Tree, old: Tree, leaves: Iterable[bytes]) -> tuple[bytes, ...] | None:
    """The proof that the old tree and the leaf hashes since lead to the newest tree; None if they don't."""
    if old.size:
        hashes = consistency_proof(old, leaves)
        return hashes if is_consistent(old.size, old.root, newest.size, newest.root, hashes) else None
    made = Prover(old)
    for leaf in leaves:
        made.append_leaf(leaf)
    return () if (made.size, made.root) == (newest.size, newest.root) else None
