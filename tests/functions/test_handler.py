"""The archive function from event to answer: what it returns, logs, counts, alerts, and refuses."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.bookmark import AuditResult
from audit_archive.errors import (
    AuditArchiveError,
    ConsoleError,
    PopulationMismatchError,
    PurgeMismatchError,
    RequestError,
    RollbackError,
    SettingsError,
)
from audit_archive.format.verdicts import Fault as AuditFault
from audit_archive.format.verdicts import Verdict
from local.console import Key
from local.console.answer import Answer, Endpoint
from local.console.faults import (
    CappedExport,
    Fault,
    HtmlPage,
    Miscounted,
    NoPageCount,
    NoReceipt,
    ReplacedBody,
    ResetAfter,
    ResetBefore,
    Stale,
)
from local.console.trail import Actor, Trail
from tests.functions.world import (
    CONSOLE,
    PURGE_KEY,
    READ_KEY,
    Aws,
    World,
    worlds,
)
from tests.support.entries import Json, entry, ordinary, trail_of
from tests.support.fakes.verifications import audited

MakeWorld = Callable[..., World]
EVENTS = Path(__file__).parents[2] / "events"
READING = {"retrieve", "verify"}  # what is for the other functions
ARCHIVING = [path for path in sorted(EVENTS.glob("*.json")) if path.stem.partition("-")[0] not in READING]
KEYS = {
    "outcome": str,
    "console": str,
    "highest_archived_id": int,
    "highest_purged_id": int,
    "new_entries": int,
    "purged_entries": int,
    "boundary": int,
    "held_back_by": str,
    "plan": dict,
    "holes": list,
    "foreign_purges": list,
    "statements": list,
    "warnings": list,
    "is_stale": bool,
    "uncounted": int,
}
COUNTED = {
    "CompletedRuns",
    "NewEntries",
    "PurgedEntries",
    "UnexplainedMissingIds",
    "ForeignPurges",
    "StaleExports",
    "UncountedEntries",
}
STATEMENT = f"statements/console={CONSOLE}/{{:010d}}.json"
MALLORY = Actor(user="mallory@example.com", user_ip="203.0.113.66")


def check_types(result: Json) -> None:
    """Every key, in its place, of its type; and JSON carries it."""
    assert list(result) == list(KEYS)
    for name, kind in KEYS.items():
        is_absent = name in {"boundary", "held_back_by", "plan"} and result[name] is None
        assert is_absent or type(result[name]) is kind, name
    assert json.loads(json.dumps(result)) == result


# From one run to the next


def test_the_first_run_archives_and_purges(make_world: MakeWorld) -> None:
    """The two oldest are due; the third is too young."""
    world = make_world(trail_of(entry(1), entry(2), entry(3, timedelta(minutes=10))))
    result = world.run()
    check_types(result)
    plan = result.pop("plan")
    assert (plan["mode"], plan["entries"], plan["first_id"], plan["last_id"], plan["stays"]) == (
        "on",
        2,
        1,
        2,
        1,
    )
    assert (plan["first_date"], plan["last_date"]) == tuple(
        f"{world.archived()[each]['timestamp']:.10}" for each in (1, 2)
    )
    assert result == {
        "outcome": "purged",
        "console": CONSOLE,
        "highest_archived_id": 3,
        "highest_purged_id": 2,
        "new_entries": 3,
        "purged_entries": 2,
        "boundary": 2,
        "held_back_by": "settle_window",
        "holes": [],
        "foreign_purges": [],
        "statements": [STATEMENT.format(1), STATEMENT.format(2)],
        "warnings": [],
        "is_stale": False,
        "uncounted": 0,
    }
    assert world.live_ids == [3, 4]  # 4 is the receipt
    (post,) = world.posts
    assert dict(post.parameters) == {"id": "2"}
    assert (post.key_in, post.status) == (frozenset({"header"}), 200)
    assert world.keys("statements/") == result["statements"]
    assert world.statements("purge")[0]["outcome"] == "confirmed"


def test_our_own_receipts_are_never_chased(world: World) -> None:
    """A purge leaves an entry behind: it is nothing new, however often one looks."""
    assert world.run()["outcome"] == "purged"
    keys = world.keys()
    for _ in range(3):
        idle = world.run()
        check_types(idle)
        assert (idle["outcome"], idle["statements"], idle["new_entries"]) == ("idle", [], 0)
    assert world.keys() == keys
    assert len(world.posts) == 1
    assert len([seen for seen in world.console.requests if "download" in seen.path]) == 1


def test_what_arrives_is_archived_and_the_receipt_with_it(world: World) -> None:
    world.run()
    world.trail.arrive(5)
    result = world.run()
    assert (result["outcome"], result["new_entries"], result["purged_entries"]) == ("archived", 6, 0)
    assert (result["highest_archived_id"], result["highest_purged_id"]) == (9, 3)
    assert sorted(world.archived()) == list(range(1, 10))
    assert world.archived()[4]["action_type"] == "audit_trail_purge"
    (seen,) = world.statements()[-1]["receipts_seen"]
    told = {name: seen[name] for name in ("entry_id", "before_id", "count", "intent_seq", "user")}
    assert told == {"entry_id": 4, "before_id": 3, "count": 3, "intent_seq": 1, "user": "local-admin"}
    assert world.run()["outcome"] == "idle"


def test_what_was_too_young_is_purged_when_it_is_due(make_world: MakeWorld) -> None:
    """Nothing new has come, and yet a later run has something to do."""
    world = make_world(trail_of(entry(1), entry(2, timedelta(seconds=58))))
    world.set(SETTLE_MINUTES="1")
    assert world.run()["boundary"] == 1
    time.sleep(2.5)
    result = world.run()
    assert (result["outcome"], result["boundary"], result["new_entries"]) == ("purged", 2, 1)
    assert sorted(world.archived()) == [1, 2, 3]  # 3 is the receipt of the first purge


def test_another_lock_mode_and_retention(world: World) -> None:
    world.set(OBJECT_LOCK_MODE="COMPLIANCE", RETENTION_DAYS="400")
    world.run()
    keys = world.keys()
    assert {key.split("/")[0] for key in keys} == {"exports", "entries", "statements"}
    for key in keys:
        mode, days = world.lock_of(key)
        assert mode == "COMPLIANCE"
        assert 400.9 < days <= 401
    assert world.statements("archive")[0]["export"]["lock_mode"] == "COMPLIANCE"


def test_the_archived_export_says_what_it_is(world: World) -> None:
    world.run()
    (key,) = world.keys("exports/")
    export = world.statements("archive")[0]["export"]
    head = world.aws.s3.head_object(Bucket=world.name, Key=key, ChecksumMode="ENABLED")
    run_id = head["Metadata"].pop("run-id")
    assert head["Metadata"] == {
        "console": CONSOLE,
        "first-id": "1",
        "last-id": "3",
        "entry-count": "3",
        "sha256": export["sha256"],
        "served-at": export["served_at"],
    }
    assert run_id == world.statements("archive")[0]["run"]["id"]
    assert world.lock_of(key)[0] == "GOVERNANCE"
    assert 2555.9 < world.lock_of(key)[1] <= 2556


# How far a run may go


def test_a_dry_run_does_all_but_the_post(world: World) -> None:
    world.set(PURGE_MODE="dry-run")
    result = world.run()
    assert (result["outcome"], result["boundary"], result["purged_entries"]) == ("archived", 3, 0)
    assert (result["held_back_by"], result["warnings"]) == (None, [])
    assert (world.posts, world.live_ids) == ([], [1, 2, 3])
    assert sorted(world.archived()) == [1, 2, 3]
    (statement,) = world.statements()
    assert (statement["plan"]["mode"], statement["plan"]["boundary"]) == ("dry-run", 3)
    assert world.run()["new_entries"] == 0
    assert (world.posts, world.live_ids) == ([], [1, 2, 3])
    world.set(PURGE_MODE="on")
    assert world.run()["purged_entries"] == 3


def hidden_and_accepted(make_world: MakeWorld) -> World:
    """Entry 2 is hidden from the reading key; an operator took it for gone, a settle window ago."""
    world = make_world(ordinary(), keys={"flock-key": Key("flo", "read-only", "flock:default")})
    world.trail.put(entry(2, flock_id="flock:another"))
    world.aws.secrets.put_secret_value(SecretId=world.secret("read"), SecretString="flock-key")
    world.trail.clock = lambda: datetime.now(UTC) - timedelta(hours=2)
    world.set(PURGE_MODE="off")
    assert world.run()["holes"] == [{"first": 2, "last": 2, "cause": "unexplained", "receipt_id": None}]
    world.decide(json.loads((EVENTS / "accept.json").read_text()) | {"first": 2, "last": 2})
    an_hour_later(world)
    world.trail.clock = lambda: datetime.now(UTC)
    return world


def test_a_dry_run_checks_the_population(make_world: MakeWorld) -> None:
    """With the purging key, as a purge would: an entry that is hidden from the reading key is found out."""
    world = hidden_and_accepted(make_world)
    world.set(PURGE_MODE="dry-run")
    world.trail.put(entry(4))
    with pytest.raises(PopulationMismatchError, match="sees entry 2"):
        world.run()


def test_a_capped_export_is_told_and_nothing_below_it_is_purged(world: World) -> None:
    world.console.faults.add(CappedExport(2))
    result = world.run()
    assert (result["outcome"], result["held_back_by"], result["uncounted"]) == (
        "archived",
        "before_archive",
        1,
    )
    assert "shows entries that the export lacks: 1 to 1" in result["warnings"][0]
    assert world.metrics()[-1]["UncountedEntries"] == [1.0]
    assert (world.posts, sorted(world.archived())) == ([], [2, 3])


def test_off_does_not_even_read_the_purging_key(world: World) -> None:
    world.set(PURGE_MODE="off")
    world.aws.secrets.delete_secret(SecretId=world.secret("purge"), ForceDeleteWithoutRecovery=True)
    result = world.run()
    assert (result["outcome"], result["boundary"], result["held_back_by"]) == ("archived", None, "purge_mode")
    assert (result["warnings"], world.posts, world.live_ids) == ([], [], [1, 2, 3])
    assert sorted(world.archived()) == [1, 2, 3]


def test_keep_days_of_the_stack(make_world: MakeWorld) -> None:
    ages = [timedelta(days=days) for days in (40, 31, 29, 2)]
    world = make_world(trail_of(*(entry(number, age) for number, age in enumerate(ages, 1))))
    world.set(KEEP_DAYS="30")
    result = world.run()
    assert (result["boundary"], result["held_back_by"], result["new_entries"]) == (2, "keep_window", 4)
    assert world.live_ids == [3, 4, 5]


@pytest.mark.parametrize(
    ("stack", "event", "posts"),
    [
        ("on", None, 1),
        pytest.param("on", "on", 1, marks=pytest.mark.wide),
        ("on", "dry-run", 0),
        pytest.param("on", "off", 0, marks=pytest.mark.wide),
        ("dry-run", "off", 0),
        pytest.param("off", "off", 0, marks=pytest.mark.wide),
    ],
)
def test_an_event_may_lower_the_mode(world: World, stack: str, event: str | None, posts: int) -> None:
    world.set(PURGE_MODE=stack)
    assert world.run(purge_mode=event)["new_entries"] == 3
    assert len(world.posts) == posts
    assert world.statements()[0]["plan"]["mode"] == (event or stack)


@pytest.mark.parametrize(("stack", "event"), [("off", "dry-run"), ("off", "on"), ("dry-run", "on")])
def test_an_event_may_never_raise_the_mode(unreached: World, stack: str, event: str) -> None:
    unreached.set(PURGE_MODE=stack)
    refuse(unreached, {"console": CONSOLE, "purge_mode": event}, "purge_mode", stack)


def test_an_event_may_keep_more_and_never_less(make_world: MakeWorld) -> None:
    world = make_world(trail_of(entry(1), entry(2, timedelta(days=20))))
    world.set(KEEP_DAYS="7")
    refuse(world, {"console": CONSOLE, "keep_days": 6}, "keep_days", "keeps 7")
    assert world.run(keep_days=30)["boundary"] == 1
    assert world.live_ids == [2, 3]


# Events

TOLD = {"resume", "epoch", "rebuild", "by-hand"}
"""Another test states the same event and tells what comes of it; a run by the schedule is as one by hand."""


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=pytest.mark.wide if path.stem in TOLD else ())
        for path in ARCHIVING
        if path.stem not in {"extend-locks", "purging-off"}
    ],
)
def test_every_example_event_does_what_it_says(make_world: MakeWorld, path: Path) -> None:
    event = json.loads(path.read_text())
    first = event.get("last", 0) + 1  # above the ids that `accept` says are gone
    ages = (None, timedelta(days=9), timedelta(days=8))
    world = make_world(trail_of(*(entry(entry_id, age) for entry_id, age in enumerate(ages, first))))
    action = event.get("action")
    if action is None:
        result = world.invoke(event)
        assert result["new_entries"] == 3
        boundary = {"off": None, "dry-run": 3}.get(event.get("purge_mode"), 1 if "keep_days" in event else 3)
        assert result["boundary"] == boundary
        assert len(world.posts) == (0 if "purge_mode" in event else 1)
    else:
        _bring_about(world, action)
        if "released" in event:
            event["released"] = len(world.statements())
        if action == "accept_faults":
            event |= {"faults": [_found_by_the_audit(world).sha256]}
        purged, said = len(world.posts), len(world.statements())
        with pytest.raises(RequestError, match="invoke the function <stack>-operate"):
            world.invoke(event)
        assert len(world.statements()) == said
        result = world.decide(event)
        assert (result["outcome"], len(world.posts)) == ("stated", purged)
        last = world.statements()[-1]
        assert (last["kind"], last["action"], last["who"]) == ("operator", action, event["who"])
    check_types(result)
    assert world.statements()[-1]["console"] == event["console"]
    assert world.statements()[0 if action is None else -1]["run"]["reason"] == event.get("reason")


def test_the_event_of_the_locks_extends_those_that_end_soon_and_counts_them(world: World) -> None:
    world.set(RETENTION_DAYS="91")
    world.run()
    keys = world.keys()
    days = {key: world.lock_of(key)[1] for key in keys}
    world.set(RETENTION_DAYS="400")  # so far as the locks know, they end in less than half of it
    report = world.invoke(json.loads((EVENTS / "extend-locks.json").read_text()))
    assert (report["outcome"], report["refused"], report["unread"]) == ("done", 0, 0)
    assert report["extended"] == report["looked_at"] == len(days)
    for key, before in days.items():
        assert world.lock_of(key)[0] == "GOVERNANCE"
        assert 308.9 < world.lock_of(key)[1] - before <= 309.1
    counted = world.metrics()[-1]
    assert [counted[name] for name in ("LocksLookedAt", "LocksExtended")] == [[float(len(days))]] * 2
    assert counted["LocksRefused"] == [0.0]
    assert "CompletedRuns" not in counted  # it says nothing of runs
    assert world.log_lines()[-1]["extended"] == len(days)


def test_an_event_that_does_not_quite_ask_for_the_locks_is_refused(world: World) -> None:
    for value in (False, "true", 1):
        with pytest.raises(RequestError, match="extend_locks"):
            world.run(extend_locks=value)
    with pytest.raises(RequestError, match="purge_mode"):
        world.run(extend_locks=True, purge_mode="on")
    assert world.keys() == []


def test_whoever_sets_purging_off_stops_all_purges_until_an_hour_after_it_is_on_again(world: World) -> None:
    event = json.loads((EVENTS / "purging-off.json").read_text())
    with pytest.raises(RequestError, match="invoke the function <stack>-operate"):
        world.invoke(event)
    told = world.topic()
    report = world.decide(event)
    assert (report["outcome"], report["mode"], report["stack_mode"]) == ("set", "off", "on")
    assert (world.run()["held_back_by"], world.posts) == ("purge_mode", [])
    assert world.decide(event | {"mode": "on"})["first_purge_at"] is not None
    assert (world.run()["held_back_by"], world.posts) == ("recent_decision", [])
    assert an_hour_later(world).run()["outcome"] == "purged"
    assert [message["kind"] for message in told()] == ["OperatorDecision"] * 2


def _bring_about(world: World, action: str) -> None:
    """What makes a person state such an action."""
    if action == "resume":
        world.console.faults.add(Miscounted(+1))
        with pytest.raises(PurgeMismatchError):
            world.run()
    else:
        world.run()
    if action == "end_pause":
        world.decide(json.loads((EVENTS / "pause.json").read_text()))
    if action == "end_legal_hold":
        world.decide(json.loads((EVENTS / "legal-hold.json").read_text()))
    if action == "bundle_key":
        key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        world.set(BUNDLE_KEY=key["KeyMetadata"]["Arn"])


def _found_by_the_audit(world: World) -> AuditFault:
    """A fault that the daily audit noted."""
    fault = AuditFault(Verdict.MISSING, "entries/x", "v1", 1, "entries/x (version v1) is missing")
    note = audited(int(time.time()), AuditResult.FAULTS, 1, open_faults=(fault,))
    DynamoDbVerifications(world.aws.dynamodb, world.name).save(CONSOLE, note)
    return fault


def an_hour_later(world: World) -> World:
    """The same world, and the clock of this machine has gone on."""
    real = time.time
    world.monkeypatch.setattr(time, "time", lambda: real() + 3600)
    return world


def test_after_resume_the_next_run_purges_again(make_world: MakeWorld) -> None:
    world = make_world(trail_of(entry(1), entry(2, timedelta(days=20))))
    world.console.faults.add(Miscounted(+1))
    with pytest.raises(PurgeMismatchError):
        world.run(keep_days=30)
    world.trail.arrive()
    assert world.run()["held_back_by"] == "latched_mismatch"
    assert (len(world.posts), world.live_ids) == (1, [2, 3, 4])
    world.decide(json.loads((EVENTS / "resume.json").read_text()))
    assert world.run()["held_back_by"] == "recent_decision"
    result = an_hour_later(world).run()
    assert (result["outcome"], result["boundary"], world.live_ids) == ("purged", 2, [3, 4, 5])


def test_an_old_date_behind_a_young_receipt_leaves_runs_idle(world: World) -> None:
    """What is held back by the receipt is due when the receipt is, and not before."""
    world.run()
    world.trail.put(entry(world.trail.last_id + 1))
    assert world.run()["new_entries"] == 2
    keys = world.keys()
    assert world.run()["outcome"] == "idle"
    assert world.keys() == keys


def test_after_epoch_a_replaced_console_is_archived_anew(world: World) -> None:
    world.run()
    world.trail.reset()
    world.trail.put(entry(1, user="new@example.com"))
    with pytest.raises(RollbackError):
        world.run()
    assert len(world.keys("rejected/")) == 1
    world.decide(json.loads((EVENTS / "epoch.json").read_text()))
    held = world.run()
    assert (held["held_back_by"], held["new_entries"]) == ("recent_decision", 1)
    result = an_hour_later(world).run()
    assert (result["outcome"], result["new_entries"], result["highest_archived_id"]) == ("purged", 0, 1)
    assert len(world.posts) == 2


def test_after_rebuild_a_lost_ledger_goes_on(world: World) -> None:
    world.run()
    for item in world.aws.dynamodb.scan(TableName=world.name)["Items"]:
        key = {name: item[name] for name in ("console", "item")}
        world.aws.dynamodb.delete_item(TableName=world.name, Key=key)
    result = world.decide(json.loads((EVENTS / "rebuild.json").read_text()))
    assert (result["highest_archived_id"], result["highest_purged_id"]) == (3, 3)
    assert world.run()["outcome"] == "idle"


@pytest.fixture(scope="module")
def untouched(aws: Aws, archive_app: ModuleType) -> Iterator[World]:
    """A world for events that must not get as far as touching it."""
    with pytest.MonkeyPatch.context() as monkeypatch, worlds(aws, archive_app, monkeypatch) as make:
        yield make()


@pytest.fixture
def unreached(untouched: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same, for settings with which no run gets that far."""
    return replace(untouched, monkeypatch=monkeypatch, output="")


