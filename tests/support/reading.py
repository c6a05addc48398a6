"""What the bucket says, read with json, gzip, zipfile and hashlib alone: no code of the product's.

It goes over the chain once and remembers what it read, so that a look after every step costs little.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from typing import Any, TypeAlias
from zipfile import ZipFile

from tests.support.audit import canonical, merkle_root
from tests.support.fakes.bucket import Bucket, Stored
from tests.support.world import CONSOLE

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Gone:
    """Why an id is missing, when an export showed it (epoch seconds), and whether a person accepts it."""

    cause: str
    served_at: int
    is_accepted: bool = False

    @property
    def is_explained(self) -> bool:
        """Whether a receipt of the Console's vouches for it."""
        return self.cause not in {"unexplained", "before_archive"}


class Epoch:
    """The ids of one epoch: each archived, with its line, or missing, with a cause."""

    def __init__(self) -> None:
        self.lines: dict[int, bytes] = {}
        self.missing: dict[int, Gone] = {}
        self.amended: set[int] = set()
        self.other_forms: set[int] = set()
        self.highest_archived = 0
        self.highest_purged = 0
        self.history_up_to = 0


class Reading:
    """The chain of one Console, checked as it is read. `lines` are all archived lines, in archive order."""

    def __init__(self, bucket: Bucket) -> None:
        self.statements: list[Json] = []
        self.refs: list[Json] = []
        self.lines: list[bytes] = []
        self.epochs: dict[int, Epoch] = {1: Epoch()}
        self.is_latched = self.is_paused = False
        self.decided_at = 0
        self.exported: set[bytes] = set()
        self._bucket = bucket

    @property
    def signed(self) -> set[int]:
        """The numbers of the statements that have a checkpoint."""
        prefix = f"checkpoints/console={CONSOLE}/"
        keys = [key for key in self._bucket.all_keys() if key.startswith(prefix)]
        return {int(key.removeprefix(prefix).removesuffix(".txt")) for key in keys}

    @property
    def epoch(self) -> Epoch:
        """The newest epoch."""
        return self.epochs[max(self.epochs)]

    @property
    def archives(self) -> list[Json]:
        """The statements that archive."""
        return [said for said in self.statements if said["kind"] == "archive"]

    @property
    def intents(self) -> list[Json]:
        """The statements that promise a purge."""
        return [s for s in self.archives if s["plan"]["mode"] == "on" and s["plan"]["boundary"] is not None]

    def catch_up(self, *, lenient: bool = False) -> None:
        """Read and check what is new. `lenient`: leave a statement for later whose entry files are absent."""
        keys = self._bucket.all_keys()
        keys = [key for key in keys if key.startswith(f"statements/console={CONSOLE}/")]
        for seq, key in enumerate(keys, 1):
            assert key == f"statements/console={CONSOLE}/{seq:010d}.json", f"a gap before {key}"
            history = self._bucket.history(key)
            assert len(history) == 1, f"{key} has {len(history)} versions"
            if seq <= len(self.statements):
                assert history[0].version_id == self.refs[seq - 1]["version_id"]
            elif lenient and not self._is_published(history[0]):
                return
            else:
                self._read(seq, key, history[0])

    def export(self, said: Json) -> list[Json]:
        """The entries of the export that a statement rests on, ascending by id."""
        facts = said["export"]
        stored = self._bucket.find(facts["key"], facts["version_id"])
        assert stored is not None
        assert stored.data is not None
        assert stored.retention is not None, "an export without a lock"
        assert stored.retention.until >= moment(said["run"]["started_at"]) + 86_400
        assert (sha256(stored.data).hexdigest(), len(stored.data)) == (facts["sha256"], facts["size"])
        return list(exported(stored.data))

    def _is_published(self, version: Stored) -> bool:
        said = json.loads(version.data or b"")
        return all(self._bucket.latest(f["key"]) is not None for f in said.get("entries", ()))

    def _read(self, seq: int, key: str, version: Stored) -> None:
        data = version.data
        assert data is not None
        assert version.retention is not None, f"{key} has no lock"
        said: Json = json.loads(data)
        assert canonical(said) == data, f"{key} is not canonical"
        before = self.statements[-1] if self.statements else None
        assert (said["format"], said["console"], said["seq"]) == ("canary-audit-archive/1", CONSOLE, seq)
        assert said["previous"] == (self.refs[-1] if self.refs else None), f"{key} does not follow"
        is_epoch = said.get("action") == "epoch"
        assert said["epoch"] == (before["epoch"] if before else 1) + is_epoch
        if is_epoch:
            self.epochs[said["epoch"]] = Epoch()
            self.is_latched = False
        if said.get("action") in {"resume", "epoch", "rebuild", "accept", "end_pause"}:
            self.decided_at = moment(said["run"]["started_at"])
        self.statements.append(said)
        self.refs.append({"key": key, "version_id": version.version_id, "sha256": sha256(data).hexdigest()})
        if said["kind"] == "archive":
            self._read_archive(said)
        elif said.get("action") == "resume":
            self.is_latched = False
        elif said.get("action") in {"pause", "end_pause"}:
            self.is_paused = said["action"] == "pause"
        elif said.get("action") == "accept":
            self._accept(said["accepted"]["first"], said["accepted"]["last"])
        elif said["kind"] == "purge":
            self.is_latched |= said["outcome"] == "mismatch"
        self._check_marks(said)

    def _accept(self, first: int, last: int) -> None:
        for entry_id in range(first, last + 1):
            gone = self.epoch.missing[entry_id]
            assert entry_id not in self.epoch.lines, f"{entry_id} is accepted as missing and is archived"
            assert not gone.is_explained, f"{entry_id} is accepted and needs no acceptance"
            self.epoch.missing[entry_id] = replace(gone, is_accepted=True)

    def _check_marks(self, said: Json) -> None:
        """The watermarks and the tree are those of everything read so far."""
        epoch = self.epoch
        assert said["highest_archived_id"] == epoch.highest_archived
        assert said["highest_purged_id"] >= epoch.highest_purged, "a watermark sank"
        assert said["highest_purged_id"] <= epoch.highest_archived, "purged beyond what is archived"
        epoch.highest_purged = said["highest_purged_id"]
        size, root = len(self.lines), said["tree"]["root"]
        assert said["tree"]["size"] == size
        is_grown = said["kind"] == "archive" and said["slice"]["count"]
        unchanged = self.statements[-2]["tree"]["root"] if len(self.statements) > 1 else None
        assert root == (merkle_root(self.lines) if is_grown or unchanged is None else unchanged)

    def _read_archive(self, said: Json) -> None:
        epoch, before = self.epoch, self.epoch.highest_archived
        epoch.history_up_to = epoch.history_up_to or said["export"]["last_id"]
        exported = {e["id"]: canonical(e) for e in self.export(said)}
        served_at = moment(said["export"]["served_at"])
        new = dict(sorted((json.loads(line)["id"], line) for line in self._lines(said)))
        assert len(new) == said["slice"]["count"]
        for entry_id, line in new.items():
            assert exported.get(entry_id) == line, f"{entry_id} is not what the export holds"
            assert entry_id not in epoch.lines, f"{entry_id} is archived twice"
        assert said["filled"] == [entry_id for entry_id in new if entry_id <= before]
        for gone in said["missing"]:
            for entry_id in range(gone["first"], gone["last"] + 1):
                assert entry_id not in epoch.lines, f"{entry_id} is archived and said to be missing"
                assert entry_id not in epoch.missing, f"{entry_id} is said to be missing twice"
                epoch.missing[entry_id] = Gone(gone["cause"], served_at)
        if any(epoch.missing[i].is_accepted for i in said["filled"] if i in epoch.missing):
            epoch.missing = {i: replace(gone, is_accepted=False) for i, gone in epoch.missing.items()}
        for span in said["amended"]:
            for entry_id in range(span["first"], span["last"] + 1):
                if entry_id in exported:
                    assert exported[entry_id] != epoch.lines[entry_id], f"{entry_id} was not amended"
                    epoch.amended.add(entry_id)
        self.exported |= set(exported.values())
        epoch.other_forms |= {i for i, line in exported.items() if epoch.lines.get(i, line) != line}
        epoch.lines |= new
        self.lines += new.values()
        epoch.highest_archived = max(before, *new, 0)
        for entry_id in range(before + 1, epoch.highest_archived + 1):
            known = entry_id in epoch.lines, entry_id in epoch.missing
            assert any(known), f"{entry_id} is neither archived nor explained"
        assert (said["plan"]["boundary"] or 0) <= epoch.highest_archived

    def _lines(self, said: Json) -> Iterator[bytes]:
        for facts in said["entries"]:
            assert facts["key"].startswith(f"entries/console={CONSOLE}/dt={facts['date']}/{said['seq']:010d}")
            stored = self._bucket.latest(facts["key"])
            assert stored is not None, f"{facts['key']} was never published"
            assert stored.data is not None
            assert stored.retention is not None
            assert (sha256(stored.data).hexdigest(), len(stored.data)) == (facts["sha256"], facts["size"])
            content = gzip.decompress(stored.data)
            assert sha256(content).hexdigest() == facts["content_sha256"]
            lines = content.splitlines()
            ids = [json.loads(line)["id"] for line in lines]
            assert ids == sorted(ids)
            assert [ids[0], ids[-1], len(ids)] == [facts["first_id"], facts["last_id"], facts["count"]]
            yield from lines


@lru_cache(100)
def exported(data: bytes) -> tuple[Json, ...]:
    """The entries in an export, ascending by id: it is read again and again, and never changes."""
    with ZipFile(BytesIO(data)) as archive:
        entries: list[Json] = json.loads(archive.read(archive.namelist()[0]))
    return tuple(sorted({e["id"]: e for e in entries}.values(), key=lambda e: int(e["id"])))


def moment(text: str) -> int:
    """Epoch seconds of RFC 3339 text."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def stamped(entry: Json) -> int | None:
    """Epoch seconds of an entry's own timestamp; None if it says nothing that can be read."""
    try:
        told = datetime.fromisoformat(entry["timestamp"].replace(" UTC", "").upper())
    except (AttributeError, TypeError, ValueError):
        return None
    return None if told.tzinfo is None else int(told.timestamp())
