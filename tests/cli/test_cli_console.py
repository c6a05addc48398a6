"""The command's checks of a Console's schedule before AWS is asked for anything, and where it puts keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from audit_archive.config import Settings
from cli.exits import Exit
from cli.key_files import put_key
from cli.main import main
from cli.stack import CloudError
from tests.support.stubbed import answering, failing


def add(*options: str) -> str:
    """What `console add` says when it refuses its options."""
    arguments = ["console", "add", "5678efab", *options]
    answer = CliRunner(mix_stderr=False).invoke(main, arguments, prog_name="canary-audit")
    assert answer.exit_code == Exit.USAGE
    return answer.stderr


def test_a_schedule_needs_its_period() -> None:
    assert "A schedule needs its period, --period-hours" in add("--schedule", "rate(7 days)")


def test_a_period_that_is_shorter_than_the_schedule_s_gap_is_refused() -> None:
    said = add("--schedule", "cron(0 3 ? * MON *)", "--period-hours", "24")
    assert "A period of 24 hours is too short: cron(0 3 ? * MON *) leaves up to 168 hours" in " ".join(
        said.split()
    )


@pytest.mark.parametrize(
    "data", [b"", b"two words", b"k\x00y", b'"quoted"', b'{"key":"k"}', b"\x30\x82\xff", b"k" * 2_000_000]
)
def test_a_file_that_is_not_an_api_key_is_refused_and_not_quoted(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(data)
    for option in ("--read-key-file", "--purge-key-file"):
        said = add(option, str(tmp_path / "key"))
        assert "must hold the API key and nothing else." in " ".join(said.split())
        assert len(said) < 500


class Deployed:
    """As much of a stack as it takes to put a key."""

    def __init__(self, client: Any) -> None:
        variables = {"ARCHIVE_BUCKET": "b", "LEDGER_TABLE": "t", "SECRET_PREFIX": "p", "PURGE_MODE": "off"}
        self.settings = Settings.from_environment(variables | {"KEY_STORE": "parameter-store"})
        self._client = client

    def client(self, service: str) -> Any:
        assert service == "ssm"
        return self._client

    def secret(self, console: str, use: str) -> str:
        return self.settings.key_name(console, use)


@contextmanager
def parameters(version: int) -> Iterator[Any]:
    with answering("ssm", ("put_parameter", {"Version": version, "Tier": "Standard"})) as client:
        asked: list[dict[str, Any]] = []
        client.meta.events.register("provide-client-params.ssm.PutParameter",
                                    lambda params, **_: asked.append(dict(params)))  # fmt: skip
        client.asked = asked
        yield client


@pytest.mark.parametrize(("version", "outcome"), [(1, "created"), (2, "has a new value")])
def test_a_key_is_put_encrypted_where_the_stack_reads_it(version: int, outcome: str) -> None:
    with parameters(version) as client:
        deployed: Any = Deployed(client)
        assert put_key(deployed, "5678efab", "read", "the-key") == outcome
    (asked,) = client.asked
    assert asked["Name"] == "/p/5678efab/read"
    assert (asked["Value"], asked["Type"], asked["Tier"]) == ("the-key", "SecureString", "Standard")
    assert asked["Overwrite"] is True


def test_a_parameter_that_cannot_be_put_is_named_and_its_key_is_not() -> None:
    with failing("ssm", "put_parameter", "AccessDeniedException") as client:
        deployed: Any = Deployed(client)
        with pytest.raises(CloudError, match="/p/5678efab/purge can't be written") as caught:
            put_key(deployed, "5678efab", "purge", "the-key")
    assert "the-key" not in str(caught.value)
