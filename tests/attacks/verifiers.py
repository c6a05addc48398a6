"""The three verifiers: the audit of the bucket, the audit of a copy, and the program that is handed out."""

from pathlib import Path

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.audit.question import KnownPoint
from audit_archive.format.verdicts import Depth
from tests.attacks.table import BUCKET, MORE, Attack
from tests.support.attacker import Blamed, Victim, blamed
from tests.support.verify_program import answered, first_of_each_row

USUAL = MORE[0]
"""An auditor who trusts the true key, and keeps nothing else."""


def judged(
    victim: Victim,
    verifier: str,
    folder: Path,
    asked: Attack = USUAL,
    *,
    depth: str = Depth.CONTENT,
    known: tuple[KnownPoint, ...] = (),
) -> Blamed:
    """Who is blamed for what: in the bucket, in a copy, or by `verify.py` in a copy.

    The copy is made in the folder, unless another verifier had it there before.
    """
    trusted = victim.keys if asked.trusts else ()
    copy = folder / "copy"
    source = None
    if verifier != BUCKET:
        source = FolderSource(copy) if copy.is_dir() else victim.copied(copy)
    if verifier == "verify.py":
        answer = answered(copy, folder, asked.console, trusted, known)
        assert answer.status == bool(answer.blamed)
        return first_of_each_row(answer.blamed)
    has_ledger = asked.has_ledger and source is None
    found = victim.audit(
        depth, source=source, has_ledger=has_ledger, trusted=trusted, known=known, console=asked.console
    )
    return blamed(found)