BAD: dict[str, list[object]] = {
    "console": ["", "ABC", "a b", "a/b", "../x", "a.b", "-a", "a-", "a" * 64, "é", "a\n", 7, [], {}],
    "purge_mode": ["ON", "", "dry_run", True, 1, ["on"], {}],
    "keep_days": [-1, 1.0, "7", True, 36_501, 10**30, []],
    "reason": [7, "", "a\nb", "\u202e", "x" * 501, []],
}


def refuse(world: World, event: object, field: str, *says: str) -> None:
    """Invoke with an event that must be refused by its field, before anything is touched."""
    with pytest.raises(RequestError) as caught:
        world.invoke(event)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    for words in says:
        assert words in str(caught.value)
    assert list(world.console.requests) == []
    assert world.keys() == []
    assert world.log_lines()[-1]["error_class"] == "RequestError"
    assert world.metrics()[-1]["FailedRequestError"] == [1.0]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        pytest.param([], "event", id="list"),
        pytest.param("1234abcd", "event", id="text"),
        pytest.param(None, "event", id="null"),
        pytest.param({}, "console", id="empty"),
        pytest.param({"purge_mode": "off"}, "console", id="no-console"),
        *(
            pytest.param({"console": value}, "console", id=f"console={value!r:.30}")
            for value in BAD["console"]
        ),
        *(
            pytest.param({"console": CONSOLE, name: value}, name, id=f"{name}={value!r:.30}")
            for name in ("purge_mode", "keep_days", "reason")
            for value in BAD[name]
        ),
        pytest.param({"console": CONSOLE, "purgemode": "off"}, "purgemode", id="misspelt"),
        pytest.param({"console": CONSOLE, "detail": {}}, "detail", id="unknown"),
        pytest.param({"console": CONSOLE, "action": "epoch", "who": "a", "reason": "b"}, "action", id="door"),
        pytest.param({"console": CONSOLE, "action": "delete"}, "action", id="act"),
    ],
)
def test_a_bad_event_is_refused_by_its_field(untouched: World, event: object, field: str) -> None:
    refuse(untouched, event, field)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        pytest.param([], "event", id="list"),
        pytest.param({"console": CONSOLE}, "action", id="a-run"),
        pytest.param({"console": CONSOLE, "action": "delete", "who": "a", "reason": "b"}, "action", id="act"),
        pytest.param({"console": CONSOLE, "action": "epoch", "reason": "b"}, "who", id="no-who"),
        pytest.param({"console": CONSOLE, "action": "epoch", "who": "a"}, "reason", id="no-reason"),
        pytest.param(
            {"console": CONSOLE, "action": "epoch", "who": "a", "reason": "b", "keep_days": 1},
            "keep_days",
            id="action-with-a-run's-field",
        ),
        pytest.param({"action": "purging", "who": "a", "reason": "b"}, "mode", id="no-mode"),
        pytest.param({"action": "purging", "mode": "full", "who": "a", "reason": "b"}, "mode", id="mode"),
        pytest.param({"action": "purging", "mode": "off", "who": "", "reason": "b"}, "who", id="empty-who"),
    ],
)
def test_a_bad_decision_is_refused_by_its_field(
    untouched: World, operate_app: ModuleType, event: object, field: str
) -> None:
    refuse(replace(untouched, app=operate_app), event, field)


