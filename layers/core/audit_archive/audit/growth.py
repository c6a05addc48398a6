"""That an archive only grew: it begins with what a signed checkpoint that somebody kept is over.

1. A key that counts signed the kept checkpoint.
2. The chain leads from the statement that it is over to the newest one, link by link.
3. The tree of lines under the newest statement begins with the tree under the checkpoint (RFC 9162, 2.1.4):
   the lines archived since are read, and lead from one to the other.
"""

from collections.abc import Iterator
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
from audit_archive.format.merkle import Tree, consistency_proof, is_consistent, leaf_hash
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.format.verdicts import Checked, Fault, Growth, Verdict, Why
from audit_archive.storage.entry_files import find_version, read_content

_ID_BYTES = 8


class _UnprovenError(Exception):
    """It can't be proven: why, of `Why`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Growing:
    """What it takes to prove that a chain, once it was walked, only grew.

    `walk`: the same walk, whose verdicts are told already; it goes on from any point of the chain.
    """

    audit: Audit
    chain: WalkedChain
    keys: Keys
    tally: AuditTally
    walk: Walk

    def prove(self, since: Since) -> Growth:
        """Prove it, or say why not. What is wrong with the archive or the checkpoint goes into the tally."""
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
        """The ids of the keys that signed the kept checkpoint; empty, and a fault, if none did."""
        console, keys = since.checkpoint.console, self.keys.known
        signers = signers_of(parse_note(since.note), origin_of(console), keys)
        try:
            open_checkpoint(since.note, console, keys, self.keys.is_signed)
        except ValueError as error:
            verdict = Verdict.ALTERED if signers else Verdict.UNSIGNED
            advice = "it is not a checkpoint of this archive, or the archive was replaced"
            self.tally.fault(Fault(verdict, GIVEN, None, None, f"{GIVEN} proves nothing: {error}: {advice}"))
            return ()
        return tuple(key.key_id.hex() for key in signers)

    def _proof(self, since: Since, newest: Tree) -> tuple[tuple[bytes, ...], Why | None]:
        """The consistency proof, and None; or nothing, and why it can't be made."""
        try:
            return self._made_proof(since, newest), None
        except DeadlineError:
            return (), Why.TIME
        except _UnprovenError as error:
            return (), error.why

    def _made_proof(self, since: Since, newest: Tree) -> tuple[bytes, ...]:
        """Raises _UnprovenError or DeadlineError if there is none."""
        kept, point = since.checkpoint, self.chain.since
        if not self.chain.is_whole:
            raise DeadlineError
        if point is None or point.head is None or not self.chain.is_unbroken:
            raise _UnprovenError(Why.FAULT)
        is_read = kept.size not in {0, newest.size}  # of nothing, and of the same, there is nothing to prove
        if is_read and not self.audit.has_lines:
            raise _UnprovenError(Why.BUNDLE)
        hashes = consistency_proof(point.head.tree, self._leaves_since(point) if is_read else ())
        if is_consistent(kept.size, kept.root, newest.size, newest.root, hashes):
            return hashes
        key = statement_key(kept.console, self.chain.newest.seq)
        sentence = f"{key} states a tree that does not begin with the {kept.size} entries of {GIVEN}"
        self.tally.fault(Fault(Verdict.MISDESCRIBED, key, None, self.chain.newest.seq, sentence))
        raise _UnprovenError(Why.FAULT)

    def _leaves_since(self, point: Point) -> Iterator[bytes]:
        """The hash of each line that was archived since, in the order of the tree."""
        for step in self.walk.steps(point):
            if isinstance(step.said, ArchiveStatement):
                yield from self._leaves(step.said)

    def _leaves(self, said: ArchiveStatement) -> Iterator[bytes]:
        """The hashes of a statement's lines, ascending by id.

        Memory: if they are of several dates, some 80 bytes for each, and the lines of one date.
        """
        if len(said.entries) < 2:  # noqa: PLR2004 - nothing to sort
            for file in said.entries:
                yield from map(leaf_hash, self._lines(file, said))
            return
        numbered = list[bytes]()
        for file in said.entries:
            lines = list(self._lines(file, said))  # whole, and found to be as stated, before a line is read
            try:
                numbered += (orjson.loads(line)["id"].to_bytes(_ID_BYTES) + leaf_hash(line) for line in lines)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                sentence = f"{file.key} holds a line that is not an entry"
                self.tally.fault(Fault(Verdict.MISDESCRIBED, file.key, None, said.seq, sentence))
                raise _UnprovenError(Why.FAULT) from error
        yield from (each[_ID_BYTES:] for each in sorted(numbered))

    def _lines(self, file: EntryFile, said: ArchiveStatement) -> Iterator[bytes]:
        """The lines of an entry file. Raises _UnprovenError if it is not there, or is not what is stated."""
        source, deadline = self.audit.source, Deadline(self.audit.clock)
        deadline.check()
        found = find_version(source, file)
        if found is None:
            raise _UnprovenError(self._why_absent(file, said))
        try:
            for text in deadline.watch(read_content(source, file, found.version_id)):
                yield from text.split(b"\n")[:-1]
        except IntegrityError as error:
            key, version_id = file.key, found.version_id
            sentence = (
                f"{key} (version {version_id}) does not hold the lines that statement {said.seq} states"
            )
            self.tally.fault(Fault(Verdict.ALTERED, key, version_id, said.seq, sentence))
            raise _UnprovenError(Why.FAULT) from error

    def _why_absent(self, file: EntryFile, said: ArchiveStatement) -> Why:
        if self.audit.clock.now() >= from_rfc3339(said.export.retain_until) - DAY:
            return Why.EXPIRED
        if not self.audit.is_recorded(said):
            return Why.UNRECORDED
        self.tally.fault(Fault(Verdict.MISSING, file.key, None, said.seq, f"{file.key} is missing"))
        return Why.FAULT
