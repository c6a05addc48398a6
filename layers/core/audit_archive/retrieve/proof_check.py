"""Checks the proof of an entry with a public key, without the archive, and says what it proves. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from audit_archive.export.json_entry import check_line
from audit_archive.format.checkpoint import (
    Checkpoint,
    EntryProof,
    check_entry,
    open_checkpoint,
    origin_of,
    parse_checkpoint,
    parse_entry_proof,
    parse_note,
    signers_of,
)
from audit_archive.format.entry import members_of
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.merkle import leaf_hash

ANSWER_ENTRY_FIELDS = ("id", "timestamp", "user", "action_type")
"""Fields of an entry that are shown beside its proof."""

NO_LINE = (
    "the file holds a proof without its line, and such a proof proves no entry. Give the line that you hold "
    "with --line"
)
NOT_PROVEN = (
    "when the entry was archived, and in which epoch: the statement says both, and the proof does not hold "
    "the statement",
    "that the archive holds the entry today: `canary-audit verify` checks that",
    "that the Console told the truth when it served the entry",
)
"""What no proof of an entry can prove."""


class Claim(NamedTuple):
    """A proof that somebody handed over, and the line that it should prove; None without a line."""

    proof: EntryProof
    line: bytes | None


@dataclass(frozen=True)
class CheckedProof:
    """The result of checking a claim.

    `problem`: why it proves no entry; None if it proves one. `signed_by`: the ids (hex) of the known keys
    that signed the checkpoint. `checkpoint`: None unless one of them signed it. `entry`: what
    the line says under ANSWER_ENTRY_FIELDS.
    """

    index: int
    leaf_sha256: str | None
    problem: str | None
    signed_by: tuple[str, ...] = ()
    checkpoint: Checkpoint | None = None
    entry: dict[str, Any] | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the proof shows that the line is an archived entry."""
        return self.problem is None

    def proven(self) -> tuple[str, ...]:
        """What is proven, in sentences."""
        found = self.checkpoint
        if found is None:
            return ()
        signed = (
            f"The key {' and the key '.join(self.signed_by)} signed a checkpoint of Console {found.console} "
            f"over {found.size} entries and the statement {found.statement_sha256}.",
        )
        if not self.is_proven or self.entry is None:
            return signed
        return (
            *signed,
            f"Entry {self.entry['id']} was archived: its line, byte by byte, is leaf {self.index} under "
            "that checkpoint.",
        )

    def not_proven(self) -> tuple[str, ...]:
        """What is not proven, in clauses."""
        return NOT_PROVEN if self.is_proven else ("that any entry was archived",)


def read_claims(data: bytes) -> tuple[Claim, ...]:
    """The proofs in a file: the text of one, or the answer that `canary-audit proof --json` gave.

    Raises ValueError for any other file, with the reason.
    """
    if not data.lstrip().startswith(b"{"):
        return (Claim(parse_entry_proof(data), None),)
    try:
        answer = json.loads(data, object_pairs_hook=_object_of)
    except RecursionError as error:
        raise ValueError("not an answer of `canary-audit proof --json`: its JSON is too deep") from error
    except ValueError as error:
        raise ValueError(
            f"not an answer of `canary-audit proof --json`: its JSON can't be read: {error}"
        ) from error
    proofs = answer.get("proofs")
    if not isinstance(proofs, list) or not proofs or not all(isinstance(each, dict) for each in proofs):
        raise ValueError(
            "not an answer of `canary-audit proof --json`: it has no list `proofs` with a proof in it"
        )
    return tuple(map(_claim, proofs))


def lacks_its_line(claims: Sequence[Claim]) -> bool:
    """Whether a line from beside the file counts: the file holds one proof, and no line of its own."""
    return len(claims) == 1 and claims[0].line is None


def check_claim(
    claim: Claim, console: str | None, keys: Sequence[PublicKey], is_signed: SignatureCheck
) -> CheckedProof:
    """Check a claim with the known keys alone. `console`: the Console that it must be of; None: any.

    1. One of the keys has signed the checkpoint, and the checkpoint is of that Console.
    2. The line's hash leads to the root in the checkpoint. Without a line no entry is proven.
    3. The line is what the archive writes for an entry, byte by byte.
    """
    proof, line = claim
    leaf = leaf_hash(line).hex() if line is not None else None
    try:
        named, signed_by = _named_and_signed_by(proof.checkpoint, console, keys)
        if line is None:
            checkpoint = open_checkpoint(proof.checkpoint, named, keys, is_signed)
            return CheckedProof(proof.index, leaf, NO_LINE, signed_by, checkpoint)
        checkpoint = check_entry(line, proof, named, keys, is_signed)
    except ValueError as error:
        return CheckedProof(proof.index, leaf, f"{error}{_advice(line)}")
    try:
        return CheckedProof(proof.index, leaf, None, signed_by, checkpoint, _entry_of(line))
    except ValueError as error:
        problem = f"the checkpoint covers the line, and it is not the line of an entry: {error}"
        return CheckedProof(proof.index, leaf, problem, signed_by, checkpoint)


def _named_and_signed_by(
    data: bytes, console: str | None, keys: Sequence[PublicKey]
) -> tuple[str, tuple[str, ...]]:
    """The Console that a checkpoint names, and the ids of the known keys that it claims signatures by.

    The signatures themselves are not checked here, so neither is proven yet. Raises ValueError if the
    checkpoint claims no signature by a known key, or if it does not name the Console that it must.
    """
    note = parse_note(data)
    named = parse_checkpoint(note.text).console
    if console is not None and named != console:
        raise ValueError(f"the checkpoint is of Console {named}, not of {console}")
    signers = signers_of(note, origin_of(named), keys)
    if not signers:
        given, named_keys = _ids(key.key_id for key in keys), _ids(each.key_id for each in note.signatures)
        raise ValueError(
            f"no key that you gave ({given}) signed the checkpoint. It has signatures by {named_keys}. Give "
            "that key, if you trust it"
        )
    return named, tuple(key.key_id.hex() for key in signers)


def _entry_of(line: bytes) -> dict[str, Any]:
    """The ANSWER_ENTRY_FIELDS of a proven line. Raises ValueError if it is not the line of an entry."""
    check_line(line)
    members = members_of(line)
    return {name: members.get(name) for name in ANSWER_ENTRY_FIELDS}


def _advice(line: bytes | None) -> str:
    """A hint for a line with a Windows line end, which no archived line has."""
    if line is not None and line.endswith(b"\r"):
        return ". The line that you gave ends in CR LF: use the file as it was written"
    return ""


def _ids(key_ids: Iterable[bytes]) -> str:
    return ", ".join(key_id.hex() for key_id in key_ids) or "no key"


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which each name stands once: of two values, two readers may take different ones."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one JSON object")
    return found


def _claim(answered_proof: dict[str, Any]) -> Claim:
    proof, line = answered_proof.get("proof"), answered_proof.get("line")
    if not isinstance(proof, str) or not isinstance(line, str | None):
        why = "`proof` or `line` in it is not text"
        raise ValueError(f"not an answer of `canary-audit proof --json`: {why}")  # noqa: TRY004 - the file is wrong
    try:
        data, claimed = proof.encode(), line.encode() if line is not None else None
    except UnicodeEncodeError as error:
        raise ValueError(
            "not an answer of `canary-audit proof --json`: a text in it is not Unicode"
        ) from error
    return Claim(parse_entry_proof(data), claimed)
