"""The attacks, in words and in deeds; a page tells what is found of each, and a test holds it to that."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from audit_archive.format.layout import checkpoint_key, entries_key, statement_key
from audit_archive.format.statement import statement_bytes
from audit_archive.ports import ArchiveSource
from tests.attacks.test_attacks import KINDS, STATEMENTS, archive_lock, edited, move
from tests.support.attacker import Blamed, Victim, blamed, naming, reason
from tests.support.fakes import FakeSigner
from tests.support.verify_program import ask, first_of_each_row, written
from tests.support.world import CONSOLE, DAY

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "attacks.md"
HEAD = "| attack | the bucket: verdict, object | a copy: verdict, object |\n|---|---|---|\n"
OTHER = "feedbeef"
FEW = 2
"""How many objects of a verdict are told by name."""

Deed: TypeAlias = Callable[[Victim], None]


@dataclass(frozen=True)
class Attack:
    """What somebody does, as one tells it, and the deed. `is_of_bucket`: a copy has nothing of the kind.

    `keeps`: the auditor keeps the checkpoint of the newest statement from before. `console`: whose archive is
    asked for.
    """

    words: str
    deed: Deed
    is_of_bucket: bool = False
    keeps: bool = False
    console: str = CONSOLE


def _signer_of(victim: Victim) -> FakeSigner:
    assert isinstance(victim.world.signer, FakeSigner)
    return victim.world.signer


def _whole_day(victim: Victim) -> None:
    said = victim.archives[1]
    victim.lose(said.export.key, *(file.key for file in said.entries))
    victim.lose(statement_key(CONSOLE, said.seq), checkpoint_key(CONSOLE, said.seq))


def _swap(victim: Victim, one: str, other: str) -> None:
    first, second = victim.store.data(one), victim.store.data(other)
    victim.store.tamper(one, second)
    victim.store.tamper(other, first)


def _sign_again(victim: Victim) -> None:
    mallory = FakeSigner()
    for seq in STATEMENTS:
        victim.sign(seq, mallory)


def _forge(victim: Victim) -> None:
    mallory = FakeSigner()
    victim.rewrite(1, naming(mallory), signer=mallory)


def _shorten(victim: Victim) -> None:
    key = victim.archives[0].export.key
    lock = archive_lock(victim, key)
    victim.store.relock(key, replace(lock, until=lock.until - DAY))


def _renumber(victim: Victim) -> None:
    victim.lose(statement_key(CONSOLE, 4), checkpoint_key(CONSOLE, 4))
    for seq in range(5, 9):
        move(victim, statement_key(CONSOLE, seq), statement_key(CONSOLE, seq - 1))
        move(victim, checkpoint_key(CONSOLE, seq), checkpoint_key(CONSOLE, seq - 1))


def _edit(victim: Victim) -> None:
    victim.store.tamper(statement_key(CONSOLE, 4), statement_bytes(edited(victim, 4, 0)[1]))


def _edit_and_sign(victim: Victim) -> None:
    _, forged = edited(victim, 4, 0)
    victim.rewrite(4, lambda _: forged, signer=_signer_of(victim))
    victim.restore_ledger(8)


def _serve_as(victim: Victim) -> None:
    for key in victim.store.keys(""):
        victim.put(key.replace(CONSOLE, OTHER), victim.store.data(key), victim.store.history(key)[-1])
        victim.lose(key)


def _cut(victim: Victim) -> None:
    victim.truncate(6)


def _hide(victim: Victim) -> None:
    victim.store.mark_deleted(statement_key(CONSOLE, 4))


def _replay(victim: Victim) -> None:
    victim.put(statement_key(CONSOLE, 9), victim.store.data(statement_key(CONSOLE, 5)))


def _replay_checkpoint(victim: Victim) -> None:
    victim.replace(checkpoint_key(CONSOLE, 7), victim.store.data(checkpoint_key(CONSOLE, 4)))


def _second_version(victim: Victim) -> None:
    victim.put(statement_key(CONSOLE, 3), statement_bytes(reason("another")(victim.statement(3))))


def _rewrite(victim: Victim) -> None:
    victim.rewrite(5, reason("another history"))


def _add_file(victim: Victim) -> None:
    victim.put(entries_key(CONSOLE, "2026-11-20", 3), gzip.compress(b'{"id":4}\n', mtime=0))


def _add_entry(victim: Victim) -> None:
    key = victim.archives[1].entries[0].key
    lines = gzip.decompress(victim.store.data(key))
    victim.put(key, gzip.compress(lines + b'{"id":4,"user":"alibi@example.com"}\n', mtime=0))


def _keys(victim: Victim, name: str) -> str:
    return checkpoint_key(CONSOLE, 5) if name == "checkpoint" else KINDS[name](victim)


def _flip(name: str) -> Deed:
    return lambda victim: victim.flip(_keys(victim, name))


def _delete(name: str) -> Deed:
    return lambda victim: victim.lose(_keys(victim, name))


BITS = {
    "an export": "export",
    "an entry file": "entry file",
    "an archive statement": "archive statement",
    "a purge statement": "purge statement",
    "the statement that names the key": "key statement",
    "a checkpoint": "checkpoint",
}
LOST = {
    "an export, in every version": "export",
    "an entry file": "entry file",
    "a statement": "archive statement",
    "a checkpoint": "checkpoint",
}
ATTACKS = (
    *(Attack(f"flip one bit of {name}", _flip(kind)) for name, kind in BITS.items()),
    *(Attack(f"delete {name}", _delete(kind)) for name, kind in LOST.items()),
    Attack("delete the last statements and all that they name; the auditor keeps nothing", _cut),
    Attack("the same; the auditor kept a checkpoint", _cut, keeps=True),
    Attack("delete a whole day: statement, checkpoint, export, entry files", _whole_day),
    Attack("hide a statement behind a delete marker", _hide, is_of_bucket=True),
    Attack("swap two exports", lambda v: _swap(v, *(said.export.key for said in v.archives[:2]))),
    Attack("swap two statements", lambda v: _swap(v, statement_key(CONSOLE, 3), statement_key(CONSOLE, 6))),
    Attack("replay an older statement as the newest", _replay),
    Attack("replay an older checkpoint", _replay_checkpoint),
    Attack("fork the chain: a second version of a statement", _second_version, is_of_bucket=True),
    Attack("fork the chain: rewrite it from a statement on, without the signing key", _rewrite),
    Attack("sign every checkpoint again with another key", _sign_again),
    Attack("make everything anew: another key, named, and signed with", _forge),
    Attack("shorten the lock of an export by a day", _shorten, is_of_bucket=True),
    Attack("renumber: take a statement out, and move those after it up", _renumber),
    Attack("edit an entry file, and its hash in the statement", _edit),
    Attack("the same with the signing key, everything after it chained and signed anew", _edit_and_sign),
    Attack("add an entry to an entry file", _add_entry),
    Attack("add an entry file", _add_file),
    Attack("serve the archive of one Console as that of another", _serve_as, console=OTHER),
)


def row_of(attack: Attack, folder: Path) -> str:
    """An attack on a new archive, and what the audit finds in the bucket and in a copy.

    AssertionError if `verify.py` finds something else in the copy.
    """
    victim, aside = Victim(), folder / "aside"
    aside.mkdir()
    (aside / "kept.txt").write_bytes(victim.store.data(checkpoint_key(CONSOLE, 8)))
    known = (victim.checkpoint(8),) if attack.keeps else ()
    attack.deed(victim)

    def audit(source: ArchiveSource | None) -> Blamed:
        has_ledger = source is None and attack.console == CONSOLE
        found = victim.audit(
            source=source, has_ledger=has_ledger, trusted=victim.keys, known=known, console=attack.console
        )
        return blamed(found)

    of_copy = "it has none"
    if not attack.is_of_bucket:
        found = audit(victim.copied(folder / "copy"))
        options = ["--checkpoint", aside / "kept.txt"] if attack.keeps else []
        answer = ask(folder / "copy", "--console", attack.console, *written(aside, victim.keys), *options)
        assert first_of_each_row(answer.blamed) == found, attack.words
        of_copy = _told(found)
    return f"| {attack.words} | {_told(audit(None))} | {of_copy} |\n"


def _told(found: Blamed) -> str:
    by_verdict: dict[str, list[str]] = {}
    for verdict, key in sorted(found):
        by_verdict.setdefault(verdict, []).append(_named(key))
    told = (f"`{verdict}` {_few(sorted(names))}" for verdict, names in by_verdict.items())
    return "; ".join(told) or "nothing"


def _few(names: list[str]) -> str:
    return ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")


def _named(key: str) -> str:
    """An object in words; the numbers are those of statements."""
    folder, _, rest = key.partition("/")
    name = rest.rpartition("/")[2]
    match folder:
        case "exports":
            first, last, _ = name.split("-")
            return f"the export of ids {int(first)} to {int(last)}"
        case "entries":
            date = rest.split("dt=")[1][: len("yyyy-mm-dd")]
            return f"the entry file of {date} of statement {int(name.partition('.')[0])}"
        case _:
            return f"{folder[:-1]} {int(name.partition('.')[0])}"


def page(rows: list[str]) -> str:
    """The page with these rows in its table."""
    text = PAGE.read_text()
    return text[: text.index(HEAD)] + HEAD + "".join(rows)
