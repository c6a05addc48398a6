"""`proof`: that one entry was archived, as a text that anybody can check offline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audit_archive.domain.coverage import Coverage, RestsOn
from audit_archive.domain.layout import checkpoint_key, statement_key
from audit_archive.domain.outcomes import Outcome, outcome_of, sentence
from audit_archive.domain.public_keys import SignatureCheck
from audit_archive.domain.query import Query
from audit_archive.domain.tree import leaf_hash
from audit_archive.reading.chain import Chain, answered, read_chain
from audit_archive.reading.entries import Search
from audit_archive.reading.proving import Proven, Proving
from audit_archive.reading.reader import Reader

MAX_LINE = 1 << 20
"""Bytes of a line that is told with its proof: an answer has a limit."""


@dataclass(frozen=True)
class ProvenLine:
    """An archived line (without its line feed) and its proof."""

    console: str
    line: bytes
    proven: Proven

    def as_dict(self) -> dict[str, Any]:
        """As an answer tells it. `line` is None if it is too long for one: ask for it as an entry."""
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
    """The answer: how it ends, in a word and in a sentence, what it rests on, a proof for each epoch's entry.

    `reasons`: why an entry that is archived has no proof.
    """

    outcome: str
    sentence: str
    coverage: Coverage
    proofs: tuple[ProvenLine, ...]
    reasons: tuple[str, ...]


def find_proofs(reader: Reader, query: Query, is_signed: SignatureCheck) -> FoundProofs:
    """Prove the entry of a query's id. Raises IntegrityError naming the object that does not fit."""
    found = answered(reader, query.console, lambda chain: _find(reader, chain, query, is_signed))
    is_short = found.reasons and found.coverage.rests_on == RestsOn.INDEX
    # A key that the index hides would leave entries without their proofs.
    return _find(reader, read_chain(reader, query.console), query, is_signed) if is_short else found


def _find(reader: Reader, chain: Chain, query: Query, is_signed: SignatureCheck) -> FoundProofs:
    search = Search(reader, chain, query)
    lines = {place.epoch: line for place, found in search.lines() for line in found}
    coverage = search.coverage()
    proving = Proving(reader, search.chain, is_signed)
    wanted = {epoch: {leaf_hash(line): query.ids.first} for epoch, line in lines.items()}
    proofs = tuple(ProvenLine(query.console, lines[each.epoch], each) for each in proving.proofs(wanted))
    outcome = outcome_of(query, coverage)
    words = sentence(query.console, outcome, coverage)
    if outcome == Outcome.FOUND:
        words = " ".join(_sentences(query.ids.first, proofs, proving.reasons))
    return FoundProofs(outcome, words, coverage, proofs, tuple(proving.reasons))


def _sentences(entry_id: int, proofs: Sequence[ProvenLine], reasons: Sequence[str]) -> Iterator[str]:
    for _, _, seq, proof in (each.proven for each in proofs):
        yield (
            f"The entry {entry_id} is archived: it is leaf {proof.index} of the tree that the checkpoint of "
            f"statement {seq} signs."
        )
    if reasons:
        yield f"An archived entry {entry_id} can't be proven: {'; '.join(reasons)}."
