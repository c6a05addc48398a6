"""The attacks, in words and in deeds, and what each of three verifiers finds of them: one table for all.

Objects go by the number of their statement: `export 4` is the one that statement 4 names, `entry file 2.1`
the first of statement 2. The archive has eight statements; 2, 4, 5 and 7 archive, and 1 names the key.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit_archive.format.verdicts import Depth
from tests.attacks.deeds import (
    OTHER,
    STATEMENTS,
    Deed,
    add_a_file,
    change_a_word,
    cut,
    delete,
    delete_a_day,
    edit,
    edit_and_sign,
    encrypt,
    flip,
    forge,
    forge_and_vouch,
    hide,
    key_of,
    lock_longer,
    pack,
    put_a_second_version,
    put_again,
    renumber,
    replay,
    replay_a_checkpoint,
    rewrite,
    serve_as_another,
    shorten,
    sign_again,
    swap,
    unlock,
    weaken_a_lock,
)
from tests.support.attacker import Blamed, Victim
from tests.support.world import CONSOLE, DAY

PAGE = Path(__file__).parents[2] / "docs" / "attacks.md"
HEAD = "| attack | the bucket: verdict, object | a copy: verdict, object |\n|---|---|---|\n"
FEW = 2
"""How many objects of a verdict are told by name."""


@dataclass(frozen=True)
class Attack:
    """What somebody does, as one tells it, the deed, and who is blamed for what: `altered statement 4; ...`.

    `bucket` is found there, with the ledger; `copy` in a copy, by the audit and by `verify.py` alike (`=`:
    the same as in the bucket). None: a bucket, or a copy, has nothing of the kind. `keeps`: the auditor keeps
    the checkpoint of this statement from before. `trusts`: whether he knows the true key. `console`: whose
    archive is asked for. `is_wide`: the same was done to another kind of object, or to another place of it.
    """

    words: str
    deed: Deed
    bucket: str | None
    copy: str | None = "="
    depths: tuple[str, ...] = (Depth.CONTENT,)
    keeps: int | None = None
    trusts: bool = True
    is_signed: bool = True
    has_ledger: bool = True
    console: str = CONSOLE
    is_wide: bool = False

    def told(self, verifier: str) -> str | None:
        """Who is to blame, by this verifier."""
        return self.bucket if verifier == BUCKET or self.copy == "=" else self.copy


BUCKET = "the bucket"
COPIES = ("a copy", "verify.py")


def blame(victim: Victim, told: str) -> Blamed:
    """The faults that a row of the table tells."""
    faults = (fault.split(" ", 1) for fault in told.split("; ") if fault)
    return {(verdict, key_of(victim, name)) for verdict, name in faults}


# ---------------------------------------------------------------------------------------------- the table

FLIPPED = {
    "an export": "export 4",
    "an entry file": "entry file 2.2",
    "an archive statement": "statement 4",
    "a purge statement": "statement 6",
    "the statement that names the key": "statement 1",
    "a checkpoint": "checkpoint 5",
}
NEWEST = {"the newest statement but one": "statement 7", "the newest statement": "statement 8"}
KINDS = FLIPPED | NEWEST
LOCKED = {
    **{kind: name for kind, name in KINDS.items() if kind != "a checkpoint"},
    "the checkpoint of an archive": "checkpoint 4",
    "the checkpoint of a purge": "checkpoint 3",
}
LINE = b'{"id":4,"user":"alibi@example.com"}\n'
FILES = ("2.1", "2.2", "4.1", "5.1", "7.1", "7.2")
RENAMED = "; ".join(f"broken moved statement {seq}" for seq in STATEMENTS)
LOST = "; ".join(
    [f"misdescribed moved entry file {at}; missing entry file {at}" for at in FILES]
    + [f"missing export {seq}" for seq in (2, 4, 5, 7)]
)
WEAKENED = (
    "altered statement 8; forked statement 7; unlocked checkpoint 7; unlocked export 7; "
    "unlocked entry file 7.1; unlocked entry file 7.2"
)
DEEP = (Depth.OBJECTS, Depth.CONTENT)

ON_THE_PAGE = (
    *(
        Attack(f"flip one bit of {kind}", flip(name, 0.5), f"altered {name}")
        for kind, name in FLIPPED.items()
    ),
    Attack("delete an export, in every version", delete("export 4"), "missing export 4"),
    Attack("delete an entry file", delete("entry file 2.2"), "missing entry file 2.2"),
    Attack("delete a statement", delete("statement 4"), "missing statement 4"),
    Attack("delete a checkpoint", delete("checkpoint 5"), "unsigned checkpoint 5"),
    # A chain without its end is a chain; but the ledger knows its end, as does a checkpoint that was kept.
    Attack(
        "delete the last statements and all that they name; the auditor keeps nothing",
        cut,
        "missing statement 7",
        "",
        depths=tuple(Depth),
    ),
    Attack(
        "the same; the auditor kept a checkpoint", cut, "missing statement 7", depths=tuple(Depth), keeps=8
    ),
    Attack(
        "delete a whole day: statement, checkpoint, export, entry files", delete_a_day, "missing statement 4"
    ),
    Attack("hide a statement behind a delete marker", hide("statement 4"), "forked statement 4", None),
    Attack("swap two exports", swap("export 2", "export 4"), "altered export 2; altered export 4"),
    Attack(
        "swap two statements", swap("statement 3", "statement 6"), "altered statement 3; altered statement 6"
    ),
    Attack("replay an older statement as the newest", replay, "broken statement 9"),
    Attack("replay an older checkpoint", replay_a_checkpoint, "misdescribed checkpoint 7"),
    Attack(
        "fork the chain: a second version of a statement", put_a_second_version(3), "forked statement 3", None
    ),
    # The signatures are still over the true one: told once, for all that was rewritten.
    Attack(
        "fork the chain: rewrite it from a statement on, without the signing key",
        rewrite(5),
        "forked statement 5; forked statement 8",
        "forked statement 5; altered statement 8",
    ),
    # Who trusts the true key is told; who takes the keys from the archive is told that he does.
    Attack(
        "sign every checkpoint again with another key",
        sign_again,
        "unsigned checkpoint 1; unsigned statement 8",
    ),
    # The perfect forgery of a copy: only a trusted key or a kept checkpoint tells.
    Attack(
        "make everything anew: another key, named, and signed with",
        forge,
        "unsigned checkpoint 8; forked statement 8",
        "unsigned checkpoint 8",
    ),
    Attack("shorten the lock of an export by a day", shorten("export 2", DAY), "unlocked export 2", None),
    Attack(
        "encrypt an export with a key that can be deleted",
        encrypt("export 2"),
        "wrong_encryption export 2",
        None,
    ),
    Attack("hide an entry file behind a delete marker", hide("entry file 2.2"), "missing entry file 2.2"),
    # Nothing is missing, but nothing fits. The bucket knows versions, and the ledger the last number.
    Attack(
        "renumber: take a statement out, and move those after it up",
        renumber(4),
        "broken statement 4; forked statement 4; misdescribed entry file 4.1; missing statement 8",
        "broken statement 4; misdescribed entry file 4.1",
    ),
    Attack("edit an entry file, and its hash in the statement", edit, "altered statement 4"),
    # What the export gives is not what is stated.
    Attack(
        "the same with the signing key, everything after it chained and signed anew",
        edit_and_sign,
        "misdescribed statement 4",
    ),
    Attack(
        "add an entry to an entry file",
        pack(lambda data: gzip.compress(gzip.decompress(data) + LINE, mtime=0)),
        "altered entry file 4.1",
    ),
    Attack("add an entry file", add_a_file(3), "misdescribed added entry file 3"),
    Attack(
        "serve the archive of one Console as that of another",
        serve_as_another,
        f"{RENAMED}; forked moved statement 1; {LOST}",
        f"{RENAMED}; {LOST}",
        depths=DEEP,
        has_ledger=False,
        console=OTHER,
    ),
)
"""Those that docs/attacks.md tells of."""
MORE = (
    Attack("do nothing", lambda victim: None, "", depths=tuple(Depth)),
    *(Attack(f"flip one bit of {kind}", flip(name, 0.5), f"altered {name}") for kind, name in NEWEST.items()),
    *(
        Attack(f"flip one bit of {kind}, at {at}", flip(name, at), f"altered {name}", is_wide=True)
        for kind, name in KINDS.items()
        for at in (0.3, 1.0)
        if kind != "a checkpoint"
    ),
    *(
        Attack(
            f"flip one bit of statement {seq} of an unsigned copy of which nobody keeps a hash",
            flip(f"statement {seq}", 0.9),
            None,
            f"altered statement {seq}",
            is_signed=False,
            is_wide=seq != 1,
        )
        for seq in (1, 5, 6)
    ),
    # Of the newest pair one was altered, and nobody can say which: what is broken is the link.
    *(
        Attack(
            f"change a word of statement {seq} of an unsigned copy of which nobody keeps a hash",
            change_a_word(f"statement {seq}"),
            None,
            told,
            is_signed=False,
        )
        for seq, told in ((3, "altered statement 3"), (5, "altered statement 5"), (6, "broken statement 7"))
    ),
    # Without ledger and signature, its own checksum tells.
    Attack(
        "change a word of the newest statement",
        change_a_word("statement 7"),
        "altered statement 7",
        None,
        depths=(Depth.CHAIN,),
        is_signed=False,
        has_ledger=False,
    ),
    Attack("delete the entry file of another date", delete("entry file 2.1"), "missing entry file 2.1"),
    Attack("delete the first statement", delete("statement 1"), "missing statement 1"),
    Attack("delete the newest statement but one", delete("statement 7"), "missing statement 7"),
    # One fault for all of them, and one for the trust that is gone.
    Attack(
        "delete every checkpoint",
        delete(*(f"checkpoint {seq}" for seq in STATEMENTS)),
        "unsigned checkpoint 1; unsigned statement 8",
    ),
    # That signing had begun is not forgotten over a gap.
    Attack(
        "delete a statement and a checkpoint after it",
        delete("statement 4", "checkpoint 6"),
        "missing statement 4; unsigned checkpoint 6",
    ),
    Attack(
        "swap two entry files",
        swap("entry file 2.1", "entry file 2.2"),
        "altered entry file 2.1; altered entry file 2.2",
    ),
    Attack("a second version of the newest statement", put_a_second_version(8), "forked statement 8", None),
    Attack("put a statement again in place of itself", put_again("statement 3"), "forked statement 3", None),
    Attack("put the newest again in place of itself", put_again("statement 8"), "forked statement 8", None),
    Attack("rewrite the end of an unsigned chain", rewrite(4), "forked statement 7", "", is_signed=False),
    Attack("make everything anew; the auditor knows no key", forge, None, "", trusts=False),
    Attack(
        "make everything anew; the auditor knows no key, and kept a checkpoint",
        forge,
        None,
        "forked statement 8",
        keeps=4,
        trusts=False,
    ),
    Attack(
        "vouch for a forgery with a true checkpoint beyond its end",
        forge_and_vouch,
        None,
        "unsigned checkpoint 8; missing statement 9",
    ),
    *(
        Attack(f"shorten the lock of {kind}", shorten(name), f"unlocked {name}", None, is_wide=True)
        for kind, name in LOCKED.items()
    ),
    *(
        Attack(
            f"take the lock of {kind} away",
            unlock(name),
            f"unlocked {name}",
            None,
            is_wide=not kind.startswith("the"),
        )
        for kind, name in LOCKED.items()
    ),
    Attack("shorten the lock of an export by a second", shorten("export 2", 1), "unlocked export 2", None),
    # It is not stated, but it can't be shorter than that of the export of the same run.
    Attack(
        "shorten the lock of a purge's statement by a day",
        shorten("statement 3", DAY),
        "unlocked statement 3",
        None,
    ),
    Attack(
        "shorten the lock of a purge's checkpoint by a day",
        shorten("checkpoint 3", DAY),
        "unlocked checkpoint 3",
        None,
    ),
    Attack("weaken the mode of a lock", weaken_a_lock, WEAKENED, None, has_ledger=False, trusts=False),
    Attack("lock all longer, and more strongly", lock_longer, ""),
    Attack(
        "renumber, where only the chain is looked at",
        renumber(4),
        "broken statement 4; forked statement 4; missing statement 8",
        "broken statement 4",
        depths=(Depth.CHAIN,),
    ),
    # The state before is not known, the number is.
    Attack(
        "renumber what comes after a gap",
        renumber(3, 4),
        None,
        "missing statement 3; broken statement 4",
        depths=(Depth.CHAIN,),
    ),
    Attack(
        "add a second gzip member to an entry file",
        pack(lambda data: data + gzip.compress(b'{"id":4}\n', mtime=0)),
        "altered entry file 4.1",
        depths=DEEP,
    ),
    Attack(
        "pack an entry file anew, which is as good",
        pack(lambda data: gzip.compress(gzip.decompress(data), 1)),
        "",
        depths=DEEP,
    ),
    Attack(
        "add an entry file to a statement that names others", add_a_file(4), "misdescribed added entry file 4"
    ),
    Attack(
        "add an entry file to a statement that is not there",
        add_a_file(77),
        "misdescribed added entry file 77",
    ),
    # No statement has the number 0, and so no untrusted statement excuses the file.
    Attack(
        "add an entry file with the number before the first statement",
        add_a_file(0),
        "misdescribed added entry file 0",
        depths=DEEP,
    ),
    Attack(
        "serve it as that of another, where only the chain is looked at",
        serve_as_another,
        f"{RENAMED}; forked moved statement 1",
        RENAMED,
        depths=(Depth.CHAIN,),
        has_ledger=False,
        console=OTHER,
    ),
)
"""The same ones elsewhere, at other depths, by other auditors, and smaller ones."""
ATTACKS = (*ON_THE_PAGE, *MORE)
ROWS = [
    pytest.param(attack, id=attack.words, marks=pytest.mark.wide if attack.is_wide else ())
    for attack in ATTACKS
]
# ---------------------------------------------------------------------------------------------- the page


def page() -> str:
    """The page with the rows that the table above gives."""
    text = PAGE.read_text()
    rows = (f"| {a.words} | {_cell(a.told(BUCKET))} | {_cell(a.told(COPIES[0]))} |\n" for a in ON_THE_PAGE)
    return text[: text.index(HEAD)] + HEAD + "".join(rows)


def _cell(told: str | None) -> str:
    if not told:
        return "it has none" if told is None else "nothing"
    by_verdict: dict[str, list[str]] = {}
    for fault in told.split("; "):
        verdict, name = fault.split(" ", 1)
        by_verdict.setdefault(verdict, []).append(name.removeprefix("moved "))
    return "; ".join(f"`{verdict}` {_few(names)}" for verdict, names in sorted(by_verdict.items()))


def _few(names: list[str]) -> str:
    return ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")
