"""The pauses of a Console that have not ended: the head keeps the first of them, and the chain has all."""

from collections.abc import Iterator

from audit_archive.format.facts import Action, IdSpan
from audit_archive.format.statement import OperatorStatement
from audit_archive.retrieve.legal_holds import statements_of
from audit_archive.retrieve.statements import Reader, current_head


def pauses_of(reader: Reader, console: str) -> Iterator[OperatorStatement]:
    """The statements of all pauses that one `end_pause` would end, the newest first.

    It reads each statement since the first of them. Raises IntegrityError, LedgerError, ArchiveStoreError.
    """
    head, _ = current_head(reader, console)
    if head.pause is not None:
        for statement in statements_of(reader, head, (IdSpan(head.pause.seq, head.seq),)):
            if isinstance(statement, OperatorStatement) and statement.action == Action.PAUSE:
                yield statement
