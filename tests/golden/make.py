"""Makes the golden archive of this version: `.venv/bin/python -m tests.golden.make VERSION`.

It overwrites nothing. Signatures are random, so every making differs; the private keys are thrown away.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit_archive import __version__
from audit_archive.format.facts import Action, IdSpan
from audit_archive.format.statement import key_named_by
from audit_archive.retrieve.query import Query
from audit_archive.run.context import Order
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.golden import (
    ANSWER,
    ARCHIVE,
    BUNDLE,
    CHANGELOG,
    CHECKPOINT,
    EXPECTED,
    GOLDEN,
    KEY,
    released,
    sums_of,
)
from tests.support.asking import Plain, reader_of
from tests.support.bundles import make as make_bundle
from tests.support.bundles import request_of
from tests.support.example import ALICE, BOB, Example
from tests.support.example import zip_of as plain_zip_of
from tests.support.fakes import FakeSigner
from tests.support.fakes.trail import Entry
from tests.support.verify_program import copied
from tests.support.world import CONSOLE, DAY, HOUR

USER = "alice@example.com"
LOGIN = {"action_type": "user_login", "message": "User logged in"}
PUSH = {"action_type": "device_push_settings", "message": "Pushed settings to device nas-münchen"}
BELL = "<bell>"


class Golden(Example):
    """A Console to which everything happens that a statement can tell of."""

    def __init__(self) -> None:
        super().__init__()
        self.reader.export = zip_of

    def order(self) -> Order:
        order = super().order()
        return replace(order, facts=replace(order.facts, version=__version__))

    def begin_anew(self) -> None:
        """The Console is replaced on purpose, and an operator says so."""
        self.trail.reset()
        state_decision(
            self.bound(),
            OperatorRequest(CONSOLE, Action.EPOCH, USER, "The Console was replaced after a disk failure"),
        )


def zip_of(entries: list[Entry]) -> bytes:
    """An export with a raw control character where a text says so."""
    return plain_zip_of(entries, {BELL: "\x07"})


def story() -> Golden:
    """Entries of every form, two purges of ours, one of somebody else, missing ids, two keys, two epochs."""
    world = Golden()
    world.trail.skip(2)
    world.write(**ALICE, **LOGIN, timestamp="2026-11-20 08:14:02 UTC+0000")
    world.write(**ALICE, **PUSH, timestamp="2026-11-20T09:20:41.5+01:00")
    world.write(**BOB | {"user_browser_agent": "\ud800"}, **LOGIN, timestamp="2026-11-21 03:12:09 UTC+0000")
    world.write(**BOB | {"user_browser_agent": BELL}, **LOGIN, timestamp=None)
    world.trail.skip()
    world.write(**ALICE, **LOGIN, additional_information={"ratio": 1.50, "serial": 2**64})
    world.run()
    world.later(HOUR)
    _accept_missing(world)
    world.later(HOUR)
    world.write(**BOB, **PUSH)  # too young to be purged: it is live, and amended, when the next run comes
    world.run()
    world.trail.replace(world.trail.last_id - 1, user="mallory@example.com")
    world.signer = FakeSigner()
    world.write(**ALICE, **PUSH)
    world.later(DAY)
    world.run()
    world.write(**BOB, **LOGIN)
    world.trail.purge(world.trail.last_id)
    world.write(**ALICE, **LOGIN)
    world.later(DAY)
    world.run()
    world.begin_anew()
    world.write(**ALICE, **LOGIN)
    world.trail.skip()
    world.write(**BOB, **LOGIN)
    world.later(HOUR)
    world.run()
    world.trail.put(2, **ALICE, **PUSH)
    world.later(DAY)
    world.run()
    return world


def _accept_missing(world: Golden) -> None:
    for hole in world.head.unexplained:
        span = IdSpan(hole.first, hole.last)
        state_decision(
            world.bound(),
            OperatorRequest(CONSOLE, Action.ACCEPT, USER, "These were never written", span.first, span.last),
        )


def expected_of(world: Golden) -> dict[str, Any]:
    """What every later version must find in it, by the story and by a plain reader."""
    newest = world.head.statement
    assert newest is not None
    return {
        "console": CONSOLE,
        "user": USER,
        "statements": len(world.chain()),
        "entries": world.head.tree.size,
        "newest_sha256": newest.sha256,
        "missing": sorted(Plain(world).missing(Query(CONSOLE))),
        "amended": [[span.first, span.last] for said in world.archives() for span in said.amended],
    }


def write(folder: Path) -> None:
    """Write the golden archive of this version, and the list of its files beside it.

    Raises FileExistsError if there is one.
    """
    folder.mkdir(parents=True)
    world = story()
    world.bundle_signer = FakeSigner()
    decision = OperatorRequest(CONSOLE, Action.BUNDLE_KEY, USER, "Bundles are signed from here on")
    state_decision(world.bound(), decision)
    copied(world.store, folder / ARCHIVE)
    key = [named for said in world.chain() if (named := key_named_by(said)) is not None][-1]
    (folder / KEY).write_text(key.pem())
    checkpoints = world.store.keys(f"checkpoints/console={CONSOLE}/")
    (folder / CHECKPOINT).write_bytes(world.store.data(checkpoints[len(checkpoints) // 2]))
    lines = Plain(world).matching(Query(CONSOLE, users=(USER,)))
    (folder / ANSWER).write_bytes(b"".join(line + b"\n" for line in lines))
    _, bundle = make_bundle(reader_of(world, ledger=False), request_of(user=USER), signer=world.bundle_signer)
    (folder / BUNDLE).write_bytes(bundle)
    (folder / EXPECTED).write_text(json.dumps(expected_of(world), indent=2) + "\n")
    folder.with_name(f"{folder.name}.sha256").write_text(sums_of(folder))


def refusal(version: str, changelog: str, golden: Path = GOLDEN) -> str | None:
    """Why the golden archive of a version must not be made now; None if it may."""
    if version != __version__:
        return f"This code is version {__version__}: only that version's archive can be made."
    if (golden / version).exists():
        return f"tests/golden/{version} exists, and is never overwritten."
    if version in released(changelog):
        return f"{version} is released: restore its archive from the history, and raise the version."
    return None


def main(arguments: Sequence[str]) -> int:
    """Make it; 2 if it must not be made."""
    if len(arguments) != 1:
        print("usage: python -m tests.golden.make VERSION", file=sys.stderr)  # noqa: T201 - a command
        return 2
    (version,) = arguments
    refused = refusal(version, CHANGELOG.read_text())
    if refused is not None:
        print(refused, file=sys.stderr)  # noqa: T201 - a command
        return 2
    write(GOLDEN / version)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
