"""How live entries differ from archived ones, and which statement archived which of them. Pure.

An amendment changes what a documented member says. These changes are not amendments: another spelling of the
same moment, a new name of a flock, a change in a member that is not documented, and one empty value in place
of another.
"""

from array import array
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from audit_archive.finding import Finding, FindingKind
from audit_archive.format.canonical import OPTIONS
from audit_archive.format.display import visible
from audit_archive.format.entry import source_of
from audit_archive.format.facts import EntryFile, ExportFacts, IdSpan
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet, IdSetBuilder, span_set
from audit_archive.format.json_scan import ENTRY_FIELDS, Scan, decode_string
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339, read_timestamp

DOCUMENTED = ENTRY_FIELDS - {"id", "flock_name"}
"""The members that an amendment changes."""
OTHER_TEXT = "_source"
"""The name for all that a `_source` form holds besides the known members. It is compared byte by byte."""

_SAYS_NOTHING = (None, b"null", b'""')

MAX_SINGLE_AMENDMENTS = 100
"""Up to so many entries with a change in the same member have a finding each; more have one together."""
EXAMPLES = 3
"""Entries that a finding about many of them quotes."""
MAX_SHOWN = 200
"""Characters of each form of a member that a finding shows."""
MAX_NAMES = 50
"""Undocumented members with a count of their own: whoever writes entries chooses their names."""
MAX_NAME = 100
"""Characters of such a name."""

_ADVICE = "The archive keeps both forms. Find out who changed what was recorded."


