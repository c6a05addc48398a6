"""What attackers do to an archive, in code; the table has it in words.

Objects go by the number of their statement: `export 4` is the one that statement 4 names, `entry file 2.1`
the first of statement 2.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TypeAlias

from audit_archive.format.facts import LockMode
from audit_archive.format.layout import checkpoint_key, entries_key, statement_key
from audit_archive.format.statement import ArchiveStatement, statement_bytes
from audit_archive.ports import Retention
from tests.support.attacker import Edit, Victim, naming, reason
from tests.support.fakes import FakeSigner
from tests.support.world import CONSOLE, DAY

OTHER = "feedbeef"
STATEMENTS = range(1, 9)

Deed: TypeAlias = Callable[[Victim], object]


def key_of(victim: Victim, name: str) -> str:
    """The key of an object by its name."""
    kind, _, number = name.rpartition(" ")
    match kind:
        case "statement":
            return statement_key(CONSOLE, int(number))
        case "checkpoint":
            return checkpoint_key(CONSOLE, int(number))
        case "added entry file":
            return entries_key(CONSOLE, "2026-11-20", int(number))
        case "export":
            return next(said.export.key for said in victim.archives if said.seq == int(number))
        case "entry file":
            seq, at = map(int, number.split("."))
            return next(said.entries[at - 1].key for said in victim.archives if said.seq == seq)
    assert kind.startswith("moved "), name
    return key_of(victim, name.removeprefix("moved ")).replace(CONSOLE, OTHER)


def flip(name: str, at: float) -> Deed:
    return lambda victim: victim.flip(key_of(victim, name), at)


def change_a_word(name: str) -> Deed:
    def deed(victim: Victim) -> None:
        key = key_of(victim, name)
        victim.store.tamper(key, victim.store.data(key).replace(b"arn:test", b"arn:tess"))

    return deed


def delete(*names: str) -> Deed:
    return lambda victim: victim.lose(*(key_of(victim, name) for name in names))


def cut(victim: Victim) -> None:
    victim.truncate(6)


def delete_a_day(victim: Victim) -> None:
    said = victim.archives[1]
    victim.lose(said.export.key, *(file.key for file in said.entries))
    victim.lose(statement_key(CONSOLE, said.seq), checkpoint_key(CONSOLE, said.seq))


def swap(one: str, other: str) -> Deed:
    def deed(victim: Victim) -> None:
        keys = key_of(victim, one), key_of(victim, other)
        # An entry file is no version that a statement names: the newest counts.
        write = victim.put if one.startswith("entry file") else victim.store.tamper
        for key, data in zip(keys, [victim.store.data(key) for key in reversed(keys)], strict=True):
            write(key, data)

    return deed


def hide(name: str) -> Deed:
    return lambda victim: victim.store.mark_deleted(key_of(victim, name))


def encrypt(name: str) -> Deed:
    return lambda victim: victim.store.encrypt(key_of(victim, name), "aws:kms")


def replay(victim: Victim) -> None:
    victim.put(statement_key(CONSOLE, 9), victim.store.data(statement_key(CONSOLE, 5)))


def replay_a_checkpoint(victim: Victim) -> None:
    victim.replace(checkpoint_key(CONSOLE, 7), victim.store.data(checkpoint_key(CONSOLE, 4)))


def put_a_second_version(seq: int) -> Deed:
    def deed(victim: Victim) -> None:
        victim.put(statement_key(CONSOLE, seq), statement_bytes(reason("another")(victim.statement(seq))))

    return deed


def put_again(name: str) -> Deed:
    return lambda victim: victim.replace(key_of(victim, name), victim.store.data(key_of(victim, name)))


def rewrite(seq: int) -> Deed:
    return lambda victim: victim.rewrite(seq, reason("another history"))


def sign_again(victim: Victim) -> None:
    mallory = FakeSigner()
    for seq in STATEMENTS:
        victim.sign(seq, mallory)


def forge(victim: Victim) -> None:
    mallory = FakeSigner()
    victim.rewrite(1, naming(mallory), signer=mallory)


def forge_and_vouch(victim: Victim) -> None:
    true = victim.store.data(checkpoint_key(CONSOLE, 8))
    forge(victim)
    victim.put(checkpoint_key(CONSOLE, 99), true)


def lock_of(victim: Victim, key: str) -> Retention:
    lock = victim.store.history(key)[-1].retention
    assert lock is not None
    return lock


def shorten(name: str, seconds: int | None = None) -> Deed:
    """By so many seconds; by default to a moment in 1970."""

    def deed(victim: Victim) -> None:
        key = key_of(victim, name)
        lock = lock_of(victim, key)
        victim.store.relock(key, replace(lock, until=2 if seconds is None else lock.until - seconds))

    return deed


def unlock(name: str) -> Deed:
    return lambda victim: victim.store.relock(key_of(victim, name), None)


def lock_longer(victim: Victim) -> None:
    for key in victim.store.keys(""):
        victim.store.relock(key, Retention(LockMode.COMPLIANCE, lock_of(victim, key).until + DAY))


def weaken_a_lock(victim: Victim) -> None:
    """What was stated to be locked for compliance is locked for governance."""
    said = victim.archives[3]
    key = statement_key(CONSOLE, said.seq)
    victim.store.relock(key, replace(lock_of(victim, key), mode=LockMode.COMPLIANCE))
    strict = replace(said.export, lock_mode=LockMode.COMPLIANCE)
    victim.rewrite(said.seq, lambda s: replace(s, export=strict) if isinstance(s, ArchiveStatement) else s)


def move(victim: Victim, old: str, new: str) -> None:
    data, like = victim.store.data(old), victim.store.history(old)[-1]
    victim.lose(old, new)
    victim.put(new, data, like)


def renumber(*taken_out: int) -> Deed:
    """Statements 5 to 8 move up by one. What else is taken out leaves a gap."""

    def deed(victim: Victim) -> None:
        for seq in taken_out:
            victim.lose(statement_key(CONSOLE, seq), checkpoint_key(CONSOLE, seq))
        for seq in range(5, 9):
            for key in (statement_key, checkpoint_key):
                move(victim, key(CONSOLE, seq), key(CONSOLE, seq - 1))

    return deed


def edited(victim: Victim, seq: int, at: int) -> ArchiveStatement:
    """Change who did it in an entry file, and all that the statement says of the file."""
    said = victim.statement(seq)
    assert isinstance(said, ArchiveStatement)
    file = said.entries[at]
    lines = gzip.decompress(victim.store.data(file.key)).replace(b"somebody@", b"mallory@")
    data = gzip.compress(lines, mtime=0)
    victim.replace(file.key, data)
    forged = replace(
        file, sha256=sha256(data).hexdigest(), size=len(data), content_sha256=sha256(lines).hexdigest()
    )
    return replace(said, entries=tuple(forged if each == file else each for each in said.entries))


def edit(victim: Victim) -> None:
    victim.store.tamper(statement_key(CONSOLE, 4), statement_bytes(edited(victim, 4, 0)))


def edit_and_sign(victim: Victim) -> None:
    forged = edited(victim, 4, 0)
    tell(victim, 4, lambda _: forged)


def tell(victim: Victim, seq: int, edit: Edit) -> None:
    """With the signing key and the ledger: a statement is edited, and all that follows is made to fit."""
    victim.rewrite(seq, edit, signer=victim.signer)
    victim.restore_ledger(victim.head.seq)


def pack(change: Callable[[bytes], bytes]) -> Deed:
    """Another version of an entry file: the one that was put first is locked."""

    def deed(victim: Victim) -> None:
        key = key_of(victim, "entry file 4.1")
        victim.put(key, change(victim.store.data(key)))

    return deed


def add_a_file(seq: int) -> Deed:
    added = gzip.compress(b'{"id":4,"user":"alibi@example.com"}\n', mtime=0)
    return lambda victim: victim.put(key_of(victim, f"added entry file {seq}"), added)


def serve_as_another(victim: Victim) -> None:
    for key in victim.store.keys(""):
        move(victim, key, key.replace(CONSOLE, OTHER))
