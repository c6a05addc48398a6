"""Archives of every shape, made by real runs over a trail to which odd things happen."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

from hypothesis import strategies as st

from audit_archive.format.facts import Action, ExportFacts, SliceFacts
from audit_archive.format.ids import IdRange
from audit_archive.format.layout import export_key
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.fields import network
from audit_archive.retrieve.query import Query
from audit_archive.run.commit import commit
from tests.support.asking import at
from tests.support.fakes.console import zip_of
from tests.support.world import CONSOLE, DAY, World

FIRST = at("2026-11-20")
ABSENT = object()
USERS: list[Any] = [
    "alice@example.com",
    "ALICE@Example.com",
    "Jürgen Groß",
    "JÜRGEN GROSS",
    "王小明",
    "\u212aelvin",
    "İstanbul",
    'Ray "Red" \\ Teamer',
    "tab\tand\nline",
    "\ud800lone",
    "Jose\u0301",
    "JOS\xc9\u200b",
    "\xa0ali\u200bce@example.com ",
    "'",
    None,
    5,
    {"user": "alice@example.com", "timestamp": "2026-11-21 10:00:00 UTC+0000"},
    ABSENT,
]
ADDRESSES: list[Any] = [
    "192.0.2.7",
    "192.0.2.70",
    "198.51.100.1",
    "2001:db8::1",
    "2001:0DB8:0:0::1",
    "::ffff:192.0.2.7",
    "::ffff:c000:207",
    "999.1.1.1",
    "192.0.2.07",
    "192.0.2.7, 10.0.0.1",
    "a host",
    None,
    7,
    ABSENT,
]
ROUTES: list[Any] = [
    "",
    ABSENT,
    None,
    "API",
    5,
    "192.0.2.7",
    "10.0.0.1, 192.0.2.70",
    "2001:db8::1",
    "::ffff:192.0.2.7",
    "203.0.113.9",
]
ACTIONS: list[Any] = ["user_login", "USER_LOGIN", "device_push_settings", None, ["user_login"], ABSENT]
FLOCKS: list[Any] = ["flock:default", "Flock:Default", "flock:1", None, 3, ABSENT]
INFORMATION: list[Any] = [
    None,
    ABSENT,
    {"user": "alice@example.com", "n": [1, {"deep": "Ünder"}]},
    "left on “q”",
]

NETWORKS = ["192.0.2.7", "192.0.2.0/24", "192.0.0.0/13", "0.0.0.0/0", "2001:db8::/32", "::/0"]
TEXTS = ["a", "alice", "GROSS", "groß", "kelvin", "小", "ünder", "i\u0307", "ß", "\ufb00", "“Q”"]
TEXTS += [
    '"red"',
    "\\",
    "and\nl",
    "\ufffd",
    "user_login",
    "nowhere to be found",
    "jos\xe9",
    "lic",
    "\xa0",
    "e",
]


def _stamp(seconds: int, form: str) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(f"%Y-%m-%d{form}")


_FORMS = [f" %H:%M:%S UTC{offset}" for offset in ("+0000", "-0330", "+1400")]
_FORMS += ["T%H:%M:%SZ", "t%H:%M:%S.999-03:30", "T%H:%M:%S,5+1400"]


_good = st.builds(_stamp, st.integers(FIRST, FIRST + 4 * DAY), st.sampled_from(_FORMS))
_odd: list[Any] = ["no time", "2026-11-21 10:00:60 UTC+0000", "2026-11-21T10:00:00", 5, None, ABSENT]
_entries = st.fixed_dictionaries(
    {
        "timestamp": st.one_of(_good, _good, _good, st.sampled_from(_odd)),
        "user": st.sampled_from(USERS),
        "user_ip": st.sampled_from(ADDRESSES),
        "user_access_route": st.sampled_from(ROUTES),
        "action_type": st.sampled_from(ACTIONS),
        "flock_id": st.sampled_from(FLOCKS),
        "flock_name": st.sampled_from(["Büro", ABSENT]),
        "additional_information": st.sampled_from(INFORMATION),
    }
)


@st.composite
def archives(draw: st.DrawFn) -> World:
    """A world with an archive: holes, late ids, foreign purges, dates out of order, several epochs."""
    world = World()
    world.mode = "off"
    for _ in range(draw(st.integers(1, 4))):
        for fields in draw(st.lists(_entries, max_size=8)):
            _write(world, world.trail.last_id + 1, fields)
        match draw(st.sampled_from(["", "hole", "late", "purge", "epoch"])):
            case "hole":
                world.trail.skip(draw(st.integers(1, 3)))
                _write(world, world.trail.last_id + 1, draw(_entries))
            case "late":
                _fill(world, draw(_entries))
            case "purge":
                world.trail.purge(world.trail.last_id)
            case "epoch" if world.head.statement is not None:
                world.trail.reset()
                world.state(Action.EPOCH)
        world.run()
        world.later()
    return world


def state_archive(world: World, **fields: Any) -> ArchiveStatement:
    """A run archives nothing new, and states these fields; what they name must be there."""
    run, head = world.bound(), world.head
    said = replace(
        world.last(),
        seq=head.seq + 1,
        previous=head.statement,
        run=run.order.facts,
        tree=head.tree,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=head.highest_purged_id,
        slice=SliceFacts(None, None, 0),
        entries=(),
        missing=(),
        filled=(),
        receipts_seen=(),
        **fields,
    )
    committed = commit(run, head, said)
    assert committed is not None
    assert isinstance(committed.statement, ArchiveStatement)
    world.ledger.record(committed.head, committed.statement)
    return committed.statement


def stored_export(world: World, entries: list[dict[str, Any]]) -> ExportFacts:
    """An export with these entries, served now and stored."""
    data, now = zip_of(entries), world.clock.now()
    ids, digest = [entry["id"] for entry in entries], sha256(data).hexdigest()
    first, last = min(ids), max(ids)
    key = export_key(CONSOLE, now, first, last, digest)
    ref = world.store.put(key, BytesIO(data), digest, world.bound().retention(), {})
    return replace(
        world.last().export,
        key=key,
        version_id=ref.version_id,
        sha256=digest,
        size=len(data),
        served_at=rfc3339(now),
        first_id=first,
        last_id=last,
        rows=len(entries),
        entry_count=len(entries),
    )


def _write(world: World, entry_id: int, fields: dict[str, Any]) -> None:
    entry = world.trail.put(entry_id, **{n: value for n, value in fields.items() if value is not ABSENT})
    for name in [name for name, value in fields.items() if value is ABSENT]:
        entry.pop(name, None)


def _fill(world: World, fields: dict[str, Any]) -> None:
    """A late writer fills the lowest id that is open."""
    entry_id = next((hole.first for hole in world.head.holes), 0)
    if world.trail.ids and world.trail.ids[0] < entry_id and entry_id not in world.trail.ids:
        _write(world, entry_id, fields)


_moments = st.one_of(st.none(), st.none(), st.integers(FIRST - DAY, FIRST + 5 * DAY))
_some_ids = st.tuples(st.integers(1, 30), st.integers(1, 30)).map(lambda two: IdRange(min(two), max(two)))


def _any_of(pool: list[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Mostly no filter; else one or two."""
    some = st.lists(st.sampled_from(pool), min_size=1, max_size=2).map(tuple)
    return st.one_of(st.just(()), st.just(()), some)


def _texts(pool: list[Any]) -> list[str]:
    askable = [v for v in pool if isinstance(v, str) and "\ud800" not in v]
    return [*askable, *(v.swapcase() for v in askable)]


queries = st.builds(
    Query,
    st.just(CONSOLE),
    start=_moments,
    end=_moments,
    users=_any_of(_texts(USERS)),
    action_types=_any_of(_texts(ACTIONS)),
    networks=_any_of(list(map(network, NETWORKS))),
    text=st.one_of(st.none(), st.none(), st.sampled_from(TEXTS)),
    ids=st.one_of(st.just(Query("").ids), st.just(Query("").ids), _some_ids),
    flocks=_any_of([*_texts(FLOCKS), "BÜRO"]),
    epoch=st.sampled_from([None, None, 1, 2]),
)
