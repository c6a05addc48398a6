"""The commands of the pages, typed one after the other against the deployed stack, the runbook's first."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.restraint import RestraintOf
from cli.main import main
from local.aws import Laptop
from local.aws.child import Child
from local.aws.console import PURGE_KEY, READ_KEY
from local.aws.sam import ROOT, STACK
from tests.support.aws_at_hand import READY, put
from tests.support.pages import PAGES, shell_of, typed_on
from tests.system.conftest import OwnConsole

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
    "bundle-key 1234abcd": "test_cli.py types it",
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


NOT_IN_A_SHELL = {"execute-change-set": "the emulator knows no drift"}
"""Blocks of the runbook that are not run, by a word in them, and why."""


def blocks() -> list[str]:
    """The blocks of the runbook with commands of the AWS CLI, in its order."""
    text = (ROOT / "docs/operations.md").read_text()
    return [shell.text for shell in shell_of(text, "aws") if "aws " in shell.text and not shell.is_inline]


class Typist:
    """Somebody at a terminal who types what a page says, and means the Consoles that are there."""

    def __init__(self, env: dict[str, str], consoles: tuple[str, ...]) -> None:
        self.env = dict(env)
        self.consoles = consoles
        self._meant = {**dict(zip(NAMED, consoles, strict=True)), "N": "1"}
        for line in self.enter(("env",)).stdout.splitlines():
            name, _, value = shlex.split(line)[1].partition("=")
            self.env[name] = value

    def enter(self, words: Line) -> Result:
        """Type a command, and answer each question with yes; who and why are asked for at a terminal."""
        meant = [each if "--folder" in words else self._meant.get(each, each) for each in words]
        runner = CliRunner(mix_stderr=False, env=self.env)
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
        consoles = [running.enter_context(OwnConsole(10, years=0.02)) for _ in NAMED]
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


@pytest.mark.wide
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


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_every_block_of_the_runbook_with_the_aws_cli_runs(
    typist: Typist, laptop: Laptop, tmp_path: Path
) -> None:
    first, bucket = typist.consoles[0], laptop.stack.bucket
    file = next(laptop.stack.objects(f"entries/console={first}/"))
    day = file.key.split("dt=")[1][:10]
    marker = laptop.aws.s3.delete_object(Bucket=bucket, Key=file.key)["VersionId"]
    (tmp_path / "events").symlink_to(ROOT / "events")
    env = typist.env | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NO_PROXY": "*"}
    aws = laptop.folder / "aws-at-hand"  # a short path: that of a socket has little room
    put(tmp_path, aws)
    wrong = list[str]()
    assert len(blocks()) > 7
    with Child(
        name="aws",
        command=[sys.executable, "-m", "tests.support.aws_at_hand", str(aws)],
        log=laptop.folder / "aws-at-hand.log",
        env=env,
        cwd=ROOT,
        ready=lambda output: READY in output,
    ):
        for block in blocks():
            if any(word in block for word in NOT_IN_A_SHELL):
                continue
            meant = re.sub(r"^KEY=entries.*", f"KEY={file.key}", block, flags=re.MULTILINE)
            for said, there in ((NAMED[0], first), (NAMED[1], first), ("2026-11-20", day)):
                meant = meant.replace(said, there)
            keys = f'KEY="{file.key}"; VERSION_ID="{file.version_id}"\n'
            command = ["bash", "-euo", "pipefail", "-c", keys + meant]
            ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)  # noqa: S603
            if (ran.returncode, ran.stderr) != (0, ""):
                wrong.append(f"{block}ended with {ran.returncode}: {ran.stderr[-300:]}")
    assert wrong == []
    there_now = laptop.aws.s3.list_object_versions(Bucket=bucket, Prefix=file.key)
    assert marker not in {each["VersionId"] for each in there_now.get("DeleteMarkers", [])}
    assert typist.enter(("verify", NAMED[0], "--depth", "content")).exit_code == 0
    assert all(any(word in block for block in blocks()) for word in NOT_IN_A_SHELL)
