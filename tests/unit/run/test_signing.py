"""Signed checkpoints: stated, made, made good after a crash, never left out once begun."""

from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest

from audit_archive.adapters.signing import is_signed
from audit_archive.errors import ConsoleAuthError, IntegrityError, SettingsError, SigningError
from audit_archive.format.checkpoint import open_checkpoint
from audit_archive.format.facts import LockMode
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.statement import OperatorStatement
from audit_archive.ports import Retention
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit, audit_quiet
from tests.support.fakes import CallLog, CrashError, FakeSigner
from tests.support.world import CONSOLE, Meanwhile, World

KEY = checkpoint_key(CONSOLE, 2)


def signing_world(entries: int = 4) -> World:
    world = World()
    world.signer = FakeSigner()
    world.aged(entries)
    return world


def keys_of(world: World) -> list[OperatorStatement]:
    return [said for said in world.chain() if isinstance(said, OperatorStatement)]


def plant(world: World, data: bytes) -> None:
    """Somebody who may write the bucket puts a checkpoint where statement 2's will be."""
    retention = Retention(LockMode.GOVERNANCE, world.clock.now() + 10_000_000)
    world.store.create(KEY, data, sha256(data).hexdigest(), retention)


@dataclass
class Down:
    """A signing key whose public half is known, and that does not sign."""

    signer: FakeSigner

    def public_key(self) -> PublicKey:
        return self.signer.public_key()

    def sign(self, message: bytes) -> bytes:
        raise SigningError("the key does not answer")


def test_the_first_signed_run_names_its_key_and_signs_everything_from_there_on() -> None:
    world = signing_world()
    assert world.run().outcome == RunOutcome.PURGED
    (said,) = keys_of(world)
    assert world.signer is not None
    assert (said.seq, said.action) == (1, "key")
    assert said.public_key is not None
    assert PublicKey(b64decode(said.public_key)) == world.signer.public_key()
    assert len(world.store.keys("checkpoints/")) == 3
    audit(world)
    assert world.run().outcome == RunOutcome.IDLE
    assert len(world.chain()) == 3


def test_an_idle_archive_that_is_to_be_signed_is_signed_at_once_and_then_idle() -> None:
    world = World()
    world.aged(2)
    world.until_quiet()
    before = len(world.chain())
    world.signer = FakeSigner()
    assert world.run().outcome == RunOutcome.IDLE
    assert world.run().outcome == RunOutcome.IDLE
    assert len(world.chain()) == before + 1
    audit(world)


def test_what_a_dead_run_left_is_never_signed_by_a_key_that_the_chain_does_not_name() -> None:
    """Dead right before signing; twice the key is replaced before anybody looks again. The checkpoint of the
    second key's statement covers what the first could not sign any more, and every checkpoint that is there
    is by the key that the chain names.
    """
    world = signing_world()
    log = CallLog()
    signing_world().run(log)
    signatures = [number for number, name in enumerate(log.calls, 1) if name == "FakeSigner.sign"]
    with pytest.raises(CrashError):
        world.run(CallLog(signatures[1], "before"))
    for die_at in (None, 1):
        world.free_lease()
        world.signer = FakeSigner()
        log = CallLog(die_at)
        with suppress(CrashError):
            world.run(log)
    world.signer = FakeSigner()
    world.free_lease()
    world.until_quiet()
    audit_quiet(world)
    assert checkpoint_key(CONSOLE, 2) not in world.store.keys("checkpoints/")


def test_another_statement_that_comes_first_while_the_key_is_named_is_no_end_of_naming_it() -> None:
    world = World()
    world.aged(2)
    world.run()
    world.signer = FakeSigner()
    world.aged(2)

    def rival() -> None:
        world.free_lease()
        signer, world.signer = world.signer, None
        world.state("bundle_key")
        world.signer = signer

    happened = Meanwhile("FakeStore.create", rival)
    assert world.run(happened).outcome == RunOutcome.PURGED
    assert happened.has_happened
    assert [said.action for said in keys_of(world)] == ["bundle_key", "key"]
    audit(world)


