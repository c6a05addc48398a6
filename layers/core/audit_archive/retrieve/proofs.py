"""`proof`: the proof that one entry was archived, as a text that can be checked offline.

A line is proven against the first checkpoint that covers it. That is the checkpoint of the statement that
archived the line, if that statement is signed. Lines that were archived before signing began are covered by
the checkpoint of a later statement, and are proven in its tree.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

from audit_archive.errors import IntegrityError
from audit_archive.format.checkpoint import Checkpoint, EntryProof, open_checkpoint
from audit_archive.format.ids import IdRange
from audit_archive.format.index import ArchivedRow
from audit_archive.format.keys import SignatureCheck
from audit_archive.format.layout import checkpoint_key, checkpoints_prefix, statement_key
from audit_archive.format.merkle import EMPTY_TREE, Prover, Tree, leaf_hash
from audit_archive.format.statement import ArchiveStatement, parse_statement
from audit_archive.retrieve.coverage import Coverage, RestsOn, SearchTally
from audit_archive.retrieve.narrowing import Filed
from audit_archive.retrieve.outcome import AnswerOutcome, outcome_of, sentence
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import Scanner, Search
from audit_archive.retrieve.statements import KnownChain, Reader, answered, read_chain, read_row
from audit_archive.storage.chain import listed, read_known, read_whole
from audit_archive.storage.entry_files import find_version, read_lines

Wanted: TypeAlias = Mapping[int, Mapping[bytes, int]]
"""The lines to prove: by epoch, the leaf hash of each with its id."""

NOT_SIGNED = "no signed checkpoint covers them"
GONE = "a proof needs the hashes of lines beside them, and those lines are no longer there"


class Proven(NamedTuple):
    """A line's epoch, id and proof, and the number of the statement whose checkpoint proves it."""

    epoch: int
    entry_id: int
    seq: int
    proof: EntryProof


class _UnprovenError(Exception):
    """Why some lines have no proof."""


class _Covering(NamedTuple):
    """A checkpoint, the number of its statement, and the signed note as it is stored."""

    seq: int
    checkpoint: Checkpoint
    note: bytes


class Proving:
    """Makes the proofs of some lines of a Console. `reasons`: why some lines have no proof, a clause each."""

    def __init__(self, reader: Reader, chain: KnownChain, is_signed: SignatureCheck) -> None:
        self.reasons: list[str] = []
        self._reader = reader
        self._chain = chain
        self._is_signed = is_signed

    def proofs(self, wanted: Wanted) -> Iterator[Proven]:
        """The proofs, in the order in which the lines were archived.

        Raises IntegrityError naming a statement if its entry files do not give its tree.
        """
        console, source = self._chain.console, self._reader.source
        signed = [each.number for each in listed(source, checkpoints_prefix(console), ".txt")]
        ids = {epoch: sorted(leaves.values()) for epoch, leaves in wanted.items()}
        rows = (row for row in self._chain.rows if _has_one_within(row.ids, ids.get(row.epoch, ())))
        for (epoch, seq), group in groupby(rows, key=lambda row: (row.epoch, _first_from(signed, row.seq))):
            try:
                yield from self._proven(next(group), self._covering(epoch, seq), wanted[epoch])
            except _UnprovenError as error:
                self.reasons += [str(error)] if str(error) not in self.reasons else []

    def _covering(self, epoch: int, seq: int | None) -> _Covering:
        """The checkpoint of a statement. Raises _UnprovenError unless it is valid, and of that epoch."""
        if seq is None or not self._chain.keys:
            raise _UnprovenError(NOT_SIGNED)
        source, console = self._reader.source, self._chain.console
        stored = read_whole(source, statement_key(console, seq))
        try:
            covered = parse_statement(stored.data)
        except ValueError as error:
            raise _UnprovenError(f"{stored.key} can't be read as a statement: {error}") from error
        found = self._signed_note(seq, sha256(stored.data).hexdigest())
        if covered.epoch != epoch:
            raise _UnprovenError(NOT_SIGNED)
        return found

    def _signed_note(self, seq: int, digest: str) -> _Covering:
        """The checkpoint over the statement with this hash, from the versions of its key.

        A false version may lie above the true one, so each is judged by its signature. Raises _UnprovenError
        if no version is that checkpoint.
        """
        source, console = self._reader.source, self._chain.console
        key, why = checkpoint_key(console, seq), "it is missing"
        for version in source.versions(key):
            if version.key != key or version.is_delete_marker:
                continue
            note = read_whole(source, key, version.version_id)
            try:
                checkpoint = open_checkpoint(note.data, console, self._chain.keys, self._is_signed)
            except ValueError as error:
                why = str(error)
                continue
            if checkpoint.statement_sha256 == digest:
                return _Covering(seq, checkpoint, note.data)
            why = "it is over a different statement"
        raise _UnprovenError(f"{key} is not a checkpoint that covers them: {why}")

    def _proven(
        self, first: ArchivedRow, covering: _Covering, wanted: Mapping[bytes, int]
    ) -> Iterator[Proven]:
        """The proofs of lines that the statements from `first` to the covered one archived."""
        rows = self._chain.rows
        rows = rows[rows.index(first) : bisect_left(rows, covering.seq + 1, key=lambda row: row.seq)]
        prover, ids = Prover(self._tree_before(first)), list[int]()
        for row in rows:
            statement = read_row(self._reader, self._chain, row)
            for leaf in self._leaves(statement):
                chosen = wanted.get(leaf)
                prover.append_leaf(leaf, choose=chosen is not None)
                ids += [] if chosen is None else [chosen]
            if prover.root != statement.tree.root:
                raise IntegrityError(
                    f"the tree in {row.statement.key} does not match its entry files. Verify the archive"
                )
        if (prover.size, prover.root) != (covering.checkpoint.size, covering.checkpoint.root):
            raise _UnprovenError(
                f"the tree in the checkpoint of statement {covering.seq} does not match the entry files"
            )
        for entry_id, proof in zip(ids, prover.proofs(), strict=True):
            entry_proof = EntryProof(proof.index, proof.hashes, covering.note)
            yield Proven(first.epoch, entry_id, covering.seq, entry_proof)

    def _tree_before(self, row: ArchivedRow) -> Tree:
        statement = read_row(self._reader, self._chain, row)
        if statement.previous is None:
            return EMPTY_TREE
        return read_known(self._reader.source, statement.previous).tree

    def _leaves(self, statement: ArchiveStatement) -> Iterator[bytes]:
        """The leaf hash of each line that a statement archived, in order of id."""
        files = [
            Filed(file, statement.epoch, statement.seq, statement.export.retain_until)
            for file in statement.entries
        ]
        scanner = Scanner(Query(statement.console), self._read, self._reader.scratch, SearchTally())
        for lines in scanner.in_order(sorted(files, key=lambda filed: filed.file.first_id)):
            yield from map(leaf_hash, lines)

    def _read(self, filed: Filed) -> Iterator[bytes]:
        self._reader.check_time("from")
        found = find_version(self._reader.source, filed.file)
        if found is None:
            raise _UnprovenError(GONE)
        return read_lines(self._reader.source, filed.file, found.version_id)


