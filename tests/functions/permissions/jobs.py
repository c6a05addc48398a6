"""The jobs of the functions, each done whole under its role. One that is not done, or badly, raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile

import pytest
import requests

from audit_archive.errors import ArchiveStoreError, InvalidExportError
from audit_archive.format.bucket_settings import Setting
from audit_archive.format.verdicts import Checked
from local.console import faults
from tests.functions.permissions.stage import Scene, Stage
from tests.support.entries import Json
from tests.support.invocation import Hurried
from tests.support.stack import ROOT

OK = 200
LOOKS = 2
"""At its clock, until an audit that is made in two parts has no time any more."""


@dataclass(frozen=True)
class Job:
    """One job. `says` stands in the table of permissions, beside the first job that needs one.

    `also`: actions for which it stands there besides another job.
    """

    says: str
    role: str
    do: Callable[[Stage], None]
    also: tuple[str, ...] = ()


def archive_sign_and_purge(stage: Stage) -> None:
    scene = stage.archive_anew()
    world = scene.world
    assert (world.live_ids, len(world.posts)) == ([4], 1)  # the receipt
    assert [each["kind"] for each in world.statements()] == ["operator", "archive", "purge"]
    assert len(world.keys("checkpoints/")) == 3
    assert sorted(world.archived()) == [1, 2, 3]
    for folder in ("exports/", "entries/", "statements/", "checkpoints/"):
        assert all(world.lock_of(key)[0] == "GOVERNANCE" for key in world.keys(folder))
    _leaves_no_lease(scene)


def _leaves_no_lease(scene: Scene) -> None:
    assert "lease" not in {item["item"]["S"] for item in scene.items()}


def archive_what_arrived(stage: Stage) -> None:
    scene = stage.archive_anew()
    scene.world.trail.arrive(2)
    assert scene.archive()["new_entries"] == 3


def keep_what_is_refused(stage: Stage) -> None:
    scene = stage.scene()
    scene.world.console.faults.add(faults.ReplacedBody(b"no zip"), endpoint="export")
    with pytest.raises(InvalidExportError, match="kept as rejected/"):
        scene.archive()
    assert len(scene.world.keys("rejected/")) == 1


def tell_of_a_foreign_purge(stage: Stage) -> None:
    scene = stage.archive_anew()
    scene.world.trail.arrive(2)
    scene.world.trail.purge(5)
    scene.archive()
    assert "ForeignPurge" in {message["kind"] for message in scene.messages()}


def finish_what_a_run_left(stage: Stage) -> None:
    scene = stage.scene()
    with stage.lacking("ArchiveRole", "s3:PutObject", "/entries/*"), pytest.raises(ArchiveStoreError):
        scene.archive()
    assert (scene.world.keys("entries/"), scene.world.posts) == ([], [])
    assert scene.archive()["outcome"] == "purged"
    assert sorted(scene.world.archived()) == [1, 2, 3]


def rebuild_the_ledger(stage: Stage) -> None:
    scene = stage.archive_anew()
    for item in scene.items():
        scene.forget(item)
    decided = scene.decide("rebuild")
    assert (decided["outcome"], decided["highest_archived_id"]) == ("stated", 3)
    assert scene.archive()["outcome"] == "idle"


def name_the_bundle_key(stage: Stage) -> None:
    scene = stage.archive_anew()
    assert scene.decide("bundle-key")["outcome"] == "stated"
    assert scene.world.statements()[-1]["action"] == "bundle_key"


def extend_the_locks(stage: Stage) -> None:
    """Those that end soon, and of what was archived before the retention was raised."""
    scene = stage.archive_anew()
    scene.let_locks_near_their_end()
    scene.variables |= {"RETENTION_DAYS": "2575", "EXPIRY_DAYS": "2600"}
    report = scene.archive(**_event("extend-locks"))
    keys = scene.world.keys()
    assert (report["outcome"], report["refusals"], report["extended"]) == ("done", [], len(keys))
    assert min(scene.world.lock_of(key)[1] for key in keys) > 2575


def audit_daily(stage: Stage) -> None:
    scene = stage.archived()
    report = scene.verify()
    assert (report["is_valid"], report["is_stale"], report["is_behind"]) == (True, False, False)
    assert report["unchecked"] == 0
    assert report["checked"]["settings of the bucket"] == len(Setting)
    assert report["checked"]["statements"] == 3
    assert report["checked"]["checkpoints"] == 3
    assert any(item["console"]["S"].startswith("verify/") for item in scene.items())


def audit_in_parts(stage: Stage) -> None:
    """An audit that has no time any more asks itself to go on."""
    scene, asked = stage.archived(), stage.gateway.cloud.invocations
    asked.clear()
    assert scene.verify(Hurried(LOOKS))["goes_on"]
    report = scene.verify(**json.loads(asked.pop()))
    assert (report["goes_on"], report["continue_at"], report["unchecked"]) == (False, None, 0)


def check_the_fleet(stage: Stage) -> None:
    scene = stage.archived()
    answer = scene.check_fleet()
    assert (answer["consoles"], answer["unhealthy"], answer["page_fault"]) == (1, 0, None)


def audit_every_byte(stage: Stage) -> None:
    report = stage.archived().verify(depth="content")
    assert (report["is_valid"], report["checked"]["entries"]) == (True, 3)
    assert [each["what"] for each in report["not_checked"]] == [Checked.SETTINGS]


def tell_of_a_fault(stage: Stage) -> None:
    scene = stage.damaged()
    assert [fault["verdict"] for fault in scene.verify(depth="objects")["faults"]] == ["missing"]
    assert [message["kind"] for message in scene.messages()] == ["VerifyFault"]


def _event(name: str) -> Json:
    event: Json = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def answer_with_entries(stage: Stage) -> None:
    answer = stage.archived().retrieve("entries")
    assert (answer["outcome"], answer["coverage"]["statements"]) == ("found", 3)
    data = _behind(answer["report"])
    assert [json.loads(line)["id"] for line in data.splitlines()] == [1, 2, 3]


def _behind(found: Json) -> bytes:
    """What a link leads to, which must be what the answer says."""
    fetched = requests.get(found["link"], timeout=10)
    assert fetched.status_code == OK, fetched.text
    assert sha256(fetched.content).hexdigest() == found["sha256"]
    return fetched.content


def hand_out_an_export(stage: Stage) -> None:
    (export,) = stage.archived().retrieve("export", id=2)["exports"]
    assert _behind(export)[:2] == b"PK"


def prove_an_entry(stage: Stage) -> None:
    (proof,) = stage.archived().retrieve("proof", id=2)["proofs"]
    assert proof["id"] == 2


def make_a_bundle_of_evidence(stage: Stage) -> None:
    answer = stage.archived().retrieve("evidence", who="ada", reason="4711")
    assert (answer["verification"]["is_valid"], answer["proven"]) == (True, 3)
    with ZipFile(BytesIO(_behind(answer["report"]))) as bundle:
        assert {"SHA256SUMS.note", "bundle-key.pem"} <= set(bundle.namelist())


def tell_what_is_missing(stage: Stage) -> None:
    answer = stage.damaged().retrieve("export", id=2)
    assert (answer["outcome"], [each["absence"] for each in answer["exports"]]) == (
        "nothing_left",
        ["removed"],
    )


def tell_the_status(stage: Stage) -> None:
    (told,) = stage.archived().retrieve("status")["consoles"]
    assert (told["highest_archived_id"], told["state"]) == (3, "ok")


JOBS = (
    Job("archive, sign and purge", "ArchiveRole", archive_sign_and_purge),
    Job("archive what arrived", "ArchiveRole", archive_what_arrived),
    Job("keep an export that is not valid", "ArchiveRole", keep_what_is_refused),
    Job("tell of a foreign purge", "ArchiveRole", tell_of_a_foreign_purge),
    Job("finish what a run left", "ArchiveRole", finish_what_a_run_left),
    Job("rebuild the ledger", "ArchiveRole", rebuild_the_ledger),
    Job("name the bundle key", "ArchiveRole", name_the_bundle_key),
    Job("extend locks", "ArchiveRole", extend_the_locks, also=("s3:PutObjectRetention",)),
    Job("audit daily", "VerifyRole", audit_daily),
    Job("audit in two parts", "VerifyRole", audit_in_parts),
    Job("check the fleet", "VerifyRole", check_the_fleet),
    Job("audit every byte", "VerifyRole", audit_every_byte),
    Job("tell of a fault", "VerifyRole", tell_of_a_fault),
    Job("answer with entries", "RetrieveRole", answer_with_entries),
    Job("hand out an export", "RetrieveRole", hand_out_an_export),
    Job("prove an entry", "RetrieveRole", prove_an_entry),
    Job("make a bundle of evidence", "RetrieveRole", make_a_bundle_of_evidence),
    Job("tell that an export is missing", "RetrieveRole", tell_what_is_missing),
    Job("tell the status", "RetrieveRole", tell_the_status),
)