def test_what_was_archived_before_stays_unsigned_and_a_checkpoint_covers_it() -> None:
    world = World()
    world.aged(2)
    world.run()
    world.signer = FakeSigner()
    world.aged(2)
    world.run()
    signed = [int(key[-14:-4]) for key in world.store.keys("checkpoints/")]
    assert signed == [3, 4, 5]
    audit(world)


def test_a_new_key_is_named_by_a_statement() -> None:
    world = signing_world()
    world.run()
    world.signer = FakeSigner()
    world.aged(2)
    world.run()
    assert len({said.public_key for said in keys_of(world)}) == 2
    audit(world)


def test_with_a_key_that_does_not_answer_nothing_is_purged_and_the_next_run_signs() -> None:
    world = signing_world()
    working = world.signer
    assert isinstance(working, FakeSigner)
    world.signer = Down(working)
    with pytest.raises(SigningError):
        world.run()
    assert world.posts == []
    assert world.store.keys("checkpoints/") == []
    world.signer = working
    world.until_quiet()
    assert world.posts
    audit_quiet(world)


def test_dead_between_statement_and_signature_the_next_run_signs_what_it_finds() -> None:
    world = signing_world()
    names: list[str] = []
    log = CallLog()
    signing_world().run(log)
    names = log.calls
    first_signature = names.index("FakeSigner.sign") + 1
    with pytest.raises(CrashError):
        world.run(CallLog(first_signature, "before"))
    assert world.store.keys("checkpoints/") == []
    world.free_lease()
    world.run()
    assert checkpoint_key(CONSOLE, 1) in world.store.keys("checkpoints/")
    audit(world)


def test_signing_is_not_turned_off_by_forgetting_the_key() -> None:
    world = signing_world()
    world.run()
    statements, posts = len(world.chain()), list(world.posts)
    world.signer = None
    world.aged(2)
    with pytest.raises(SettingsError, match="SignCheckpoints"):
        world.run()
    assert (len(world.chain()), world.posts) == (statements, posts)


@pytest.mark.parametrize(
    "planted",
    [b"nonsense", b"canary-audit-archive/1234abcd\n0\nx\n\n\xe2\x80\x94 x y\n"],
    ids=["nonsense", "a note by nobody"],
)
def test_a_planted_checkpoint_is_no_signature(planted: bytes) -> None:
    world = signing_world()
    plant(world, planted)
    signed_over(world)


def signed_over(world: World) -> None:
    """What lies under the checkpoint's key stops nothing: the true one is put over it."""
    planted = world.store.history(KEY)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.store.history(KEY)[:-1] == planted
    audit_checkpoint(world, KEY)
    assert world.alerts.kinds == []


def audit_checkpoint(world: World, key: str) -> None:
    assert world.signer is not None
    newest = world.store.history(key)[-1]
    assert newest.retention is not None
    opened = open_checkpoint(world.store.data(key), CONSOLE, [world.signer.public_key()], is_signed)
    assert opened.statement_sha256 == world.refs()[int(key[-14:-4]) - 1].sha256


def test_a_checkpoint_of_something_else_is_no_signature_of_this() -> None:
    world, other = signing_world(), World()
    other.signer = world.signer
    other.aged(7)
    other.run()
    plant(world, other.store.data(KEY))
    signed_over(world)


def test_a_false_key_signs_nothing() -> None:
    """A checkpoint there already, by a key that neither the chain names nor we hold."""
    world, thief = signing_world(), World()
    thief.signer = FakeSigner()
    thief.aged(4)
    thief.run()
    plant(world, thief.store.data(KEY))
    signed_over(world)


def dead_after_the_first_checkpoint() -> World:
    """A run that died once the checkpoint of its key's statement was put, before anything was recorded."""
    world, twin = signing_world(), signing_world()
    log = CallLog()
    twin.run(log)
    with pytest.raises(CrashError):
        world.run(CallLog(log.calls.index("FakeLedger.record") + 1, "before"))
    world.free_lease()
    return world


