"""The commands of the pages, typed one after the other against the deployed stack, the runbook's first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.restraint import RestraintOf
from cli.main import main
from local.aws import Laptop, LocalConsole
from local.aws.console import PURGE_KEY, READ_KEY
from local.aws.sam import ROOT, STACK
from tests.support.pages import PAGES, typed_on

pytestmark = pytest.mark.timeout(600)  # each command has a start of a function behind it

Line: TypeAlias = tuple[str, ...]
NAMED = ("1234abcd", "5678efab", "9abcdef0")
"""The Consoles of the pages."""

NOT_RUN = {
    "init": "it deploys a stack: test_init.py",
    "init 1234abcd --lock GOVERNANCE --email you@example.com": "the same",
    "init 1234abcd --read-key-file read.txt --lock GOVERNANCE --yes --json": "the same",
    "adopt --stack canary-audit-archive --bucket '$BUCKET' --ledger '$TABLE' --key '$KEY'": "it needs what a "
    "deleted stack left: test_coming_back.py",
    "adopt --bucket my-bucket --ledger my-table --key 1234abcd-12ab-34cd-56ef-1234567890ab": "the same",
    "verify 1234abcd --depth content --since kept/checkpoints/...": "the dots stand for a file",
    "bundle-key 1234abcd --who you@example.com --reason 'what you found out'": "test_cli.py types it",
    "hold set 1234abcd --all --who ann --reason 'case 4711'": "test_cli.py sets and releases a hold",
    "evidence 1234abcd --user alice@example.com --from 2026-03-01 --to 2026-03-31 --tz Europe/London "
    "--who ada@example.com --reason 'quarterly access review' --organisation 'Example AG' --sample 25 "
    "--seed 4711": "tests/cli makes such bundles",
}
"""Commands that are not typed here, and why."""

NOTHING_THERE = "the archive here does not reach it"
NOT_AUDITED = "no daily audit is on record"
ENDS: dict[str, tuple[set[int], str]] = {
    "fleet --now --json": ({0, 1}, "it tells of the Consoles of other tests, too"),
    "fleet --open": ({0, 5}, "another test may have made a fleet check before"),
    "export 1234abcd --id 1234": ({5}, NOTHING_THERE),
    "export 1234abcd --id 1200 --output .": ({5}, NOTHING_THERE),
    "export 1234abcd --date 2026-03-01 --tz Europe/London": ({5}, NOTHING_THERE),
    "proof 1234abcd --id 1200 --output .": ({5}, NOTHING_THERE),
    "evidence 1234abcd --from-id 1200 --to-id 1200 --who ada --reason 'incident 4711'": ({5}, NOTHING_THERE),
    "faults list 1234abcd": ({5}, NOT_AUDITED),
    "faults accept 1234abcd 3f6a91c2": ({5}, NOT_AUDITED),
    "resume 1234abcd": ({2}, "no mismatch holds purging back"),
    "accept 1234abcd --first 1 --last 40": ({2}, "no id is missing"),
    "ledger rebuild 1234abcd --lost-after N": ({2}, "the bucket holds every statement"),
    "hold release 1234abcd 812": ({5}, "statement 812 is not there"),
}
"""How a command ends that does not end with 0, without who and why, and the reason."""


def lines() -> list[Line]:
    """A command of each kind on the pages, in the order in which a reader meets them."""
    read = sorted(PAGES, key=lambda page: (page.name != "operations.md", page.name != "command-line.md"))
    texts = [(page.name, page.read_text()) for page in read if page.name != "CHANGELOG.md"]
    typed = [each for name, text in texts for each in typed_on(name, text) if not each.is_mention]
    chosen: list[Line] = []
    for each in typed:
        if not any(kind_of(each.words) <= kind_of(other) for other in chosen):
            chosen.append(each.words)
    return chosen


def kind_of(words: Line) -> frozenset[str]:
    """The names of a command and its options, without what it is done with, who and why.

    A command is not typed if another one has all of its names: that it can be typed, test_cli_pages.py says.
    """
    plain = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    names = {f"{n} {word}" for n, word in enumerate(words[:plain]) if re.fullmatch(r"[a-z-]+", word)}
    return frozenset(names | {word for word in words if word.startswith("--")} - {"--who", "--reason"})


def without_who(words: Line) -> str:
    """A command as a row of ENDS has it."""
    told = list(words)
    for option in ("--who", "--reason"):
        if option in told and "evidence" not in told:
            del told[told.index(option) : told.index(option) + 2]
    return shlex.join(told)


class Typist:
    """Somebody at a terminal who types what a page says, and means the Consoles that are there."""

    def __init__(self, env: dict[str, str], consoles: tuple[str, ...]) -> None:
        self._env = dict(env)
        self._meant = {**dict(zip(NAMED, consoles, strict=True)), "N": "1"}
        for line in self.enter(("env",)).stdout.splitlines():
            name, _, value = shlex.split(line)[1].partition("=")
            self._env[name] = value

    def enter(self, words: Line) -> Result:
        """Type a command, and answer each question with yes; who and why are asked for at a terminal."""
        meant = [each if "--folder" in words else self._meant.get(each, each) for each in words]
        runner = CliRunner(mix_stderr=False, env=self._env)
        ended = runner.invoke(main, meant, input="y\n" * 3, prog_name="canary-audit")
        if "Missing option '--who'" in ended.stderr:
            return self.enter((*words, "--who", "ann", "--reason", "as the page says"))
        return ended


@pytest.fixture
def typist(laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typist]:
    """Three Consoles, the first of which is archived; and the files that the pages name beside them."""
    monkeypatch.chdir(tmp_path)
    env = laptop.aws.env() | {"CANARY_AUDIT_STACK": STACK}
    with ExitStack() as running:
        consoles = [running.enter_context(LocalConsole(laptop.folder, 10, years=0.02)) for _ in NAMED]
        ids = tuple(each.id for each in consoles)
        put_files(tmp_path, ids)
        someone = Typist(env, ids)
        for words in (
            ("console", "add", NAMED[0], "--read-key-file", "read.txt", "--purge-key-file", "purge.txt"),
            ("run", NAMED[0], "--yes"),
            ("proof", NAMED[0], "--id", "8", "--output", "."),
            ("keys", NAMED[0], "--output", "."),
        ):
            assert someone.enter(words).exit_code == 0, words
        for kind in ("tlog-proof", "line"):
            (tmp_path / f"1-8.{kind}").rename(tmp_path / f"1-1200.{kind}")
        next(tmp_path.glob("signing-key-*.pem")).rename(tmp_path / "signing-key.pem")
        newest = max(laptop.stack.objects(f"checkpoints/console={ids[0]}/"), key=lambda each: each.key)
        (tmp_path / "kept.txt").write_bytes(laptop.stack.read(newest.key, newest.version_id))
        yield someone
        for name in NAMED:
            someone.enter(("console", "remove", name, "--also-locks"))
        DynamoDbLedger(laptop.aws.dynamodb, laptop.stack.outputs["LedgerTable"]).restrain(
            RestraintOf.STACK, "", None
        )


def put_files(folder: Path, ids: tuple[str, ...]) -> None:
    """What the pages say to have in the folder where one types."""
    for use, key in (("read", READ_KEY), ("purge", PURGE_KEY)):
        (folder / f"{use}.txt").write_text(key)
    (folder / "kept").mkdir()
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "copy-of-the-bucket").symlink_to(ROOT / "docs" / "example-archive")
    table = (ROOT / "docs/operations.md").read_text().partition("```text\nid,name,")[2].partition("```")[0]
    for name, console in zip(NAMED, ids, strict=True):
        table = table.replace(name, console)
        (folder / "keys" / console).mkdir(parents=True)
        (folder / "keys" / console / "read").write_text(READ_KEY)
    (folder / "consoles.csv").write_text(f"id,name,{table}")


def test_every_command_of_the_pages_ends_as_they_say(typist: Typist) -> None:
    wrong, ended = [], set()
    for words in lines():
        told = shlex.join(words)
        if told in NOT_RUN:
            continue
        ends = ENDS.get(without_who(words), ({0}, ""))[0]
        answer = typist.enter(words)
        ended.add(without_who(words))
        if answer.exit_code not in ends or "Traceback" in answer.stderr + answer.stdout:
            wrong.append(f"{told} ended with {answer.exit_code}, not {ends}: {answer.stderr[-300:]}")
    assert wrong == []
    assert set(ENDS) - ended == set()


def test_the_commands_that_are_not_typed_are_on_the_pages() -> None:
    assert set(NOT_RUN) <= {shlex.join(words) for words in lines()}
    assert len(lines()) > 35
