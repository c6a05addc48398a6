"""Makes the example archive of `docs/archive-format.md` anew: `python -m tests.support.example`.

The signatures are random, so every making differs; the page quotes what is in the folder, and a test holds it
to that. The private key is thrown away.
"""

import json
import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import tests.support  # noqa: F401 - puts the layer on the path, as pytest does
from audit_archive.format.facts import Action, LockMode, Mode, RunFacts
from audit_archive.format.times import DAY, rfc3339
from audit_archive.run.context import Order
from audit_archive.run.operate import state_decision
from audit_archive.run.plan import Policy
from audit_archive.run.request import OperatorRequest
from tests.support import folders
from tests.support.fakes import FakeSigner
from tests.support.fakes.trail import Entry
from tests.support.world import CONSOLE, HOUR, World

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "example-archive"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:canary-audit-archive-archive"
NIGHT = 1_795_417_400
"""2026-11-23 07:03:20 UTC."""

ALICE = {"user": "alice@example.com", "user_ip": "192.0.2.7"}
BOB = {"user": "bob@example.com", "user_ip": "192.0.2.7"}


class Example(World):
    """A Console that was in use before it was archived, and on which somebody purges later."""

    def __init__(self) -> None:
        super().__init__()
        self.clock.moment = NIGHT
        self.signer = FakeSigner()
        self.reason: str | None = None
        self.reader.export = zip_of
        self._runs = 0

    def order(self) -> Order:
        self._runs += 1
        facts = RunFacts(
            f"6f1f7f0e-5d0e-4c52-9a43-1f6a2a0c9d{self._runs:02d}",
            "0.1.0",
            rfc3339(self.clock.now()),
            FUNCTION,
            self.reason,
        )
        return Order(CONSOLE, Policy(Mode.ON, HOUR, 0), 2555, 2560, LockMode.GOVERNANCE, facts)

    def decide(self, who: str, why: str) -> None:
        """An operator accepts the ids that no receipt explains."""
        (hole,) = self.head.unexplained
        state_decision(self.bound(), OperatorRequest(CONSOLE, Action.ACCEPT, who, why, hole.first, hole.last))

    def write(self, **fields: Any) -> None:
        """One entry, as Consoles write them."""
        usual: dict[str, Any] = {
            "user_browser_agent": "Mozilla/5.0",
            "user_browser_language": "en-GB",
            "flock_id": None,
        }
        self.trail.arrive(**usual | fields)


def zip_of(entries: list[Entry], raw: Mapping[str, str] | None = None) -> bytes:
    """An export whose bytes do not depend on the clock. `raw`: text to stand in place of other text in it."""
    text, file = json.dumps(entries), BytesIO()
    for marker, replacement in (raw or {}).items():
        text = text.replace(marker, replacement)
    with ZipFile(file, "w") as archive:
        info = ZipInfo("canary_audit_trail.json", (2026, 11, 23, 0, 0, 0))
        archive.writestr(info, text, ZIP_DEFLATED)
    return file.getvalue()


def story() -> Example:
    """A first run whose purge is held back, and is made once an operator accepts the ids that are missing.

    Then a foreign purge destroys two entries unarchived.
    """
    world = Example()
    world.trail.skip(2)
    login = {"action_type": "user_login", "message": "User logged in"}
    world.write(**ALICE, **login, timestamp="2026-11-20 08:14:02 UTC+0000")
    pushed = {"action_type": "device_push_settings", "message": "Pushed settings to device nas-münchen"}
    world.write(**ALICE, **pushed, timestamp="2026-11-20 08:20:41 UTC+0000", flock_id="flock:default")
    moved = {"action_type": "flock_move", "message": "Moved device vpn-gw to flock Zürich"}
    world.write(**BOB, **moved, timestamp="2026-11-20 23:59:58 UTC+0000", flock_id="flock:default")
    failed = {"action_type": "user_login", "message": "User login failed", "user": None}
    stranger = {"user_ip": "203.0.113.66", "user_browser_agent": "\ud800"}
    world.write(**failed, **stranger, timestamp="2026-11-21 03:12:09 UTC+0000")
    token = {"action_type": "canarytoken_create", "message": "Created Canarytoken"}
    world.write(**BOB, **token, timestamp="2026-11-21 09:01:00 UTC+0000")
    world.write(**ALICE, **login, timestamp="2026-11-22 16:44:31 UTC+0000")
    world.write(**ALICE, **login, timestamp="2026-11-23 07:03:19 UTC+0000")
    world.run()
    world.later(HOUR)
    world.decide("alice@example.com", "The trail has begun with id 3 ever since this Console was set up")
    world.later(HOUR)
    world.run()
    world.write(**BOB, **moved)
    world.trail.purge(11)
    world.trail.replace(12, user_ip="198.51.100.23", user_browser_agent="curl/8.9")
    world.write(**BOB, **moved | {"message": "Moved device vpn-gw to flock Default"})
    world.later(DAY)
    world.reason = "look at what happened yesterday"
    world.run()
    return world


def main() -> None:
    """Write the folder."""
    world = story()
    shutil.rmtree(FOLDER, ignore_errors=True)
    folders.put(world.store.files(), FOLDER)


if __name__ == "__main__":
    main()
