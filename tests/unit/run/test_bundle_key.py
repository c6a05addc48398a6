"""An operator states in the chain which key signs bundles; nothing else changes by it."""

from dataclasses import replace

import pytest

from audit_archive.errors import RequestError
from audit_archive.format.facts import Action
from audit_archive.format.statement import OperatorStatement, bundle_key_named_by, key_named_by
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.fakes import FakeSigner
from tests.support.world import CONSOLE, World, ready

DECISION = OperatorRequest(CONSOLE, Action.BUNDLE_KEY, "ada", "from here on")


def archived() -> World:
    world = ready()
    world.signer, world.bundle_signer = FakeSigner(), FakeSigner()
    world.run()
    return world


def test_the_chain_names_the_key() -> None:
    world = archived()
    before = world.head
    assert state_decision(world.bound(), DECISION).outcome == "stated"
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert world.bundle_signer is not None
    assert bundle_key_named_by(said) == world.bundle_signer.public_key()
    assert key_named_by(said) is None, "it signs no checkpoint"
    unchanged = replace(world.head, seq=before.seq, statement=before.statement)
    assert unchanged == before


def test_runs_go_on_after_it() -> None:
    world = archived()
    state_decision(world.bound(), DECISION)
    world.aged(2)
    world.later()
    assert world.run().highest_archived_id == world.trail.last_id - 1


def test_there_must_be_a_key_and_an_archive() -> None:
    world = archived()
    world.bundle_signer = None
    with pytest.raises(RequestError, match="this stack signs no bundles: deploy with SignBundles=true"):
        state_decision(world.bound(), DECISION)
    empty = World()
    empty.bundle_signer = FakeSigner()
    with pytest.raises(RequestError, match="nothing is archived of Console 1234abcd: run it first"):
        state_decision(empty.bound(), DECISION)