class Change(NamedTuple):
    """A member with another value now. Both values are JSON; None: the member is absent."""

    member: str
    archived: bytes | None
    live: bytes | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How two lines of one entry differ.

    `changes`: what was amended. `is_respelled`: the same moment has a new spelling. `drift`: the names of the
    other members that differ.
    """

    changes: tuple[Change, ...]
    is_respelled: bool
    drift: tuple[str, ...]


def difference(archived: bytes, live: bytes) -> Difference:
    """How the live line of an entry differs from the archived one."""
    is_plain = source_of(archived) is archived and source_of(live) is live
    members = _plain_members if is_plain else _source_members
    before, after = members(archived), members(live)
    changes, drift, is_respelled = list[Change](), list[str](), False
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "timestamp" and _is_same_moment(old, new):
            is_respelled = True
        elif _is_drift(name, old, new):
            drift.append(name)
        else:
            changes.append(Change(name, old, new))
    return Difference(tuple(changes), is_respelled, tuple(drift))


def _is_drift(name: str, old: bytes | None, new: bytes | None) -> bool:
    """Whether a change is not an amendment: the member is not documented, or both values are empty."""
    is_known = name in DOCUMENTED or name == OTHER_TEXT
    return not is_known or (old in _SAYS_NOTHING and new in _SAYS_NOTHING)


def _is_same_moment(old: bytes | None, new: bytes | None) -> bool:
    moment = _moment(old)
    return moment is not None and moment == _moment(new)


def _moment(token: bytes | None) -> int | None:
    if token is None or token[:1] != b'"':
        return None
    return read_timestamp(decode_string(token))


def _plain_members(line: bytes) -> dict[str, bytes]:
    members: dict[str, Any] = orjson.loads(line)
    return {name: orjson.dumps(value, option=OPTIONS) for name, value in members.items()}


def _source_members(line: bytes) -> dict[str, bytes]:
    """The known members of a line of either form, as its source spells them, and the rest as OTHER_TEXT."""
    source = source_of(line)
    spans = Scan(source, 0).members
    members = {name: _spelled(source[start:end]) for name, (start, end) in spans.items()}
    at, around = 0, list[bytes]()
    for start, end in sorted(spans.values()):
        around.append(source[at:start])
        at = end
    return members | {OTHER_TEXT: b"".join((*around, source[at:]))}


def _spelled(token: bytes) -> bytes:
    """A value; of a text its canonical spelling, if it has one."""
    if token[:1] != b'"':
        return token
    try:
        token.decode()  # what is not UTF-8 must not be replaced: two such texts may differ in that alone
        return orjson.dumps(decode_string(token))
    except (ValueError, TypeError):
        return token


class _Shown(NamedTuple):
    """What a finding shows of a changed member of an entry."""

    entry_id: int
    archived: str
    live: str


class Differing:
    """Collects how live entries differ from the archived ones.

    `stated`: the entries that earlier statements list as amended. If they are more than
    MAX_SINGLE_AMENDMENTS, one finding has announced them together. They must not be announced one by one when
    fewer are left.
    """

    def __init__(self, console: str, stated: IdSet) -> None:
        self._console = console
        self._announced = stated if stated.size > MAX_SINGLE_AMENDMENTS else IdSet()
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
        if entry_id not in self._announced:
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
        """The findings: one for each amended entry, or one for a member that changed in many entries."""
        single = dict[int, dict[str, _Shown]]()
        for member, shown in self._shown.items():
            for each in shown if self._counts[member] <= MAX_SINGLE_AMENDMENTS else ():
                single.setdefault(each.entry_id, {})[member] = each
        many = sorted(member for member, count in self._counts.items() if count > MAX_SINGLE_AMENDMENTS)
        return (*map(self._of_many, many), *(self._of_one(*each) for each in sorted(single.items())))

    def _add_drift(self, kind: str) -> None:
        if kind not in self._drift and len(self._drift) >= MAX_NAMES:
            kind = "changed:*"
        self._drift[kind] += 1

    def _add_change(self, entry_id: int, change: Change) -> None:
        self._counts[change.member] += 1
        shown = self._shown.setdefault(change.member, [])
        if len(shown) < MAX_SINGLE_AMENDMENTS:
            shown.append(_Shown(entry_id, *_side_by_side(change.archived, change.live)))

    def _of_one(self, entry_id: int, members: dict[str, _Shown]) -> Finding:
        changes = "; ".join(_change(member, members[member]) for member in sorted(members))
        what = f"Entry {entry_id} of Console {self._console} was amended after it was archived"
        facts = {"id": entry_id, "members": _facts(members)}
        return Finding(FindingKind.AMENDED_ENTRY, self._console, f"{what}: {changes}. {_ADVICE}", facts)

    def _of_many(self, member: str) -> Finding:
        count, examples = self._counts[member], sorted(self._shown[member])[:EXAMPLES]
        changes = "; ".join(f"in entry {each.entry_id} {_change(member, each)}" for each in examples)
        what = f"{count} entries of Console {self._console} were amended after they were archived"
        facts = {"member": member, "count": count, "examples": [each._asdict() for each in examples]}
        sentence = f"{what}: their {member} changed. For example, {changes}. {_ADVICE}"
        return Finding(FindingKind.AMENDED_ENTRY, self._console, sentence, facts)


def _facts(members: dict[str, _Shown]) -> dict[str, dict[str, str]]:
    return {name: {"archived": each.archived, "live": each.live} for name, each in sorted(members.items())}


def _change(member: str, shown: _Shown) -> str:
    return f"{member} was {shown.archived} and is {shown.live} now"


def _side_by_side(archived: bytes | None, live: bytes | None) -> tuple[str, str]:
    """Both forms of a member. A long one is cut so that the first difference shows, and has its hash."""
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


@dataclass(frozen=True)
class Archiving:
    """Which of the live entries one statement archived, and the export that proves them.

    `ids`: those entries. `started_at`: when its run began (epoch seconds). `amended`: the archived entries
    that the statement lists as amended.
    """

    seq: int
    ids: IdSet
    entries: tuple[EntryFile, ...]
    export: ExportFacts
    started_at: int
    amended: tuple[IdSpan, ...]


def ends_at(archiving: Archiving, expiry_days: int) -> int:
    """Until when the proof of these entries lasts (epoch seconds): its lock ends, or its object expires."""
    expires_at = archiving.started_at + expiry_days * DAY
    return min(from_rfc3339(archiving.export.retain_until), expires_at)


def live_archived(head: Head, live: IdSet) -> IdSet:
    """Those of the live ids that are archived."""
    return live.within(1, head.highest_archived_id).minus(head.open_ids)


def archived_part(statement: ArchiveStatement, below: int, live: IdSet) -> IdSet:
    """The live ids that a statement archived. No newer statement archived any of `live`.

    `below` is the highest id that was archived before the statement.
    """
    seen = live.within(below + 1, statement.highest_archived_id)
    absent = span_set(statement.missing)
    late = live.intersection(IdSet.of(*((entry_id, entry_id) for entry_id in statement.filled)))
    if seen.intersection(absent):
        seen = seen.minus(absent)
    return IdSet.of(*seen.ranges, *late.ranges) if late else seen
