"""Shows each result: first in plain words, then the facts."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.request import urlopen

from local.aws.stack import ArchivedObject
from local.demo.screen import Screen

HELD_BACK = {
    "purge_mode": "the stack's PurgeMode, or this invocation's, says not to purge",
    "settle_window": "what comes after is younger than the settle window, and a late writer may still fill "
    "an id below it; a later run purges it",
    "keep_window": "what comes after is inside the keep window: its owner wants it left on the Console",
    "only_receipts": "what comes after is only our own receipts",
}


def show_trail(screen: Screen, held: int, newest: Sequence[Mapping[str, Any]]) -> None:
    """What the Console holds."""
    screen.say(f"The Console holds {held:,} entries. The newest:", bold=f"{held:,}")
    rows = (
        [
            str(entry["id"]),
            str(entry.get("timestamp"))[:16],
            str(entry.get("user") or "-"),
            f"{entry.get('action_type')}: {entry.get('message')}",
        ]
        for entry in newest
    )
    screen.table(["id", "when (UTC)", "who", "what"], rows)


def show_result(screen: Screen, result: Mapping[str, Any], seconds: float) -> None:
    """What a run answered."""
    outcome = str(result["outcome"])
    new, gone = result["new_entries"], result["purged_entries"]
    screen.say(
        f"{outcome} in {seconds:.1f} s: {new:,} new entries archived, {gone:,} purged from the Console.",
        bold=outcome,
    )
    names = ("highest_archived_id", "highest_purged_id", "boundary", "held_back_by", "holes", "warnings")
    screen.table(["result", ""], ([name, json.dumps(result.get(name))] for name in names))
    held = result.get("held_back_by")
    if held:
        far = "no further than that" if result.get("boundary") else "nothing"
        screen.say(f"Purged {far}, because {HELD_BACK.get(held, held)}.")


def show_objects(screen: Screen, objects: Sequence[ArchivedObject]) -> None:
    """What is in the bucket: one by one, but the many entry files as one line."""
    entries = [found for found in objects if found.key.startswith("entries/")]
    screen.say(f"In the archive bucket, {len(objects)} objects:")
    for found in objects:
        if not found.key.startswith("entries/"):
            screen.lines(
                f"  {found.key}\n      version {found.version_id}, {found.size:,} bytes, {_lock(found)}"
            )
    if entries:
        first, last = (found.key.split("/")[2].removeprefix("dt=") for found in (entries[0], entries[-1]))
        size = sum(found.size for found in entries)
        screen.lines(
            f"  entries/…\n      {len(entries)} files, one a day from {first} to {last}, {size:,} bytes"
        )


def show_head(screen: Screen, items: Iterable[Mapping[str, Any]]) -> None:
    """The head in DynamoDB."""
    for item in items:
        if item["item"] == "head":
            inside = json.loads(zlib.decompress(bytes(item["body"].value))) if "body" in item else {}
            screen.say(
                f"The head in DynamoDB: statement {item['seq']} (sha256 {item['statement_sha256'][:16]}…), "
                f"archived up to {inside.get('highest_archived_id')}, purged up to "
                f"{inside.get('highest_purged_id')}."
            )


def show_receipt(screen: Screen, entry: Mapping[str, Any] | None) -> None:
    """The Console's receipt of the purge."""
    if entry is None:
        screen.say("The Console wrote no receipt.")
    else:
        message = str(entry.get("message"))
        screen.say(f"The Console's own receipt is entry {entry['id']}: “{message}”.", bold=message)


def show_audit(screen: Screen, report: Mapping[str, Any]) -> None:
    """What the verify function found."""
    screen.say(str(report["summary"]))
    screen.lines("".join(f"  {number:>8,} {what}\n" for what, number in report["checked"].items()).rstrip())
    for skipped in report["not_checked"]:
        screen.say(f"Not checked: {skipped['count']} {skipped['what']}: {skipped['why']}")


def show_answer(screen: Screen, answer: Mapping[str, Any]) -> None:
    """What the retrieve function answered, and the first of what its link leads to."""
    screen.say(str(answer["sentence"]))
    with urlopen(answer["report"]["link"]) as file:  # noqa: S310 - the emulator's, on loopback
        for line in file.read().splitlines()[:3]:
            entry = json.loads(line)
            screen.lines(
                f"  {entry['timestamp']}  {entry['user']} from {entry['user_ip']}: {entry['message']}"
            )


def _lock(found: ArchivedObject) -> str:
    if found.retain_until is None:
        return "NOT LOCKED"
    return f"{found.lock_mode} lock until {found.retain_until:%Y-%m-%d}"
