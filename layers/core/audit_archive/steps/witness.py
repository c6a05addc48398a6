"""Whether the ledger's head is the chain's: each statement states the digest of the head after it."""

from hashlib import sha256

from audit_archive.domain.head import Head
from audit_archive.domain.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.domain.layout import statement_key
from audit_archive.domain.statement import parse_statement
from audit_archive.errors import IntegrityError
from audit_archive.ports import ArchiveSource


def fits(source: ArchiveSource, head: Head) -> bool:
    """Whether a head is the one that the statement it names leads to. One read; the version is named.

    False says that the head was altered, or is of another format, or that its statement is not there: then
    only the chain itself tells. Raises ArchiveStoreError.
    """
    ref = head.statement
    if ref is None or ref.key != statement_key(head.console, head.seq):
        return False
    try:
        data = b"".join(source.read(ref.key, ref.version_id))
        said = parse_statement(data)
    except (IntegrityError, ValueError):
        return False
    if sha256(data).hexdigest() != ref.sha256 or said.head_format != HEAD_FORMAT:
        return False
    try:
        return said.head_sha256 == head_sha256(head)
    except TypeError:  # a number that canonical JSON can't carry: whatever may come of a table
        return False