@pytest.mark.parametrize("over", ["marker", "nonsense"])
def test_a_checkpoint_is_found_below_what_was_put_over_it(over: str) -> None:
    world = dead_after_the_first_checkpoint()
    key = checkpoint_key(CONSOLE, 1)
    (true,) = world.store.history(key)
    if over == "marker":
        world.store.mark_deleted(key)
    else:
        world.store.add(key, replace(true, data=b"nonsense"))
    assert world.run().outcome == RunOutcome.PURGED
    assert len(world.store.history(key)) == 2, "the signed one is there: none is put again"
    assert world.alerts.kinds == []


def test_a_checkpoint_without_a_lock_is_no_evidence() -> None:
    world = dead_after_the_first_checkpoint()
    key = checkpoint_key(CONSOLE, 1)
    world.store.relock(key, None)
    assert world.run().outcome == RunOutcome.PURGED
    assert len(world.store.history(key)) == 2
    audit_checkpoint(world, key)


def test_a_checkpoint_that_is_encrypted_with_a_deletable_key_is_no_evidence() -> None:
    world = dead_after_the_first_checkpoint()
    key = checkpoint_key(CONSOLE, 1)
    world.store.encrypt(key, "aws:kms")
    assert world.run().outcome == RunOutcome.PURGED
    assert [stored.encryption for stored in world.store.history(key)] == ["aws:kms", "AES256"]


def test_a_bucket_that_encrypts_otherwise_what_is_put_over_garbage_is_found() -> None:
    world = signing_world()
    plant(world, b"nonsense")
    world.store.encrypts_with = {KEY: "aws:kms"}
    with pytest.raises(IntegrityError, match="is stored with aws:kms"):
        world.run()
    assert world.posts == []


def test_a_bucket_that_keeps_no_lock_on_what_is_put_over_garbage_is_found() -> None:
    world = signing_world()
    plant(world, b"nonsense")

    def drop() -> None:
        world.store.relock(KEY, None)

    with pytest.raises(IntegrityError, match="without an object lock"):
        world.run(After("FakeStore.put", drop, number=2))
    assert world.posts == []


class After(CallLog):
    """Something happens once, right after a certain call of a name."""

    def __init__(self, name: str, what: Callable[[], object], *, number: int) -> None:
        super().__init__()
        self._name, self._what, self._left = name, what, number

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = super().call(name, function, *args, **kwargs)
        self._left -= name == self._name
        if name == self._name and not self._left:
            self._what()
        return result


def test_another_key_that_begins_alike_is_no_checkpoint() -> None:
    world = dead_after_the_first_checkpoint()
    key = checkpoint_key(CONSOLE, 1)
    (true,) = world.store.history(key)
    world.store.lose(key, true.version_id)
    world.store.add(f"{key}.old", true)
    assert world.run().outcome == RunOutcome.PURGED
    audit_checkpoint(world, key)


def test_two_runs_that_sign_what_a_dead_one_left_agree() -> None:
    """Each finds no checkpoint; the slower one reads back the other's, which was locked a second earlier."""
    world, twin = signing_world(), signing_world()
    log = CallLog()
    twin.run(log)
    with pytest.raises(CrashError):
        world.run(CallLog(log.calls.index("FakeSigner.sign") + 1, "before"))
    world.free_lease()

    def rival() -> None:
        world.free_lease()
        world.run()
        world.later(1)

    assert world.run(Meanwhile("FakeSigner.sign", rival)).outcome in {RunOutcome.IDLE, RunOutcome.SUPERSEDED}
    audit(world)


def test_of_a_console_that_does_not_answer_nothing_is_ever_stated() -> None:
    """A mistyped id is no Console: a statement of it would stay for ever."""
    world = signing_world()
    world.reader.hooks["peek"] = refuse
    with pytest.raises(ConsoleAuthError):
        world.run()
    assert world.store.keys("") == []
    assert world.ledger.head(CONSOLE) is None


def refuse() -> None:
    raise ConsoleAuthError("Unauthorized")