def test_a_null_field_is_as_good_as_none(world: World) -> None:
    assert world.run(purge_mode=None, keep_days=None, reason=None)["outcome"] == "purged"


# Settings and secrets


def refuse_settings(world: World, *says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        world.run()
    for words in says:
        assert words in str(caught.value)
    assert world.metrics()[-1]["FailedSettingsError"] == [1.0]
    assert world.posts == []
    assert world.live_ids == [1, 2, 3]


@pytest.mark.parametrize("name", ["ARCHIVE_BUCKET", "LEDGER_TABLE", "SECRET_PREFIX", "PURGE_MODE"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["missing", "empty"])
def test_a_missing_variable(unreached: World, name: str, is_empty: bool) -> None:
    unreached.set(**{name: " "}) if is_empty else unreached.unset(name)
    refuse_settings(unreached, f"{name} is not set")
    assert list(unreached.console.requests) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PURGE_MODE", "yes"),
        ("KEEP_DAYS", "-1"),
        ("KEEP_DAYS", "36501"),
        ("KEEP_DAYS", "1.5"),
        ("SETTLE_MINUTES", "0"),
        ("SETTLE_MINUTES", "soon"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "٣"),
        ("OBJECT_LOCK_MODE", "governance"),
        ("AUTH_STYLE", "cookie"),
        ("CONSOLE_URL_TEMPLATE", "https://elsewhere.invalid"),
    ],
)
def test_a_wrong_variable(unreached: World, name: str, value: str) -> None:
    unreached.set(**{name: value})
    refuse_settings(unreached, f"{name} is '{value}'")
    assert list(unreached.console.requests) == []


