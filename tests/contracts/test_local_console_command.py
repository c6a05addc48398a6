"""`python -m local.console` as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
KEY = "hush-hush"


def command(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-W", "error", "-m", "local.console", *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(
    *arguments: str, env: Mapping[str, str] | None = None, by: signal.Signals = signal.SIGTERM
) -> Iterator[str]:
    """Gives the URL. At the end it must stop cleanly, having said no key."""
    with command(*arguments, env=env) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        try:
            yield said.split()[2]
        finally:
            process.send_signal(by)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert KEY not in said + err


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_made_up_entries_until_it_is_told_to_end(by: signal.Signals) -> None:
    with running("--generate", "120", "--read-key", KEY, "--verbose", by=by) as url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        page = requests.get(
            url + "/api/v1/audit_trail/fetch", params={"auth_token": KEY, "limit": "1"}, timeout=10
        )
        assert page.json()["page_count"] == 120


def test_it_serves_a_file_and_takes_keys_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "entries.ndjson"
    path.write_text('{"id": 4, "flock_id": "flock:a"}\n{"id": 9}\n')
    env = {"CONSOLE_READ_KEY": KEY, "CONSOLE_ADMIN_KEY": KEY + "-admin", "CONSOLE_FLOCK_KEY": KEY + "-flock"}
    with running("--entries", str(path), "--flock", "flock:a", env=env) as url:
        counts = []
        for key in env.values():
            headers = {"X-Canary-Auth-Token": key}
            page = requests.get(
                url + "/api/v1/audit_trail/fetch", headers=headers, params={"limit": 1}, timeout=10
            )
            counts.append(page.json()["page_count"])
        assert counts == [2, 2, 1]
        purge = requests.post(
            url + "/api/v1/audit_trail/purge", data={"id": 4, "auth_token": KEY + "-admin"}, timeout=10
        )
        assert purge.json()["msg"] == "1 logs purged successfully"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no key: give --read-key"),
        (("--read-key", "k", "--entries", "/nowhere.ndjson"), "/nowhere.ndjson"),
        (("--read-key", "k", "--port", "{taken}"), "Address already in use"),
    ],
)
def test_it_says_why_it_cant_begin(arguments: tuple[str, ...], told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        filled = [argument.format(taken=port) for argument in arguments]
        with command(*filled, env={"CONSOLE_READ_KEY": "", "CONSOLE_ADMIN_KEY": ""}) as process:
            _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert told in err
    assert "Traceback" not in err


def test_help_names_every_option_and_the_environment() -> None:
    with command("--help") as process:
        out, _ = process.communicate(timeout=20)
    for word in ("--port", "--entries", "--generate", "--read-key", "--admin-key", "--arrivals-per-minute"):
        assert word in out
    assert "CONSOLE_ADMIN_KEY" in out
    assert "/_local/faults" in out