def _has_one_within(ids: IdRange, ascending: Sequence[int]) -> bool:
    at = bisect_left(ascending, ids.first)
    return at < len(ascending) and ascending[at] <= ids.last


def _first_from(numbers: Sequence[int], number: int) -> int | None:
    """The first of some ascending numbers that is at least `number`; None if all are below."""
    at = bisect_left(numbers, number)
    return numbers[at] if at < len(numbers) else None


MAX_LINE = 1 << 20
"""Bytes of a line that an answer has beside its proof at most: Lambda limits the size of an answer."""


@dataclass(frozen=True)
class ProvenLine:
    """An archived line (without its line feed) and its proof."""

    console: str
    line: bytes
    proven: Proven

    def as_dict(self) -> dict[str, Any]:
        """The fields of an answer.

        A line that is too long for an answer is left out (null): ask for it as an entry.
        """
        epoch, entry_id, seq, proof = self.proven
        is_short = len(self.line) <= MAX_LINE
        return {
            "epoch": epoch,
            "id": entry_id,
            "index": proof.index,
            "statement": statement_key(self.console, seq),
            "checkpoint": checkpoint_key(self.console, seq),
            "leaf_sha256": leaf_hash(self.line).hex(),
            "line": self.line.decode() if is_short else None,
            "proof": proof.encode().decode(),
        }


@dataclass(frozen=True)
class FoundProofs:
    """The answer: its outcome, the same as a sentence, its coverage, and a proof for each epoch's entry.

    `reasons`: why an entry that is archived has no proof.
    """

    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    proofs: tuple[ProvenLine, ...]
    reasons: tuple[str, ...]


def find_proofs(reader: Reader, query: Query, is_signed: SignatureCheck) -> FoundProofs:
    """Prove the entry of a query's id.

    Raises IntegrityError naming an object that does not match its hash or tree.
    """
    found = answered(reader, query.console, lambda chain: _find(reader, chain, query, is_signed))
    is_short = found.reasons and found.coverage.rests_on == RestsOn.INDEX
    # The index may hide a key, and the entries that it signed for would have no proof: read the whole chain.
    return _find(reader, read_chain(reader, query.console), query, is_signed) if is_short else found


def _find(reader: Reader, chain: KnownChain, query: Query, is_signed: SignatureCheck) -> FoundProofs:
    search = Search(reader, chain, query)
    lines = {place.epoch: line for place, found in search.lines() for line in found}
    coverage = search.coverage()
    proving = Proving(reader, search.chain, is_signed)
    wanted = {epoch: {leaf_hash(line): query.ids.first} for epoch, line in lines.items()}
    proofs = tuple(ProvenLine(query.console, lines[each.epoch], each) for each in proving.proofs(wanted))
    outcome = outcome_of(query, coverage)
    text = sentence(query.console, outcome, coverage)
    if outcome == AnswerOutcome.FOUND:
        text = " ".join(_sentences(query.ids.first, proofs, proving.reasons))
    return FoundProofs(outcome, text, coverage, proofs, tuple(proving.reasons))


def _sentences(entry_id: int, proofs: Sequence[ProvenLine], reasons: Sequence[str]) -> Iterator[str]:
    for _, _, seq, proof in (each.proven for each in proofs):
        yield (
            f"Entry {entry_id} is archived: it is leaf {proof.index} of the tree that the checkpoint of "
            f"statement {seq} signs."
        )
    if reasons:
        yield f"The archived entry {entry_id} can't be proven: {'; '.join(reasons)}."