@pytest.mark.parametrize(
    "value",
    [
        "http://elsewhere.invalid",
        "http://{console}.elsewhere.invalid",
        "ftp://{console}",
        "https://{console}/x",
    ],
)
def test_a_console_that_a_key_must_not_travel_to(unreached: World, value: str) -> None:
    unreached.set(CONSOLE_URL_TEMPLATE=value)
    refuse_settings(unreached, "Console")
    assert list(unreached.console.requests) == []


def test_variables_with_a_default_may_be_missing(world: World) -> None:
    for name in (
        "KEEP_DAYS",
        "SETTLE_MINUTES",
        "RETENTION_DAYS",
        "OBJECT_LOCK_MODE",
        "AUTH_STYLE",
        "ALERT_TOPIC",
    ):
        world.unset(name)
    assert world.run()["outcome"] == "purged"
    (key,) = world.keys("exports/")
    assert world.lock_of(key)[0] == "GOVERNANCE"
    assert 2555.9 < world.lock_of(key)[1] <= 2556


def test_the_keys_may_be_parameters(world: World) -> None:
    for use in ("read", "purge"):
        world.aws.secrets.delete_secret(SecretId=world.secret(use), ForceDeleteWithoutRecovery=True)
    world.set(KEY_STORE="parameter-store")
    name, ssm = f"/{world.secret('read')}", boto3.client("ssm")
    refuse_settings(world, f"The parameter {name} does not exist")
    ssm.put_parameter(Name=name, Value=f"{READ_KEY}\n", Type="SecureString")
    ssm.put_parameter(Name=f"/{world.secret('purge')}", Value=PURGE_KEY, Type="SecureString")
    assert world.run()["outcome"] == "purged"


