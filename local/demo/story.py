"""What the demo does, in order: archive and purge, archive what arrives, find nothing more, audit, ask."""

from __future__ import annotations

import json
import time
from typing import Any

from local.aws import Laptop
from local.aws.sam import ROOT
from local.demo.bundle import check, question_of, unpack
from local.demo.screen import Screen
from local.demo.views import (
    show_answer,
    show_audit,
    show_head,
    show_objects,
    show_receipt,
    show_result,
    show_trail,
)

ENTRIES = 5000
ARRIVING = 3


class DemoError(Exception):
    """A step of the demo failed. `log`: the function's log lines, if there are any."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


def tell_story(laptop: Laptop, screen: Screen) -> None:
    """Play every step. Raises DemoError if a run or a check fails."""
    event = json.loads((ROOT / "events" / "schedule.json").read_text()) | {"console": laptop.console.id}

    screen.title("Before")
    _trail(laptop, screen)

    screen.title("The first run: archive, prove, purge")
    _expect(_run(laptop, screen, event), "purged")
    show_objects(screen, list(laptop.stack.objects()))
    show_head(screen, laptop.stack.ledger(laptop.console.id))
    show_receipt(screen, _receipt(laptop))
    _trail(laptop, screen)
    _audit(laptop, screen)

    screen.title(f"{ARRIVING} new entries arrive; the second run archives them and the receipt")
    laptop.console.arrive(ARRIVING)
    _expect(_run(laptop, screen, event), "archived", "purged")
    screen.title("The third run finds nothing to do")
    _expect(_run(laptop, screen, event), "idle")

    screen.title("After")
    _trail(laptop, screen)
    screen.title("The audit: every signature, every lock, every byte")
    _audit(laptop, screen)
    screen.title("Years later somebody asks: who purged this trail?")
    _ask(laptop, screen)
    screen.title("And: what did this person do, and show me that nothing is missing")
    _leave_bundle(laptop, screen)


def _audit(laptop: Laptop, screen: Screen) -> None:
    event = {"console": laptop.console.id, "depth": "content"}
    report = _invoked(laptop, screen, event, "VerifyFunction")
    show_audit(screen, report)
    if not report["is_valid"]:
        raise DemoError("The audit found faults.", laptop.aws.tail())


def _ask(laptop: Laptop, screen: Screen) -> None:
    event = {"request": "entries", "console": laptop.console.id, "action_type": "audit_trail_purge"}
    show_answer(screen, _invoked(laptop, screen, event, "RetrieveFunction"))


def _leave_bundle(laptop: Laptop, screen: Screen) -> None:
    answer = _invoked(laptop, screen, question_of(laptop), "RetrieveFunction")
    screen.say(str(answer["sentence"]))
    bundle = unpack(answer)
    if not check(laptop, screen, bundle):
        raise DemoError("The bundle is not valid.", laptop.aws.tail())
    screen.say("Open report.html in a browser. All of it is in this folder:")
    screen.lines(f"bundle: {bundle}")


def _invoked(laptop: Laptop, screen: Screen, event: dict[str, Any], function: str) -> dict[str, Any]:
    screen.say(f"Lambda invokes {laptop.stack.outputs[function]} with {json.dumps(event)}")
    ran = laptop.stack.invoke(event, function)
    if ran.failed:
        raise DemoError(f"The function raised: {ran.error}", ran.log or laptop.aws.tail())
    return ran.result


def _trail(laptop: Laptop, screen: Screen) -> None:
    show_trail(screen, laptop.console.count(), laptop.console.newest(5))


def _run(laptop: Laptop, screen: Screen, event: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    result = _invoked(laptop, screen, event, "ArchiveFunction")
    show_result(screen, result, time.monotonic() - began)
    return result


def _expect(result: dict[str, Any], *outcomes: str) -> None:
    if result["outcome"] not in outcomes:
        raise DemoError(f"The run ended {result['outcome']}, and the demo expects {' or '.join(outcomes)}.")


def _receipt(laptop: Laptop) -> dict[str, Any] | None:
    newest = laptop.console.newest(100)
    return next((entry for entry in newest if entry["action_type"] == "audit_trail_purge"), None)
