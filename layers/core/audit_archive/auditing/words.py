"""What others say of a statement's hash, and what follows if they contradict it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit_archive.domain.verdicts import Verdict


@dataclass(frozen=True)
class Word:
    """Somebody's word on a statement: its SHA-256 (hex), its version id if they know it, and who says so."""

    by: str
    sha256: str
    version_id: str | None = None


def judge(sha256: str, version_id: str | None, words: Sequence[Word]) -> tuple[str, str] | None:
    """The verdict on a statement of this hash and version, and a clause that gives the reason; None: good.

    Other bytes in the same version, or in a copy: altered. Another version in its place, or one that some
    confirm and others contradict: forked, for then there are two statements of one number.
    """
    against = [word for word in words if word.sha256 != sha256]
    if not against:
        moved = next((w for w in words if not _is_same(version_id, w.version_id)), None)
        return (Verdict.FORKED, f"is another version than {moved.by} names") if moved else None
    word = against[0]
    clause = f"has the SHA-256 {sha256}, but {word.by} names {word.sha256}"
    agreeing = [w.by for w in words if w.sha256 == sha256]
    if agreeing:
        return Verdict.FORKED, f"{clause} (while {agreeing[0]} agrees with it)"
    is_forked = not _is_same(version_id, word.version_id)
    return (Verdict.FORKED if is_forked else Verdict.ALTERED), clause


def _is_same(found: str | None, named: str | None) -> bool:
    """Whether two version ids may be one's; one that nobody knows may be any."""
    return not found or not named or found == named