def test_no_reading_key(world: World) -> None:
    world.aws.secrets.delete_secret(SecretId=world.secret("read"), ForceDeleteWithoutRecovery=True)
    refuse_settings(world, world.secret("read"), "does not exist")
    assert world.keys() == []


@pytest.mark.parametrize("text", [" ", '{"key": "x"}', "two words"])
def test_a_reading_key_that_is_none(world: World, text: str) -> None:
    world.aws.secrets.put_secret_value(SecretId=world.secret("read"), SecretString=text)
    refuse_settings(world, world.secret("read"))
    assert world.keys() == []


@pytest.mark.parametrize("force", [True, False], ids=["deleted", "to-be-deleted"])
def test_no_purging_key_in_mode_on(world: World, force: bool) -> None:
    """All is archived; the chain says that the intended purge was not sent; a person is told what to do."""
    more: Any = {"ForceDeleteWithoutRecovery": True} if force else {"RecoveryWindowInDays": 7}
    world.aws.secrets.delete_secret(SecretId=world.secret("purge"), **more)
    refuse_settings(world, f"Console {CONSOLE} has no purge key", f"`canary-audit purging off {CONSOLE}`")
    assert sorted(world.archived()) == [1, 2, 3]
    (purge,) = world.statements("purge")
    assert (purge["outcome"], purge["boundary"], purge["intent_seq"]) == ("not_sent", 3, 1)
    assert (purge["highest_purged_id"], purge["receipt"], purge["answer"]) == (0, None, None)


