"""The contract of Console and PurgingConsole: FakeConsole, and HttpConsole over HTTP in both key styles."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, Protocol
from zipfile import ZipFile

import pytest

from audit_archive.adapters.console.http import HttpPurgingConsole
from audit_archive.errors import ConsoleAuthError
from audit_archive.format.facts import AuthStyle
from audit_archive.ports import Peek, PurgeAnswer, PurgingConsole
from local.console import ConsoleServer, Trail
from local.console.faults import CappedExport, NoPageCount, NoReceipt, NullList, ResetAfter, ResetBefore
from tests.support.fakes import FakeClock, FakeConsole, FakeKey, FakeTrail

READ_KEY, ADMIN_KEY = "read-key-0001", "admin-key-0001"


class SomeTrail(Protocol):
    """What both trails can do."""

    def arrive(self, count: int = 1) -> Any:
        """So many entries are written."""
        ...

    def skip(self, count: int = 1) -> None:
        """Ids are not issued."""
        ...


@dataclass
class Subject:
    """A Console with 250 entries, as the reading and as the purging key see it, and how to disturb it."""

    reader: PurgingConsole
    purger: PurgingConsole
    trail: SomeTrail
    fake: FakeConsole | None
    server: ConsoleServer | None

    def ids(self) -> list[int]:
        return [entry["id"] for entry in self.reader.entries_above(0)]

    def exported(self) -> list[dict[str, Any]]:
        spool = BytesIO()
        self.reader.download(spool)
        return entries_in(spool.getvalue())


@pytest.fixture(params=["fake", "header", "query"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        yield _fake()
        return
    with ConsoleServer(Trail.generated(250, seed=7), read_key=READ_KEY, admin_key=ADMIN_KEY) as server:
        reader, purger = (
            HttpPurgingConsole(server.url, FakeKey(key), request.param, FakeClock())
            for key in (READ_KEY, ADMIN_KEY)
        )
        yield Subject(reader, purger, server.trail, None, server)
        assert server.crashes == []


def _fake() -> Subject:
    trail = FakeTrail(FakeClock())
    trail.arrive(250)
    reader, purger = FakeConsole(trail), FakeConsole(trail)
    reader.can_purge = False
    return Subject(reader, purger, trail, purger, None)


def entries_in(export: bytes) -> list[dict[str, Any]]:
    with ZipFile(BytesIO(export)) as archive:
        (name,) = archive.namelist()
        entries: list[dict[str, Any]] = json.loads(archive.read(name))
        return entries


def test_peek_shows_the_newest_entry_and_how_many_there_are(subject: Subject) -> None:
    peek = subject.reader.peek()
    assert peek.newest is not None
    assert (peek.newest["id"], peek.population) == (250, 250)
    subject.trail.skip(10)
    subject.trail.arrive(2)
    peek = subject.reader.peek()
    assert peek.newest is not None
    assert (peek.newest["id"], peek.population) == (262, 252)


def test_an_empty_trail_has_no_newest_entry(subject: Subject) -> None:
    _empty(subject)
    assert subject.reader.peek() == Peek(None, 0)
    assert subject.ids() == []
    assert subject.exported() == []


def test_an_empty_list_may_come_as_null(subject: Subject) -> None:
    if subject.server is not None:
        subject.server.faults.add(NullList(), times=None)
    _empty(subject)
    assert subject.reader.peek().newest is None
    assert subject.ids() == []


def test_the_population_may_be_untold(subject: Subject) -> None:
    if subject.fake is not None:
        subject.fake.tells_population = False
    if subject.server is not None:
        subject.server.faults.add(NoPageCount(), times=None)
    assert subject.purger.peek().population is None


@pytest.mark.parametrize("above", [0, 1, 100, 149, 150, 151, 249, 250, 2**63 - 1])
def test_entries_above_an_id_come_newest_first_over_all_pages(subject: Subject, above: int) -> None:
    ids = [entry["id"] for entry in subject.reader.entries_above(above)]
    assert ids == list(range(250, above, -1))


def test_entries_come_with_all_their_fields(subject: Subject) -> None:
    (newest,) = subject.reader.entries_above(249)
    assert newest == subject.reader.peek().newest
    assert {"timestamp", "action_type", "message", "user", "user_ip"} <= newest.keys()


def test_a_download_is_written_from_the_start_hashed_and_dated(subject: Subject) -> None:
    spool = BytesIO(b"left over from an earlier attempt" * 10_000)
    spool.seek(5)
    download = subject.reader.download(spool)
    data = spool.getvalue()
    assert (download.size, download.sha256) == (len(data), sha256(data).hexdigest())
    assert download.served_at is not None
    assert spool.tell() == 0
    assert sorted(entry["id"] for entry in entries_in(data)) == list(range(1, 251))


def test_a_purge_deletes_up_to_and_including_the_id_and_leaves_a_receipt(subject: Subject) -> None:
    assert subject.purger.purge(72) == PurgeAnswer("72 logs purged successfully", 72)
    assert subject.ids() == list(range(251, 72, -1))
    (receipt,) = subject.reader.entries_above(250)
    assert receipt["action_type"] == "audit_trail_purge"
    assert receipt["message"] == "Successfully purged 72 logs before id:72"


def test_a_second_purge_counts_only_what_it_destroys(subject: Subject) -> None:
    subject.purger.purge(72)
    assert subject.purger.purge(80).count == 8
    assert subject.purger.purge(80).count == 0


def test_a_key_that_may_not_purge_is_refused_and_nothing_happens(subject: Subject) -> None:
    with pytest.raises(ConsoleAuthError):
        subject.reader.purge(72)
    assert len(subject.ids()) == 250


def test_a_purge_may_leave_no_receipt(subject: Subject) -> None:
    if subject.fake is not None:
        subject.fake.writes_receipt = False
    if subject.server is not None:
        subject.server.faults.add(NoReceipt())
    assert subject.purger.purge(72).count == 72
    assert subject.ids() == list(range(250, 72, -1))


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_lost_answer_says_nothing_and_is_no_error(subject: Subject, carried_out: bool) -> None:
    if subject.fake is not None:
        subject.fake.answers = False
        subject.fake.carries_out = carried_out
    if subject.server is not None:
        subject.server.faults.add(ResetAfter() if carried_out else ResetBefore(), endpoint="purge")
    assert subject.purger.purge(72) == PurgeAnswer(None, None)
    assert len(subject.ids()) == (179 if carried_out else 250)
    if subject.server is not None:
        posts = [seen for seen in subject.server.requests if seen.method == "POST"]
        assert len(posts) <= 1, "a purge must never be sent twice"


def test_an_export_may_be_capped_though_the_population_is_not(subject: Subject) -> None:
    if subject.server is not None:
        subject.server.faults.add(CappedExport(newest=100))
    else:
        assert isinstance(subject.reader, FakeConsole)
        subject.reader.export_limit = 100
    assert sorted(entry["id"] for entry in subject.exported()) == list(range(151, 251))
    assert subject.reader.peek().population == 250


def _empty(subject: Subject) -> None:
    trail: Any = subject.trail
    trail.reset()


@pytest.mark.wide
def test_a_page_of_more_than_64_mb_is_asked_for_smaller_and_no_entry_is_lost() -> None:
    """Half of them at once are few enough."""
    trail = Trail()
    for _ in range(70):
        trail.write("settings_change", "Long", additional_information="x" * 1_000_000)
    with ConsoleServer(trail, read_key=READ_KEY, admin_key=ADMIN_KEY) as server:
        console = HttpPurgingConsole(server.url, FakeKey(READ_KEY), AuthStyle.HEADER, FakeClock())
        assert [entry["id"] for entry in console.entries_above(0)] == list(range(70, 0, -1))
        assert [str(seen.parameters["limit"]) for seen in list(server.requests)[:2]] == ["100", "50"]
