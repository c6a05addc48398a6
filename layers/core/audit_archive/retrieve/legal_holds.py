"""What a legal hold keeps: the objects of the statements that it names, and what its end would free."""

from collections.abc import Iterable, Iterator
from itertools import chain

from audit_archive.format.decisions import LegalHold
from audit_archive.format.facts import IdSpan
from audit_archive.format.head import Head
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.retrieve.statements import Reader
from audit_archive.storage.chain import read_known


def kept_by(reader: Reader, head: Head, held: Iterable[IdSpan]) -> tuple[str, ...]:
    """The keys of all objects of the statements with these numbers. Raises IntegrityError."""
    return tuple(dict.fromkeys(chain.from_iterable(map(_objects, statements_of(reader, head, tuple(held))))))


def freed_by(reader: Reader, head: Head, hold: LegalHold) -> tuple[str, ...]:
    """The keys that no open hold keeps but this one. An export may be that of several statements.

    Raises IntegrityError.
    """
    others = tuple(chain.from_iterable(each.held for each in head.legal_holds if each.seq != hold.seq))
    free: dict[str, None] = {}
    kept = set[str]()
    for statement in statements_of(reader, head, (*hold.held, *others)):
        keys = tuple(_objects(statement))
        if _has(hold.held, statement.seq):
            free |= dict.fromkeys(keys)
        if _has(others, statement.seq):
            kept.update(keys)
    return tuple(key for key in free if key not in kept)


def statement_of(reader: Reader, head: Head, seq: int) -> Statement | None:
    """The statement with a number; None if the chain has none. Raises IntegrityError."""
    return next(statements_of(reader, head, (IdSpan(seq, seq),)), None)


def statements_of(reader: Reader, head: Head, spans: tuple[IdSpan, ...]) -> Iterator[Statement]:
    """The statements with these numbers, the newest first. Each is known by the hash in the one after it."""
    ref, lowest = head.statement, min((span.first for span in spans), default=head.seq + 1)
    for seq in range(head.seq, lowest - 1, -1):
        if ref is None:
            return
        reader.check_time("console")
        statement = read_known(reader.source, ref)
        if _has(spans, seq):
            yield statement
        ref = statement.previous


def _has(spans: Iterable[IdSpan], seq: int) -> bool:
    return any(span.first <= seq <= span.last for span in spans)


def _objects(statement: Statement) -> Iterator[str]:
    if isinstance(statement, ArchiveStatement):
        yield statement.export.key
        yield from (file.key for file in statement.entries)
    yield statement_key(statement.console, statement.seq)
    yield checkpoint_key(statement.console, statement.seq)