def test_no_purging_key_in_a_dry_run(world: World) -> None:
    world.set(PURGE_MODE="dry-run")
    world.aws.secrets.delete_secret(SecretId=world.secret("purge"), ForceDeleteWithoutRecovery=True)
    result = world.run()
    assert (result["outcome"], result["boundary"]) == ("archived", 3)
    (warning,) = result["warnings"]
    assert "no purging key" in warning
    assert [line["message"] for line in world.log_lines() if line["level"] == "WARNING"] == [warning]


# Another run is at it


def test_busy_while_somebody_else_holds_the_lease(world: World) -> None:
    now = int(time.time())
    ledger = DynamoDbLedger(world.aws.dynamodb, world.name)
    assert ledger.acquire(CONSOLE, "another run", now, now + 60)
    result = world.run()
    check_types(result)
    assert (result["outcome"], result["highest_archived_id"]) == ("busy", 0)
    assert (list(world.console.requests), world.keys()) == ([], [])
    assert world.metrics()[-1]["CompletedRuns"] == [0.0]
    ledger.release(CONSOLE, "another run")
    assert world.run()["outcome"] == "purged"
    assert ledger.acquire(CONSOLE, "another run", now, now + 60), "the lease was not given back"


def test_a_lease_that_ran_out_stops_nobody(world: World) -> None:
    now = int(time.time())
    assert DynamoDbLedger(world.aws.dynamodb, world.name).acquire(CONSOLE, "a dead run", now - 900, now - 1)
    assert world.run()["outcome"] == "purged"


def test_a_failed_run_gives_the_lease_back(world: World) -> None:
    world.console.faults.add(HtmlPage(), endpoint="export")
    with pytest.raises(ConsoleError):
        world.run()
    assert world.run()["outcome"] == "purged"


# What comes of a purge


def test_a_purge_without_an_answer_is_settled_by_its_receipt(world: World) -> None:
    world.console.faults.add(ResetAfter(), endpoint="purge")
    result = world.run()
    assert (result["outcome"], result["purged_entries"]) == ("purged", 3)
    assert world.statements("purge")[0]["answer"] is None
    assert world.run()["outcome"] == "idle"
    assert len(world.posts) == 1


def test_a_purge_that_never_arrived_is_not_sent_again_by_the_same_run(world: World) -> None:
    world.console.faults.add(ResetBefore(), endpoint="purge")
    result = world.run()
    assert (result["outcome"], result["purged_entries"], len(world.posts)) == ("archived", 0, 1)
    assert "unknown" in result["warnings"][0]
    assert world.live_ids == [1, 2, 3]
    assert world.run()["outcome"] == "purged"
    assert sorted(world.archived()) == [1, 2, 3]


def test_a_purge_without_a_receipt_is_unconfirmed(world: World) -> None:
    world.console.faults.add(NoReceipt())
    result = world.run()
    assert (result["outcome"], result["purged_entries"]) == ("purged", 3)
    assert result["warnings"] == ["the purge up to 3 ended unconfirmed"]


def test_a_purge_with_too_little_time_left_is_not_sent(world: World) -> None:
    with pytest.raises(SettingsError, match="No time was left for the first slice"):
        world.run(seconds=89)
    assert (world.posts, world.statements()) == ([], [])


def test_a_console_that_does_not_say_how_many_it_holds(world: World) -> None:
    world.console.faults.add(NoPageCount(), times=None)
    assert world.run()["purged_entries"] == 3


