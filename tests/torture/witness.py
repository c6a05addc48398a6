"""What must hold, whatever happened: looked at before every purge, after every step, and at rest.

Everything is judged by the bucket as `reading.py` reads it and by the trail's own record of who destroyed
what. Only the ledger's head is compared with the product's fold.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.audit import audit_checkpoints, canonical, fold
from tests.support.fakes.console import OURS
from tests.support.reading import Json, moment, stamped
from tests.support.world import HOUR
from tests.torture.hostile import HostileWorld

RESERVE = 90
RECEIPT = "audit_trail_purge"


def watch_posts(world: HostileWorld) -> None:
    """Look at every purge of ours right before the Console carries it out."""
    world.hostile.hooks["purge"] = lambda: _look_at_post(world, world.hostile.purges[-1])


def _look_at_post(world: HostileWorld, boundary: int) -> None:
    reading = world.reading
    reading.catch_up(lenient=True)
    assert world.left_then >= RESERVE, "a purge was sent with too little time left"
    assert not world.was_latched, "a purge was sent though a mismatch forbids it"
    assert not reading.is_paused, "a purge was sent though an operator paused it"
    waited = world.clock.now() - reading.decided_at
    assert waited >= HOUR, "a purge was sent within the hour after a decision"
    assert world.is_well, "a purge was sent though no audit found the archive well"
    planned = [said for said in reading.intents if said["plan"]["boundary"] == boundary]
    assert planned, f"nobody planned to purge up to {boundary}"
    assert len(world.posts) <= len(reading.intents), "an intent was sent twice"
    said = planned[-1]
    assert world.head.seq >= said["seq"], "a purge was sent before its plan was recorded"
    assert said["highest_archived_id"] >= boundary, "a purge beyond the recorded watermark"
    assert world.signer is None or said["seq"] in world.reading.signed, "a purge on an unsigned statement"
    _look_at_doomed(world, said, boundary)
    _look_at_ages(world, said, boundary)
    _look_at_holes(world, said, boundary)


def _look_at_doomed(world: HostileWorld, said: Json, boundary: int) -> None:
    """Every entry about to die is among the archived lines; what they do not say, the stored export holds.

    An archived entry may vanish from both keys' view: then the line is what is kept of it.
    """
    exported = {canonical(entry) for entry in world.reading.export(said)}
    lines = world.reading.epochs[said["epoch"]].lines
    amended = world.reading.epochs[said["epoch"]].amended
    gone = {i for i, each in world.reading.epochs[said["epoch"]].missing.items() if each.is_explained}
    for entry in world.trail.entries:
        if entry["id"] > boundary:
            continue
        if entry["id"] not in world.checked:
            world.blinked.append(entry)
            continue
        archived = lines.get(entry["id"])
        if archived is None and not world.is_seen(entry) and entry["id"] in gone:
            world.blinked.append(entry)  # hidden from both keys where a receipt says that the id is gone
            continue
        assert archived is not None, f"about to purge {entry['id']}: not among the archived lines"
        if archived != canonical(entry) and not world.is_seen(entry):
            world.blinked.append(entry)  # another entry at an archived id, hidden from both keys
        elif archived != canonical(entry):
            assert canonical(entry) in exported, f"about to purge {entry['id']}: not in the stored export"
            is_same = as_instant(json.loads(archived)) == as_instant(entry)
            assert is_same or entry["id"] in amended, f"about to purge {entry['id']}: amended unsaid"


def as_instant(entry: Json) -> Json:
    """An entry with its moment in place of the moment's spelling."""
    return entry | {"timestamp": stamped(entry) or entry["timestamp"]}


def _look_at_ages(world: HostileWorld, said: Json, boundary: int) -> None:
    # A run whose download holds the same entries rests on the export that is stored, and says until when.
    served_at = max(moment(said["export"]["served_at"]), moment(said["covered_until"]))
    assert served_at <= world.clock.now(), "an export served in the future"
    if world.reader.tells_time:
        assert served_at <= world.console_clock.now(), "an export served in the Console's future"
    young = too_young(
        world.reading.export(said), boundary, served_at, served_at - max(world.settle, world.keep)
    )
    assert not young, f"about to purge {young}: not provably older than the windows"


def too_young(entries: Iterable[Json], boundary: int, now: int, cutoff: int) -> list[int]:
    """Ids up to the boundary that are not provably as old as the cutoff; an unreadable time is its younger
    readable neighbour's."""
    young: list[int] = []
    waiting: list[int] = []
    for entry in entries:
        told = stamped(entry)
        if entry["id"] <= boundary:
            waiting.append(entry["id"])
        elif not waiting:
            break
        if told is None or told > now:
            continue
        if told > cutoff:
            young += waiting
        waiting = []
    return young + waiting


