"""The desk: every answer as plain JSON, with the question, who asked, and a link that works for a while."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any, BinaryIO, cast

import pytest

from audit_archive.adapters.machine import find_zone
from audit_archive.adapters.signing import is_signed
from audit_archive.answer_ports import Handouts, LinksLast
from audit_archive.answers import Invocation
from audit_archive.desk import Desk
from audit_archive.errors import RequestError, SettingsError
from audit_archive.evidence.bundle import BundleTools
from audit_archive.format.facts import IdSpan
from audit_archive.retrieve.request import parse_request
from tests.support.archives import state_archive, stored_export
from tests.support.asking import ASKED_AT, assert_nothing_open, reader_of
from tests.support.fakes import FakeReports
from tests.support.world import CONSOLE, DAY, World

HANDOUTS = Handouts(b"print('valid')", "", "")
INVOCATION = Invocation("arn:aws:lambda:eu-west-1:111122223333:function:retrieve", "request-1", "0.2.0")


@pytest.fixture
def world() -> World:
    """Two entries, archived and purged."""
    world = World()
    world.aged(2)
    world.run()
    return world


def desk(world: World, links_last: LinksLast = lambda wanted: wanted) -> Desk:
    return Desk(
        tools=BundleTools(reader_of(world), is_signed, HANDOUTS),
        reports=FakeReports(),
        link_export=lambda key, version_id, seconds: f"fake://{key}?{version_id}&{seconds}",
        link_seconds=900,
        links_last=links_last,
        invocation=INVOCATION,
    )


def ask(at: Desk, **question: Any) -> dict[str, Any]:
    answer = at.answer(parse_request(question, find_zone, ASKED_AT))
    assert json.loads(json.dumps(answer)) == answer
    assert_nothing_open(at.reader)
    return answer


def test_an_answer_repeats_the_question_and_says_who_asked_when_and_what_answered(world: World) -> None:
    question = {
        "request": "entries",
        "console": CONSOLE,
        "from": "2026-11-23",
        "who": "ada",
        "reason": "4711",
    }
    answer = ask(desk(world), **question)
    assert answer["question"] == question
    assert answer["asked"] == {
        "at": "2026-11-23T08:00:00Z",
        "who": "ada",
        "reason": "4711",
        "invoked_by": INVOCATION.invoked_by,
        "request_id": "request-1",
        "version": "0.2.0",
    }
    assert answer["resolved"] == {"start": "2026-11-23T00:00:00Z", "end": None}
    assert list(answer)[:4] == ["question", "asked", "outcome", "sentence"]


def test_both_forms_are_beside_the_entries_if_they_are_asked_for(world: World) -> None:
    export = stored_export(world, [{"id": 1, "user": "eve"}, {"id": 2}])
    state_archive(world, export=export, amended=(IdSpan(1, 1),))
    at = desk(world)
    answer = ask(at, request="entries", console=CONSOLE, forms=True, last_id=2)
    (form,) = answer["forms"]
    assert (form["id"], form["other"]) == (1, '{"id":1,"user":"eve"}')
    assert (form["export_key"], form["export_version_id"]) == (export.key, export.version_id)
    plain = ask(at, request="entries", console=CONSOLE, last_id=2)
    assert "forms" not in plain
    assert plain["report"]["sha256"] == answer["report"]["sha256"]
    assert plain["coverage"]["amended"] == answer["coverage"]["amended"]
    with pytest.raises(RequestError, match="true or false"):
        parse_request({"request": "entries", "console": CONSOLE, "forms": "yes"}, find_zone, ASKED_AT)


def test_entries_are_put_where_whoever_asked_can_fetch_them(world: World) -> None:
    at = desk(world)
    report = ask(at, request="entries", console=CONSOLE, format="csv")["report"]
    assert isinstance(at.reports, FakeReports)
    data = at.reports.fetch(report.pop("link"))
    digest = sha256(data).hexdigest()
    assert report == {
        "format": "csv",
        "size": len(data),
        "sha256": digest,
        "key": f"reports/console={CONSOLE}/20261123T080000Z-{digest[:16]}.csv",
        "link_expires_at": "2026-11-23T08:15:00Z",
    }
    assert at.reports.reports[report["key"]].content_type == "text/csv; charset=utf-8"
    assert len(data.splitlines()) == 3


def test_actions_that_ocsf_does_not_know_are_in_the_answer(world: World) -> None:
    world.trail.arrive(2, action_type="settings_change")
    world.later(DAY)
    world.run()
    answer = ask(desk(world), request="entries", console=CONSOLE, format="ocsf")
    assert answer["unknown_actions"] == {"settings_change": 2}
    assert "unknown_actions" not in ask(desk(world), request="entries", console=CONSOLE)
    none = ask(desk(world), request="entries", console=CONSOLE, format="ocsf", user="x y z")
    assert none["unknown_actions"] == {}


def test_where_nothing_is_found_nothing_is_put(world: World) -> None:
    at = desk(world)
    answer = ask(at, request="entries", console=CONSOLE, user="nobody")
    assert (answer["outcome"], answer["report"]) == ("none_found", None)
    assert isinstance(at.reports, FakeReports)
    assert at.reports.reports == {}
    assert ask(at, request="entries", console="other")["outcome"] == "nothing_archived"


def test_the_same_question_has_the_same_answer_but_for_its_own_time(world: World) -> None:
    question = {"request": "entries", "console": CONSOLE, "to": "2026-11-22"}
    first = ask(desk(world), **question)
    world.later(DAY)
    second = ask(desk(world), **question)
    assert first.pop("asked") != second.pop("asked")
    assert first == second


def test_an_export_comes_with_what_its_statement_says_and_a_link_to_that_version(world: World) -> None:
    facts = world.last().export
    answer = ask(desk(world), request="export", console=CONSOLE, id=2)
    (export,) = answer["exports"]
    assert export["link"] == f"fake://{facts.key}?{facts.version_id}&900"
    assert (export["key"], export["version_id"], export["sha256"]) == (
        facts.key,
        facts.version_id,
        facts.sha256,
    )
    assert (export["epoch"], export["statements"], export["absence"]) == (1, [1], None)
    assert export["link_expires_at"] == "2026-11-23T08:15:00Z"
    world.store.lose(facts.key, facts.version_id)
    (gone,) = ask(desk(world), request="export", console=CONSOLE, date="2026-11-23")["exports"]
    assert (gone["absence"], gone["link"], gone["link_expires_at"]) == ("removed", None, None)


def test_a_link_is_signed_and_stated_for_no_longer_than_its_credentials_last(world: World) -> None:
    def links_last(wanted: int) -> int:
        world.clock.sleep(5)  # as a refresh of credentials may take
        return min(wanted, 60)

    at = desk(world, links_last)
    (export,) = ask(at, request="export", console=CONSOLE, id=2)["exports"]
    assert export["link"].endswith("&60")
    assert export["link_expires_at"] == "2026-11-23T08:01:00Z"  # not from after it was signed
    report = ask(at, request="entries", console=CONSOLE)["report"]
    assert report["link"].endswith("seconds=60")
    assert report["link_expires_at"] == "2026-11-23T08:01:05Z"


def test_status_is_an_answer_too(world: World) -> None:
    (told,) = ask(desk(world), request="status")["consoles"]
    assert (told["console"], told["highest_archived_id"], told["verified_at"]) == (CONSOLE, 2, None)


def test_a_full_disk_says_what_to_do(world: World) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    reader = replace(reader_of(world), scratch=lambda: cast("BinaryIO", Full()))
    question = {"request": "entries", "console": CONSOLE}
    with pytest.raises(SettingsError, match=r"No space left on device.*ephemeral storage"):
        replace(desk(world), tools=BundleTools(reader, is_signed, HANDOUTS)).answer(
            parse_request(question, find_zone, ASKED_AT)
        )


def test_without_time_the_question_is_refused_not_answered_in_part(world: World) -> None:
    at = desk(world)
    world.clock.left = 10
    with pytest.raises(RequestError, match="raise the timeout"):
        ask(at, request="entries", console=CONSOLE)


def test_an_answer_that_is_longer_than_lambda_returns_is_put_where_it_can_be_fetched(world: World) -> None:
    export = stored_export(world, [{"id": 1, "message": "x" * 900_000}, {"id": 2}])
    state_archive(world, export=export, amended=(IdSpan(1, 1),))
    at = desk(world)
    question = {"request": "entries", "console": CONSOLE, "forms": True, "last_id": 2}
    short = ask(at, **question)
    assert "whole_answer" not in short
    world.trail.arrive(7, message="y" * 900_000)
    world.later(DAY)
    world.run()
    newest = world.trail.last_id
    export = stored_export(world, [{"id": i, "message": "z"} for i in range(1, newest + 1)])
    state_archive(world, export=export, amended=(IdSpan(1, newest),))
    answer = ask(at, request="entries", console=CONSOLE, forms=True)
    assert list(answer) == ["question", "asked", "outcome", "sentence", "whole_answer"]
    assert isinstance(at.reports, FakeReports)
    whole = answer["whole_answer"]
    data = at.reports.fetch(whole["link"])
    assert (len(data), sha256(data).hexdigest()) == (whole["size"], whole["sha256"])
    assert whole["key"].startswith(f"reports/console={CONSOLE}/")
    assert len(json.loads(data)["forms"]) >= 7
    assert json.loads(data)["sentence"] == answer["sentence"]
