"""What comparing live entries with archived ones found: spans and counts to state, findings to tell. Pure."""

from array import array
from collections import Counter
from hashlib import sha256
from typing import NamedTuple

from audit_archive.domain.difference import Change, Difference
from audit_archive.domain.facts import IdSpan
from audit_archive.domain.finding import Finding
from audit_archive.domain.ranges import IdSet, IdSetBuilder
from audit_archive.domain.shown import visible

ALONE = 100
"""Up to so many entries in which the same member changed are told one by one."""
EXAMPLES = 3
MAX_SHOWN = 200
"""Characters that are shown of each form of a member."""
MAX_NAMES = 50
"""Members that are not documented and changed: whoever writes entries chooses their names."""
MAX_NAME = 100

_WAY_OUT = "Find out who changed what was recorded; the archive keeps both forms."


class _Shown(NamedTuple):
    """What a person sees of a changed member of an entry."""

    entry_id: int
    archived: str
    live: str


class Differing:
    """Collects how live entries differ from the archived ones.

    `stated`: the entries that earlier statements say were amended. More than ALONE of them were told together
    then, and must not be told one by one when fewer are left.
    """

    def __init__(self, console: str, stated: IdSet) -> None:
        self._console = console
        self._told = stated if stated.size > ALONE else IdSet()
        self._ids = array("q")
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, list[_Shown]] = {}
        self._drift: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many entries were amended."""
        return len(self._ids)

    def add(self, entry_id: int, found: Difference) -> None:
        """Take the difference of one more entry."""
        for name in found.drift:
            self._add_drift(f"changed:{visible(name)[:MAX_NAME]}")
        if not found.changes:
            return
        self._ids.append(entry_id)
        if entry_id not in self._told:
            for change in found.changes:
                self._add_change(entry_id, change)

    @property
    def spans(self) -> tuple[IdSpan, ...]:
        """The ids of the amended entries."""
        builder = IdSetBuilder()
        for entry_id in sorted(self._ids):
            builder.add(entry_id)
        return tuple(IdSpan(part.first, part.last) for part in builder.build().ranges)

    @property
    def drift(self) -> dict[str, int]:
        """How many entries differ in a member without being amended, by `changed:` and the member's name."""
        return dict(self._drift)

    def findings(self) -> tuple[Finding, ...]:
        """What a person is told: each amended entry alone, or a member that changed in many entries."""
        alone = dict[int, dict[str, _Shown]]()
        for member, shown in self._shown.items():
            for each in shown if self._counts[member] <= ALONE else ():
                alone.setdefault(each.entry_id, {})[member] = each
        many = sorted(member for member, count in self._counts.items() if count > ALONE)
        return (*map(self._of_many, many), *(self._of_one(*each) for each in sorted(alone.items())))

    def _add_drift(self, kind: str) -> None:
        if kind not in self._drift and len(self._drift) >= MAX_NAMES:
            kind = "changed:*"
        self._drift[kind] += 1

    def _add_change(self, entry_id: int, change: Change) -> None:
        self._counts[change.member] += 1
        shown = self._shown.setdefault(change.member, [])
        if len(shown) < ALONE:
            shown.append(_Shown(entry_id, *_side_by_side(change.archived, change.live)))

    def _of_one(self, entry_id: int, members: dict[str, _Shown]) -> Finding:
        words = "; ".join(_words(member, members[member]) for member in sorted(members))
        who = f"Entry {entry_id} of Console {self._console} was amended after it was archived"
        facts = {"id": entry_id, "members": _facts(members)}
        return Finding("AmendedEntry", self._console, f"{who}: {words}. {_WAY_OUT}", facts)

    def _of_many(self, member: str) -> Finding:
        count, examples = self._counts[member], sorted(self._shown[member])[:EXAMPLES]
        words = "; ".join(f"in entry {each.entry_id} {_words(member, each)}" for each in examples)
        who = f"{count} entries of Console {self._console} were amended after they were archived"
        facts = {"member": member, "count": count, "examples": [each._asdict() for each in examples]}
        sentence = f"{who}: their {member} changed. For example, {words}. {_WAY_OUT}"
        return Finding("AmendedEntry", self._console, sentence, facts)


def _facts(members: dict[str, _Shown]) -> dict[str, dict[str, str]]:
    return {name: {"archived": each.archived, "live": each.live} for name, each in sorted(members.items())}


def _words(member: str, shown: _Shown) -> str:
    return f"{member} was {shown.archived} and is {shown.live} now"


def _side_by_side(archived: bytes | None, live: bytes | None) -> tuple[str, str]:
    """Both forms of a member, cut so that the first difference shows, with a hash of what was cut."""
    old, new = _text(archived), _text(live)
    shorter, longer = sorted((len(old), len(new)))
    same = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    start = max(0, same - MAX_SHOWN // 4) if longer > MAX_SHOWN else 0
    return _cut(old, start), _cut(new, start)


def _text(value: bytes | None) -> str:
    return "absent" if value is None else value.decode("utf-8", "backslashreplace")


def _cut(text: str, start: int) -> str:
    part = text[start : start + MAX_SHOWN]
    if part == text:
        return visible(text)
    digest = sha256(text.encode()).hexdigest()[:16]
    before, after = "…" if start else "", "…" if start + MAX_SHOWN < len(text) else ""
    return f"{before}{visible(part)}{after} ({len(text)} characters, SHA-256 {digest}…)"
