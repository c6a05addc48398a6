"""`canary-audit fleet`: what the check left, a link to its page, and what is told where there is none."""

import json
import webbrowser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from audit_archive.audit.fleet_page import FleetFacts
from audit_archive.audit.fleet_publish import fleet_data
from audit_archive.format.layout import FLEET_DATA_KEY, FLEET_PAGE_KEY
from cli.exits import Exit
from cli.fleet import opened_in_browser, row_of
from cli.main import main
from cli.options import Chosen
from tests.support.fakes import FakeClock
from tests.support.fleet_samples import NOW, console, mixed

SICK = fleet_data(FleetFacts("a-stack", NOW, tuple(mixed())))
WELL = fleet_data(FleetFacts("a-stack", NOW, (console("1234abcd", entries=[1] * 30),)))
LINK, UNTIL = "https://reports.example/fleet/index.html?X-Amz-Signature=x", NOW + 900


class Deployed(Chosen):
    """A stack in whose reports bucket lies what a check left."""

    def __init__(self, data: dict[str, Any] | None, page_fault: str | None = None) -> None:
        super().__init__()
        self.data, self.page_fault, self.asked = data, page_fault, list[Any]()
        self.clock = FakeClock(NOW)

    @property
    def stack(self) -> Any:
        return self

    invoker = stack

    def client(self, service: str) -> Any:
        assert service == "s3"
        return self

    def output(self, name: str) -> str:
        return name

    def get_object(self, **asked: str) -> dict[str, Any]:
        assert asked == {"Bucket": "ReportsBucket", "Key": FLEET_DATA_KEY}
        if self.data is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": BytesIO(json.dumps(self.data).encode())}

    def page_link(self, key: str) -> tuple[str, int]:
        assert key == FLEET_PAGE_KEY
        return LINK, UNTIL

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append((asked["FunctionName"], json.loads(asked["Payload"])))
        self.data = WELL
        return {"Payload": BytesIO(json.dumps({"page_fault": self.page_fault}).encode())}


def fleet(stack: Deployed, *options: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, ["fleet", *options], obj=stack)


def test_what_the_check_found_is_shown_the_gravest_first() -> None:
    shown = fleet(Deployed(SICK))
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert rows == SICK["consoles"]
    assert [each["health"] for each in rows][:2] == ["faults", "failing"]
    told = row_of(rows[1])
    assert told["why"].startswith("the run of 2026-12-01T")
    assert told["entries"] == sum(rows[1]["entries"]["entries"])
    assert shown.stderr == "6 of 7 Consoles need a person, as of 2026-12-01T07:47:00Z.\n"
    assert shown.exit_code == Exit.FAULTS
    assert fleet(Deployed(WELL)).exit_code == Exit.DONE


def test_json_is_what_the_check_wrote() -> None:
    shown = fleet(Deployed(SICK), "--json")
    assert (json.loads(shown.stdout), shown.exit_code) == (SICK, Exit.FAULTS)


def test_a_link_to_the_page_is_told_with_its_end() -> None:
    shown = fleet(Deployed(SICK), "--open")
    assert (shown.stdout, shown.exit_code) == (f"{LINK}\n", Exit.DONE)
    assert "The link works until 2026-12-01T08:02:00Z at most, for whoever has it." in shown.stderr
    told = json.loads(fleet(Deployed(SICK), "--open", "--json").stdout)
    assert told == {"link": LINK, "works_until": "2026-12-01T08:02:00Z", "checked_at": SICK["checked_at"]}


def test_without_a_check_it_says_how_to_make_one() -> None:
    shown = fleet(Deployed(None))
    assert shown.exit_code == Exit.NOT_THERE
    assert "canary-audit fleet --now" in shown.stderr


def test_now_checks_first() -> None:
    stack = Deployed(None)
    assert fleet(stack, "--now").exit_code == Exit.DONE
    assert stack.asked == [("VerifyFunction", {"fleet": True})]
    refused = fleet(Deployed(None, page_fault="AccessDenied"), "--now")
    assert (refused.exit_code, "AccessDenied" in refused.stderr) == (Exit.FAILED, True)


def test_a_browser_is_opened_if_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{told}"\n')
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(program))
    monkeypatch.setattr(webbrowser, "_tryorder", None)  # it reads BROWSER once in a process
    assert opened_in_browser(LINK)
    assert told.read_text() == LINK
