"""What an answer rests on: the population searched, what is missing of it, what nobody can say. Pure.

Every answer carries it. An auditor's test of an extract is whether it is complete and accurate: so an answer
says what it does not cover as plainly as what it found.
"""

from dataclasses import dataclass

from audit_archive.domain.foreign import ForeignPurge

LISTED = 1000
"""How many of anything an answer lists; the numbers beside a list count all of it."""

NOT_VERIFIED = (
    "signatures of checkpoints",
    "locks of objects",
    "the chain of statements as a whole, and the exports behind the entry files: `verify` does",
)


UNNAMED = "whose the entries are that name no {field}: they are not in this answer"


class Absence:
    """Why an entry file is not there."""

    EXPIRED = "expired"
    REMOVED = "removed"
    NOT_PUBLISHED = "not_published"


@dataclass(frozen=True)
class Population:
    """What is archived of one epoch: how many entries, from which id and UTC date to which."""

    epoch: int
    entries: int
    first_id: int
    last_id: int
    first_date: str
    last_date: str


@dataclass(frozen=True)
class Searched:
    """What was read, and agreed with its hash: statements, and entry files with their entries."""

    statements: int = 0
    entry_files: int = 0
    entries: int = 0
    first_id: int | None = None
    last_id: int | None = None
    first_date: str | None = None
    last_date: str | None = None


NOTHING_SEARCHED = Searched()


@dataclass(frozen=True)
class Hole:
    """Ids of an epoch that are not archived, and why: `missing` of the archive format."""

    epoch: int
    first: int
    last: int
    cause: str
    receipt_id: int | None


@dataclass(frozen=True)
class Unjudged:
    """Entries of which nobody can say whether they are asked for, as a field can't be read; the first ids."""

    field: str
    count: int
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Gone:
    """An entry file that is not there: its cause, and what a statement says was in it."""

    key: str
    cause: str
    epoch: int
    date: str
    first_id: int
    last_id: int
    count: int


@dataclass(frozen=True)
class Coverage:
    """What an answer covers, and what not.

    `statements`: how many there are of the Console, up to `newest_statement` with its SHA-256. `up_to`: the
    moment (RFC 3339) up to which the Console's entries are known to be archived. `holes`, `gone_files` and
    `foreign_purges` (and what each of these lost) list at most LISTED; `missing_ids` and `gone_entries` count
    all. `not_covered` says in sentences what the question asks for and the answer can't vouch for; empty, the
    answer is complete.
    """

    statements: int
    newest_statement: str | None
    newest_sha256: str | None
    up_to: str | None
    archived: tuple[Population, ...] = ()
    searched: Searched = NOTHING_SEARCHED
    matched: int = 0
    missing_ids: int = 0
    holes: tuple[Hole, ...] = ()
    foreign_purges: tuple[ForeignPurge, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    gone_entries: int = 0
    gone_files: tuple[Gone, ...] = ()
    not_covered: tuple[str, ...] = ()
    not_verified: tuple[str, ...] = NOT_VERIFIED