def test_a_reading_key_that_sees_less_purges_nothing_above_it(make_world: MakeWorld) -> None:
    world = hidden_and_accepted(make_world)
    world.set(PURGE_MODE="on")
    messages = world.topic()
    with pytest.raises(PopulationMismatchError, match="sees entry 2"):
        world.run()
    assert (world.posts, world.live_ids) == ([], [1, 2, 3])
    assert [message["kind"] for message in messages()] == ["PopulationMismatchError"]
    assert world.statements("purge")[0]["outcome"] == "not_sent"


# Alerts


def test_a_foreign_purge_is_announced_once_with_its_facts(world: World) -> None:
    messages = world.topic()
    world.run()
    world.trail.arrive(4)  # 5 to 8; 4 is our receipt
    world.trail.purge(7, by=MALLORY)
    result = world.run()
    assert result["held_back_by"] == "foreign_purge"
    (found,) = result["foreign_purges"]
    assert found["receipt_id"] == 9
    assert (found["user"], found["user_ip"], found["before_id"]) == (MALLORY.user, MALLORY.user_ip, 7)
    assert found["lost"] == [[4, 7]]
    (message,) = messages()
    assert (message["kind"], message["console"], message["facts"]) == ("ForeignPurge", CONSOLE, found)
    for words in ("mallory@example.com", "203.0.113.66", "up to id 7", "4 to 7"):
        assert words in message["sentence"]
    assert world.metrics()[-1]["ForeignPurges"] == [1.0]
    for _ in range(2):
        world.run()
    assert messages() == []


def test_a_page_is_published_for_each_failed_run_once(world: World) -> None:
    messages = world.topic()
    world.console.faults.add(Miscounted(+5))
    with pytest.raises(PurgeMismatchError, match="8 entries") as caught:
        world.run()
    (message,) = messages()
    assert (message["kind"], message["console"]) == ("PurgeMismatchError", CONSOLE)
    assert str(caught.value) == f"{message['sentence']}. See {message['what_to_do']}"
    assert world.metrics()[-1]["FailedPurgeMismatchError"] == [1.0]
    world.trail.put(entry(world.trail.last_id + 1))
    assert world.run()["held_back_by"] == "latched_mismatch"
    assert len(world.posts) == 1
    assert messages() == []


def test_a_topic_that_is_gone_does_not_hide_what_it_was_for(world: World) -> None:
    world.set(ALERT_TOPIC="arn:aws:sns:us-east-1:123456789012:gone")
    world.console.faults.add(Miscounted(+1))
    with pytest.raises(PurgeMismatchError) as caught:
        world.run()
    (note,) = caught.value.__notes__
    assert "PurgeMismatchError of 1234abcd could not be sent" in note


def test_a_foreign_purge_that_could_not_be_announced_does_not_stop_the_archive(world: World) -> None:
    """The run fails and says what could not be sent; the next one goes on, and tells it as soon as it can."""
    world.run()  # purges what is older than the archive would be no news
    world.set(ALERT_TOPIC="arn:aws:sns:us-east-1:123456789012:gone")
    world.trail.put(entry(5))
    world.trail.put(entry(6))
    world.trail.purge(5, by=MALLORY)
    with pytest.raises(SettingsError, match="ForeignPurge of 1234abcd could not be sent"):
        world.run()
    assert len(world.posts) == 1
    assert sorted(world.archived()) == [1, 2, 3, 6, 7]
    assert world.statements()[-1]["missing"] == [
        {"first": 4, "last": 5, "cause": "foreign_purge", "receipt_id": 7}
    ]
    with pytest.raises(SettingsError, match="ForeignPurge of 1234abcd could not be sent"):
        world.run()
    assert [s["reported_count"] for s in world.statements("purge")] == [3, 1]
    messages = world.topic()
    assert world.run()["outcome"] == "idle"
    (message,) = messages()
    assert message["kind"] == "ForeignPurge"
    assert world.run()["outcome"] == "idle"
    assert messages() == []


def test_what_is_only_to_be_looked_at_pages_nobody(world: World) -> None:
    messages = world.topic()
    world.console.faults.add(HtmlPage(), endpoint="export")
    with pytest.raises(ConsoleError):
        world.run()
    assert messages() == []


# Log and metrics


def test_the_log_of_a_run(world: World) -> None:
    result = world.run()
    (line,) = world.log_lines()
    assert (line["level"], line["message"], line["service"]) == ("INFO", "The run ended", "archive")
    told = {name: line.get(name) for name in result}
    assert told == result


def test_the_metrics_of_a_run(make_world: MakeWorld) -> None:
    """A hole from 3 to 4 is unexplained: no receipt tells of it."""
    world = make_world(trail_of(entry(1), entry(2), entry(5)))
    world.run()
    (line,) = world.metrics()
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "CanaryAuditArchive"
    assert described["Dimensions"] == [["service"]], "a Console is no dimension: it would cost too much"
    assert {metric["Name"] for metric in described["Metrics"]} == COUNTED
    assert {metric["Unit"] for metric in described["Metrics"]} == {"Count"}
    values = {name: line[name] for name in COUNTED}
    assert values == {
        "CompletedRuns": [1.0],
        "NewEntries": [3.0],
        "PurgedEntries": [2.0],
        "UnexplainedMissingIds": [2.0],
        "ForeignPurges": [0.0],
        "StaleExports": [0.0],
        "UncountedEntries": [0.0],
    }


