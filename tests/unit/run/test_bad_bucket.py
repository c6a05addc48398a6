"""A bucket that is not what it must be, and that an emulator would let pass whatever we do."""

from collections.abc import Mapping
from typing import BinaryIO

import pytest

from audit_archive.errors import AuditArchiveError, IntegrityError
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.ports import Retention
from audit_archive.run.result import RunOutcome
from tests.support.fakes import FakeClock, FakeSigner, FakeStore
from tests.support.rows import all_rows
from tests.support.world import CONSOLE, World


class Store(FakeStore):
    """A bucket with which something happens between a put and its reading back.

    `meddle` names what, `prefix` to whose objects.
    """

    def __init__(self, clock: FakeClock, meddle: str, prefix: str) -> None:
        super().__init__(clock)
        self.meddle = meddle
        self.prefix = prefix

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        ref = super().put(key, body, sha256, retention, metadata)
        self._meddle(key, retention)
        return ref

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        super().create(key, body, sha256, retention)
        self._meddle(key, retention)

    def _meddle(self, key: str, retention: Retention) -> None:
        if not key.startswith(self.prefix):
            return
        if self.meddle == "alter":
            self.tamper(key, self.data(key)[:-1] + b"?")
        elif self.meddle == "shorten":
            self.tamper(key, self.data(key)[:-1])
        elif self.meddle == "unlock":
            self.relock(key, None)
        elif self.meddle == "lock-too-short":
            self.relock(key, Retention(retention.mode, retention.until - 1))
        elif self.meddle == "lock-another-mode":
            self.relock(key, Retention(LockMode.GOVERNANCE, retention.until))
        elif self.meddle == "encrypt":
            self.encrypt(key, "aws:kms")
        elif self.meddle == "remove":
            self.lose(key, self.history(key)[-1].version_id)


def world_where(meddle: str = "", prefix: str = "") -> World:
    """Three entries are long due, and are to be locked in the strict mode."""
    world = World()
    world.lock_mode = "COMPLIANCE"
    world.store = Store(world.clock, meddle, prefix)
    world.aged(3)
    return world


def page(world: World, *says: str) -> None:
    """Run, which must wake a person once, purge nothing, and leave nothing open."""
    with pytest.raises(AuditArchiveError) as caught:
        world.run()
    assert type(caught.value) is IntegrityError, repr(caught.value)
    for words in says:
        assert words in str(caught.value)
    told = [(found.kind, found.sentence) for found in world.alerts.published]
    assert told == [("IntegrityError", str(caught.value))]
    assert world.posts == []
    assert world.trail.ids == [1, 2, 3]
    assert world.ledger.holder(CONSOLE) is None


def test_nothing_meddled_with_is_purged() -> None:
    """Else the tests below would prove nothing."""
    world = world_where()
    assert world.run().outcome == RunOutcome.PURGED
    assert (world.posts, world.alerts.published) == ([3], [])


@all_rows(
    ("meddle", "says"),
    [
        ("alter", "reads back as"),
        ("shorten", "reads back as"),
        ("unlock", "without an object lock"),
        ("lock-too-short", "1 s less than was asked for"),
        ("lock-another-mode", "locked in mode GOVERNANCE, not COMPLIANCE"),
        ("encrypt", "is stored with aws:kms, not AES256"),
        ("remove", "no version"),
    ],
)
def test_an_export_that_is_not_what_was_put(meddle: str, says: str) -> None:
    world = world_where(meddle, "exports/")
    page(world, says)
    assert world.store.keys("statements/") == []
    assert world.ledger.head(CONSOLE) is None


@pytest.mark.parametrize("meddle", ["unlock", "lock-too-short", "lock-another-mode"])
def test_a_statement_that_is_not_locked_as_asked(meddle: str) -> None:
    world = world_where(meddle, "statements/")
    page(world, "statements/")
    assert world.ledger.head(CONSOLE) is None


def test_a_statement_that_is_encrypted_with_another_key() -> None:
    world = world_where("encrypt", "statements/")
    page(world, "statements/", "is stored with aws:kms, not AES256")
    assert world.ledger.head(CONSOLE) is None


@pytest.mark.parametrize("prefix", ["statements/", "checkpoints/"])
def test_a_bucket_that_encrypts_with_a_key_that_can_be_deleted(prefix: str) -> None:
    """Of every run, nothing is purged: not even by the next one, with what the first one left."""
    world = world_where("encrypt", prefix)
    world.signer = FakeSigner()
    page(world, prefix, "whoever can delete its key can destroy it")
    world.later()
    with pytest.raises(IntegrityError):
        world.run()
    assert world.posts == []


def test_an_export_that_is_encrypted_anew_is_not_rested_on() -> None:
    """The next run stores the same entries again, with S3's own key."""
    world = world_where()
    world.mode = "off"
    world.run()
    (export,) = world.store.keys("exports/")
    world.store.encrypt(export, "aws:kms")
    world.mode = "on"
    world.later()
    assert world.run().outcome == RunOutcome.PURGED
    assert world.posts == [3]
    rested = world.archives()[-1].export
    found = world.store.find(rested.key, rested.version_id)
    assert found is not None
    assert found.encryption == "AES256"


def test_a_bucket_without_versions() -> None:
    world = world_where()
    world.store.is_versioned = False
    page(world, "version")
    assert world.store.keys("statements/") == []


def test_a_bucket_without_object_lock() -> None:
    world = world_where()
    world.store.is_locking = False
    page(world, "Object Lock")
    assert world.store.all_keys() == []


@all_rows(
    "happens",
    ["second-version", "delete-marker", "removed", "altered", "unlocked-and-unrecorded", "encrypted-anew"],
)
def test_a_chain_that_somebody_touched(happens: str) -> None:
    """Found by the next run, before it downloads anything."""
    world = world_where()
    world.run()
    key = world.store.keys("statements/")[-1]
    last = world.store.history(key)[-1]
    if happens == "second-version":
        world.store.add(key, last)
    elif happens == "delete-marker":
        world.store.mark_deleted(key)
    elif happens == "removed":
        world.store.lose(key, last.version_id)
    elif happens == "altered":
        world.ledger.forget(CONSOLE)
        world.store.tamper(key, world.store.data(key).replace(b'"boundary":3', b'"boundary":9'))
        first = world.store.keys("statements/")[0]
        world.store.tamper(first, world.store.data(first).replace(b'"seq":1', b'"seq":2'))
    elif happens == "encrypted-anew":
        world.ledger.forget(CONSOLE)
        world.store.encrypt(key, "aws:kms")
    else:
        world.ledger.forget(CONSOLE)
        world.store.relock(key, None)
    downloads = world.reader.calls["download"]
    world.trail.arrive()
    with pytest.raises(IntegrityError):
        world.run()
    assert [found.kind for found in world.alerts.published] == ["IntegrityError"]
    assert world.posts == [3]
    assert world.reader.calls["download"] == downloads
