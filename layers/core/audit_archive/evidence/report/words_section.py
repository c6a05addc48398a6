"""The words of the report, each with its meaning. `docs/evidence.md` has the same; a test holds it."""

from collections.abc import Mapping

from audit_archive.html_page.markup import Markup, element
from audit_archive.html_page.parts import facts, section

WORDS: Mapping[str, str] = {
    "Archive": "the bucket that keeps what a Console served, and the statements about it",
    "Audit of the chain": "a check of every statement, hash and signature, made for this bundle",
    "Bundle of evidence": "the zip with this report: entries, proofs, statements, and what checks them",
    "Chain": "all statements of a Console. Each names the SHA-256 of the one before it",
    "Checkpoint": "a signed text with the SHA-256 of a statement, and the size and root of the tree then",
    "Complete": "every entry that is archived and matches is here. The archive has what the Console served",
    "Console": "the Thinkst Canary Console with this audit trail",
    "Control totals": "counts and sums of the entries, which a reader makes anew from the file and compares",
    "Entry": "one event of the audit trail, with an id that the Console gave it",
    "Entry file": "a file of archived entries: those of one statement and one date",
    "Epoch": "a count of ids: a new one begins when a Console was reset or replaced",
    "Export": "the zip that the Console served, kept as it was",
    "Foreign purge": "a purge that this archive did not plan",
    "Hole": "ids within the archived range that are not archived, each with its cause",
    "IPE": "information produced by the entity: what an auditor gets from the audited, and must evaluate",
    "Ledger": "an index of the archive in a database. It is compared with the chain, and never believed",
    "Lock": "S3 Object Lock: nothing is deleted before it ends. In GOVERNANCE mode a special right lifts it",
    "Population": "the entries from which the answer was chosen",
    "Proof": "hashes that lead from a line to the root in a checkpoint: the line was archived, exactly so",
    "Purge": "the removal of entries from the Console. This archive purges what it has archived",
    "Receipt": "the entry in which the Console records a purge",
    "Seed": "the number that draws a sample: the same seed draws the same sample",
    "Statement": "a file that says what was archived, purged or decided, with hashes of what it names",
}


def words_section() -> Markup:
    """The glossary."""
    return section(
        "words",
        "Words",
        element("p", "What the words of this report mean."),
        facts(*((word, meaning) for word, meaning in WORDS.items())),
    )