def _look_at_holes(world: HostileWorld, said: Json, boundary: int) -> None:
    """No id is crossed that is neither archived nor known to be missing, by a receipt or a person's word."""
    epoch = world.reading.epochs[said["epoch"]]
    served_at = max(moment(said["export"]["served_at"]), moment(said["covered_until"]))
    for entry_id in range(1, boundary + 1):
        if entry_id in epoch.lines:
            continue
        gone = epoch.missing.get(entry_id)
        assert gone is not None, f"about to cross {entry_id}, which no statement knows"
        if not gone.is_explained and entry_id > epoch.highest_purged:
            assert gone.is_accepted, f"about to cross {entry_id}, which may be hidden"
            assert gone.served_at <= served_at - world.settle, f"about to cross the fresh hole at {entry_id}"


def look(world: HostileWorld) -> None:
    """After every step: one chain, each finding told once, and nothing lost by us."""
    world.reading.catch_up(lenient=True)
    told = [(f.kind, f.sentence) for f in world.alerts.published]
    twice = {each for each in told if told.count(each) > 1}
    assert not twice or world.allows_retelling, f"announced twice: {twice}"
    kept = set(world.reading.lines) | world.reading.exported
    for destroyed in world.trail.destroyed[world.seen_destroyed :]:
        if destroyed.user == OURS and destroyed.entry not in world.blinked:
            assert canonical(destroyed.entry) in kept, f"we purged {destroyed.entry['id']} unarchived"
    world.seen_destroyed = len(world.trail.destroyed)


def look_at_rest(world: HostileWorld) -> None:
    """Everything was told, archived and recorded; nothing but receipts is left."""
    world.reading.catch_up()
    reading, epoch = world.reading, world.reading.epoch
    lines = set(reading.lines)
    for destroyed in world.trail.destroyed:
        if destroyed.user == OURS and destroyed.entry not in world.blinked:
            is_kept = canonical(destroyed.entry) in lines | reading.exported
            assert is_kept, f"we purged {destroyed.entry['id']} unarchived"
    head = world.head
    assert head == fold(world), "the ledger is not the fold of the chain"
    assert head.seq == len(reading.statements)
    assert head.highest_archived_id == epoch.highest_archived
    assert head.open_intents == (), "an intent whose end nobody wrote up"
    audit_checkpoints(world)
    known = {receipt.entry_id for receipt in head.receipts}
    # By an anchor without a timestamp a Console set up anew that has come just as far is not recognised.
    is_recognised = head.anchor is None or head.anchor.timestamp is not None
    for entry in world.trail.entries if is_recognised else ():
        is_archived = epoch.lines.get(entry["id"]) == canonical(entry) or entry["id"] in epoch.other_forms
        assert is_archived != (entry["id"] in known), f"live {entry['id']} is found twice, or not at all"
        assert entry["action_type"] == RECEIPT, f"{entry['id']} was left unpurged"
    _look_at_announcements(world)


def _look_at_announcements(world: HostileWorld) -> None:
    """Every foreign purge that a statement lists was told, unless the topic refused or its teller died.

    One that the first export of an epoch shows is older than the archive.
    """
    told = {_purge_of(f.facts) for f in world.alerts.published if f.kind == "ForeignPurge"}
    for said in world.reading.archives:
        history = world.reading.epochs[said["epoch"]].history_up_to
        for seen in said["receipts_seen"]:
            is_foreign = seen["intent_seq"] is None and seen["before_id"] is not None
            if is_foreign and seen["entry_id"] > history and not world.is_muted:
                assert _purge_of(seen) in told, f"the foreign purge {seen['entry_id']} was never told"
    boundaries = {said["plan"]["boundary"] for said in world.reading.intents}
    listed = {
        seen["entry_id"]
        for said in world.reading.archives
        for seen in said["receipts_seen"]
        if seen["intent_seq"] is None
    }
    for receipt, boundary in world.foreign:
        is_archived = world.reading.epoch.lines.get(receipt["id"]) == canonical(receipt)
        if is_archived and boundary not in boundaries:
            assert receipt["id"] in listed, f"the purge by others in {receipt['id']} was taken for ours"


def _purge_of(said: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a person is told of a purge."""
    return tuple(said[name] for name in ("before_id", "count", "user", "user_ip", "timestamp"))