def test_a_stale_export_is_counted_and_completes_nothing(world: World) -> None:
    """Though it holds something new: it lacks an older entry that `fetch` shows."""
    world.run()
    world.trail.put(entry(5))
    world.console.faults.add(Stale(world.trail.snapshot()), endpoint="export")
    world.trail.put(entry(6))
    result = world.run()
    check_types(result)
    assert (result["outcome"], result["is_stale"], result["new_entries"]) == ("archived", True, 2)
    told = world.metrics()[-1]
    assert (told["StaleExports"], told["CompletedRuns"]) == ([1.0], [0.0])


def test_an_unexplained_hole_is_told_and_counted_once(make_world: MakeWorld) -> None:
    world = make_world(trail_of(entry(1), entry(2), entry(5)))
    result = world.run()
    assert result["holes"] == [{"first": 3, "last": 4, "cause": "unexplained", "receipt_id": None}]
    assert (result["boundary"], result["held_back_by"]) == (2, "unexplained_hole")
    world.trail.arrive()
    assert world.run()["holes"] == []
    assert world.metrics()[-1]["UnexplainedMissingIds"] == [0.0]


@pytest.mark.parametrize("style", ["header", "query"])
def test_neither_key_is_ever_written(make_world: MakeWorld, style: str) -> None:
    """Good days and bad ones, with a Console that takes the key in this one way only."""
    accepted = {"header": "header", "query": "parameter"}[style]
    world = make_world(key_styles=frozenset({accepted}))
    world.set(AUTH_STYLE=style)
    assert world.run()["outcome"] == "purged"
    assert {frozenset(seen.key_in) for seen in world.console.requests} == {frozenset({accepted})}
    world.trail.arrive()
    faults: list[tuple[Any, Any]] = [
        (ResetBefore(), "export"),
        (HtmlPage(html=f"<a href='?auth_token={READ_KEY}'>{READ_KEY}</a>".encode()), "export"),
        (HtmlPage(404, f"{READ_KEY}".encode()), "fetch"),
    ]
    for fault, endpoint in faults:
        world.console.faults.add(fault, endpoint=endpoint, times=None)
        with pytest.raises(AuditArchiveError) as caught:
            world.run(seconds=11.5)
        assert READ_KEY not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        world.console.faults.clear()
    for record in world.records():
        text = json.dumps(record)
        assert READ_KEY not in text
        assert "_aws" in record or {"level", "message", "timestamp", "service"} <= record.keys()
    assert len(world.metrics()) == 4
    for key in world.keys(""):
        assert READ_KEY.encode() not in world.get(key)
    assert READ_KEY not in str(world.aws.dynamodb.scan(TableName=world.name)["Items"])


@dataclass(frozen=True)
class BrokenHeader(Fault):
    """A line among the answer's headers that is none. What follows it is lost, the body's length too."""

    def answer(self, answer: Answer) -> Answer:
        headers = {**answer.headers, "Connection": "close", "X-Broken": "yes\r\nno colon in this line"}
        return replace(answer, headers=headers)


@pytest.mark.parametrize(
    ("endpoint", "style"),
    [
        *(("fetch", "query"), ("purge", "query")),
        *(pytest.param(each, "header", marks=pytest.mark.wide) for each in ("fetch", "purge")),
    ],
)
def test_a_library_that_warns_of_a_url_does_not_get_the_key_into_the_log(
    world: World, endpoint: Endpoint, style: str
) -> None:
    """urllib3 quotes the whole URL when it warns of headers that it can't parse."""
    world.set(AUTH_STYLE=style)
    world.console.faults.add(BrokenHeader(), endpoint=endpoint, times=None)
    assert world.run()["outcome"] == "purged"
    world.check_no_key_leaked()


@pytest.mark.parametrize("style", ["header", "query"])
def test_an_answer_to_a_purge_that_repeats_the_key_is_kept_without_it(world: World, style: str) -> None:
    """The answer's text goes into a statement, for ever."""
    world.set(AUTH_STYLE=style)
    answer = {"result": "success", "msg": f"3 logs purged successfully by {PURGE_KEY}"}
    world.console.faults.add(ReplacedBody(json.dumps(answer).encode()), endpoint="purge")
    assert world.run()["purged_entries"] == 3
    assert world.statements("purge")[0]["answer"] == "3 logs purged successfully by [API key]"


def test_a_wrong_style_is_named_as_a_cause(make_world: MakeWorld) -> None:
    world = make_world(key_styles=frozenset({"parameter"}))
    with pytest.raises(AuditArchiveError, match=r"AUTH_STYLE.*'header'"):
        world.run()


# Bigger


def test_many_pages_and_dates(make_world: MakeWorld) -> None:
    """More entries than a page of `fetch` holds, and a year of dates, in one statement."""
    world = make_world(Trail.generated(1500, seed=3, years=0.1))
    served = [json.loads(line) for line in world.trail.snapshot().lines(range(1, 1501))]
    result = world.run()
    assert (result["outcome"], result["new_entries"]) == ("purged", 1500)
    archived = world.archived()
    assert [archived[number] for number in range(1, 1501)] == served
    assert world.live_ids == list(range(result["boundary"] + 1, 1502))
