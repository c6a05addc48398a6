"""`proof --check`: what a proof proves to somebody who has a public key, and no AWS and no archive."""

import json
from base64 import b64encode
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from audit_archive.errors import command_url
from audit_archive.format.checkpoint import Checkpoint, EntryProof
from audit_archive.format.merkle import EMPTY_TREE
from cli.main import main
from tests.cli.test_cli_folder import CONSOLE, run
from tests.support.fakes import FakeSigner
from tests.support.merkle import grown

ENTRY, LEAF = 8, 5
KEY = "signing-key-733763c6.pem"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a proof, its line, the same as JSON, and the key."""
    folder = tmp_path_factory.mktemp("written")
    assert run("keys", CONSOLE, "--output", str(folder)).exit_code == 0
    asked = ("proof", CONSOLE, "--id", str(ENTRY))
    assert run(*asked, "--output", str(folder)).exit_code == 0
    (folder / "answer.json").write_text(run(*asked, "--json").stdout)
    return folder


@pytest.fixture
def made(written: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may alter."""
    return Path(copytree(written, tmp_path, dirs_exist_ok=True))


def check(place: object, *arguments: str, key: object = None, given: bytes | None = None) -> Result:
    """Ask for a check in a folder where nothing else is found: no stack, no archive."""
    keys = ("--key", str(key)) if key is not None else ()
    return CliRunner(mix_stderr=False).invoke(
        main, ["proof", "--check", str(place), *keys, *arguments], input=given, prog_name="canary-audit"
    )


def signed(line: bytes, signer: FakeSigner, console: str = CONSOLE) -> EntryProof:
    """The proof of the only line of an archive."""
    tree = grown(EMPTY_TREE, [line])
    checkpoint = Checkpoint(console, tree.size, tree.root, "cd" * 32)
    return EntryProof(0, (), checkpoint.signed(signer.public_key(), signer.sign(checkpoint.text())))


def pem(signer: FakeSigner, folder: Path) -> Path:
    path = folder / f"{signer.public_key().key_id.hex()}.pem"
    path.write_text(signer.public_key().pem())
    return path


def test_what_proof_writes_is_checked_with_the_key_alone(made: Path) -> None:
    answer = check(made / "1-8.tlog-proof", key=made / KEY)
    assert (answer.exit_code, answer.stdout.splitlines()[0].split()) == (0, ["Verdict", "proven"])
    said = answer.stderr.splitlines()
    assert said[0] == f"The line is that of {made / '1-8.line'}."
    assert said[1].startswith(
        f"Proven: The key 733763c6 signed a checkpoint of Console {CONSOLE} over 7 entries"
    )
    assert said[2] == (
        "Proven: Entry 8 was archived: its line, byte by byte, is leaf 5 under that checkpoint."
    )
    assert [line.partition(":")[0] for line in said[3:]] == ["Not proven"] * 3
    assert "2026-11-22 16:44:31 UTC+0000" in answer.stdout


def test_the_json_that_proof_gave_is_checked_too(made: Path) -> None:
    answer = check(made / "answer.json", "--json", key=made / KEY)
    told = json.loads(answer.stdout)
    (found,) = told["proofs"]
    assert (answer.exit_code, told["is_proven"], found["is_proven"]) == (0, True, True)
    assert (found["entry"]["id"], found["index"], found["signed_by"]) == (ENTRY, LEAF, ["733763c6"])
    assert (found["checkpoint"]["console"], found["problem"]) == (CONSOLE, None)
    assert answer.stderr == ""


@pytest.mark.parametrize("way", ["text", "file", "file with a line feed", "stdin"])
def test_the_line_that_somebody_holds_may_come_in_many_ways(way: str, made: Path) -> None:
    data = (made / "1-8.line").read_bytes()
    (made / "1-8.line").unlink()
    mine = made / "mine"
    mine.write_bytes(data + b"\n" * (way == "file with a line feed"))
    given = {"text": data.decode(), "stdin": "-"}.get(way, str(mine))
    answer = check(made / "1-8.tlog-proof", "--line", given, key=made / KEY, given=data)
    assert (answer.exit_code, answer.stderr[:7]) == (0, "Proven:")


@pytest.mark.parametrize("change", [b" ", b"\r", b"\r\n"])
def test_not_one_byte_of_the_line_may_differ(change: bytes, made: Path) -> None:
    (made / "mine").write_bytes((made / "1-8.line").read_bytes() + change)
    answer = check(made / "1-8.tlog-proof", "--line", str(made / "mine"), "--json", key=made / KEY)
    (found,) = json.loads(answer.stdout)["proofs"]
    assert (answer.exit_code, found["is_proven"], found["entry"]) == (1, False, None)
    assert "is not leaf 5 of the tree of 7 lines" in answer.stderr
    assert ("CR LF" in answer.stderr) == (b"\r" in change)


def test_the_line_of_another_entry_is_not_proven(made: Path) -> None:
    other = json.loads(run("proof", CONSOLE, "--id", "9", "--json").stdout)["proofs"][0]["line"]
    answer = check(made / "1-8.tlog-proof", "--line", other, key=made / KEY)
    assert answer.exit_code == 1
    assert answer.stderr.endswith("Error: Not proven: the line is not leaf 5 of the tree of 7 lines.\n")
    assert "Not proven: that any entry was archived." in answer.stderr
    assert answer.stdout.splitlines()[0].split() == ["Verdict", "not", "proven"]


def test_a_proof_without_its_line_proves_no_entry(made: Path) -> None:
    (made / "1-8.line").unlink()
    answer = check(made / "1-8.tlog-proof", key=made / KEY)
    assert answer.exit_code == 1
    assert "Give the line that you hold with --line" in answer.stderr
    assert f"signed a checkpoint of Console {CONSOLE}" in answer.stderr


def test_another_key_proves_nothing_and_the_right_one_is_named(made: Path) -> None:
    answer = check(made / "1-8.tlog-proof", "--json", key=pem(FakeSigner(), made))
    (found,) = json.loads(answer.stdout)["proofs"]
    assert (answer.exit_code, found["checkpoint"], found["signed_by"]) == (1, None, [])
    assert "It has signatures by 733763c6" in answer.stderr


def test_a_forged_signature_proves_nothing(made: Path) -> None:
    proof = made / "1-8.tlog-proof"
    head, _, last = proof.read_text().rpartition(" ")
    other = b64encode(bytes.fromhex("733763c6") + FakeSigner().sign(b"another text")).decode()
    proof.write_text(f"{head} {other}\n")
    answer = check(proof, key=made / KEY)
    assert last.startswith("czdjx")
    assert (answer.exit_code, "(key 733763c6) is not valid" in answer.stderr) == (1, True)


def test_a_note_of_another_console_is_told_or_refused(tmp_path: Path) -> None:
    signer, line = FakeSigner(), b'{"id":7}'
    proof = tmp_path / "a.tlog-proof"
    proof.write_bytes(signed(line, signer, "feedbeef").encode())
    key = pem(signer, tmp_path)
    told = check(proof, "--line", line.decode(), key=key)
    assert (told.exit_code, "Console feedbeef" in told.stderr) == (0, True)
    refused = check(proof, CONSOLE, "--line", line.decode(), key=key)
    assert (refused.exit_code, f"of Console feedbeef, not of {CONSOLE}" in refused.stderr) == (1, True)


def test_further_signatures_count_for_nothing_and_are_no_fault(made: Path) -> None:
    proof = made / "1-8.tlog-proof"
    witness = FakeSigner()
    name = f"canary-audit-archive/{CONSOLE}"
    false = b64encode(witness.public_key().key_id + witness.sign(b"anything")).decode()
    proof.write_text(proof.read_text() + f"— {name} {false}\n")
    assert check(proof, key=made / KEY).exit_code == 0
    both = check(proof, "--key", str(made / KEY), key=pem(witness, made))
    assert (both.exit_code, "is not valid" in both.stderr) == (1, True)
    assert check(proof, key=pem(witness, made)).exit_code == 1


def base64_form(source: bytes, entry_id: int) -> bytes:
    return b'{"_source_base64":"%b","id":%d}' % (b64encode(source), entry_id)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[]", "not a JSON object with an id"),
        (b"7", "not a JSON object with an id"),
        (b"{}", "not a JSON object with an id"),
        (b"not json", "not JSON"),
        (b'{"id":1e999}', "not JSON"),
        (b'{"id":1,"timestamp":' + b"[" * 5000 + b"]" * 5000 + b"}", "not JSON, or nested too deep"),
        (b'{"id":1,"timestamp":' + b"[" * 1000 + b"]" * 1000 + b"}", "not canonical JSON"),
        (b'{"id":"7"}', "its id is not a whole number"),
        (b'{"id":true}', "its id is not a whole number"),
        (b'{"id":-5}', "its id is not a whole number"),
        (b'{"id":0}', "its id is not a whole number"),
        (b'{"id":9223372036854775808}', "its id is not a whole number"),
        (b'{"id":1.0}', "its id is not a whole number"),
        (b'{"id":1,"id":2}', "not canonical JSON"),
        (b'{ "id": 1 }', "not canonical JSON"),
        (b'{"user":"a","id":1}', "not canonical JSON"),
        (b'{"id":1}\r', "not canonical JSON"),
        (b'{"_source":"zzz","id":6}', "its source is not an entry"),
        (b'{"_source":"","id":6}', "its source is not an entry"),
        (b'{"_source":"[6]","id":6}', "its source is not an entry"),
        (b'{"_source":"{}","id":6}', "its source is not an entry"),
        (b'{"_source":"{\\"id\\":6,\\"id\\":6}","id":6}', "its source is not an entry with one id"),
        (b'{"_source":"{\\"id\\":7,\\"a\\":1e999}","id":6}', "its id is not that of its source"),
        (b'{"_source":"{\\"id\\":6,\\"a\\":1e999},{}","id":6}', "its id is not that of its source"),
        (b'{"_source":"{\\"id\\":6}","id":6}', "its source has another form"),
        (b'{"_source":6,"id":6}', "it has more than an id"),
        (b'{"_source":"{\\"id\\":6,\\"a\\":1e999}","id":6,"user":"a"}', "it has more than an id"),
        (b'{"A":1,"_source":"{\\"id\\":6,\\"a\\":1e999}","id":6}', "it has more than an id"),
        (b'{"_source_base64":"?","id":6}', "not Base64"),
        (base64_form(b'{"id":6,"a":1e999}', 6), "its source has another form"),
        (base64_form(b'{"id":7,"a":"\xff"}', 6), "its id is not that of its source"),
    ],
)
def test_what_is_signed_and_is_no_entry_is_not_called_one(line: bytes, why: str, tmp_path: Path) -> None:
    signer = FakeSigner()
    (tmp_path / "a.tlog-proof").write_bytes(signed(line, signer).encode())
    (tmp_path / "a.line").write_bytes(line)
    for more in ((), ("--json",)):
        answer = check(tmp_path / "a.tlog-proof", *more, key=pem(signer, tmp_path))
        assert (answer.exit_code, "it is not the line of an entry: " in answer.stderr) == (1, True)
        assert why in answer.stderr
        assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'{"id":9223372036854775807}', None),
        (b'{"id":6,"timestamp":' + b"[" * 250 + b"]" * 250 + b"}", "[" * 250 + "]" * 250),
        (b'{"a":1.5,"b":4.9406564584124654e-324,"id":6}', None),
        (b'{"_source":"{\\"id\\":6,\\"a\\":1e999,\\"timestamp\\":[[]]}","id":6}', "[]"),
        (base64_form(b'{"id":6,"a":"\xff","timestamp":"x"}', 6), "x"),
    ],
)
def test_every_form_of_a_line_is_an_entry(line: bytes, shown: str | None, tmp_path: Path) -> None:
    signer = FakeSigner()
    (tmp_path / "a.tlog-proof").write_bytes(signed(line, signer).encode())
    (tmp_path / "a.line").write_bytes(line)
    key = pem(signer, tmp_path)
    answer = check(tmp_path / "a.tlog-proof", key=key)
    assert (answer.exit_code, shown is None or f" {shown}\n" in answer.stdout) == (0, True), answer.stderr
    (found,) = json.loads(check(tmp_path / "a.tlog-proof", "--json", key=key).stdout)["proofs"]
    assert found["is_proven"]


def test_a_name_of_a_file_can_not_control_the_terminal(made: Path) -> None:
    answer = check(made / "bad\x1b[2J", key=made / KEY)
    assert (answer.exit_code, "bad\\x1b[2J" in answer.stderr) == (2, True)


def test_a_message_repeats_nothing_of_a_file_of_another_form(made: Path) -> None:
    """A private key may be given by mistake, and messages go into logs and tickets."""
    secret, (proof, line, key) = "0S3cret", (made / "1-8.tlog-proof", made / "1-8.line", made / KEY)
    forms = [
        f"-----BEGIN EC PRIVATE KEY-----\n{secret}\n-----END EC PRIVATE KEY-----\n",
        f"-----BEGIN PUBLIC KEY-----\n{secret}\n-----END PUBLIC KEY-----\n",
        f"c2sp.org/tlog-proof@{secret}\nindex 1\n\nnote\n",
        f"c2sp.org/tlog-proof@v1\nindex {secret}\n\nnote\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n\nnote {secret}\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n\n{secret}\n\n{secret}\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n\n{secret}\n\n— {secret} {secret}\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n\n{secret}\n\n— a AAAAAQE=\n",
        f"{secret}\n\n{secret}\n",
        f"{secret}\n\n— {secret} {secret}\n",
        f"{secret}\n\n— {secret} AAAA\n",
        f"{secret}\n\n— a AAAAAQE=\n",
        f'{{"proofs":"{secret}"}}',
        f'{{"{secret}":1,"{secret}":1}}',
        f'{{"proofs":[{{"proof":"{secret}"}}]}}',
        f"{secret}",
    ]
    place = made / "mistaken"
    for form in forms:
        place.write_text(form)
        for answer in (
            check(place, key=key),
            check(proof, key=place),
            check(proof, "--line", str(place), key=key),
            check(proof, "--line", f"{form}\n{form}", key=key),
            check(proof, "--line", f"{{{form}\n{form}", key=key),
            check(proof, key=form + "\n"),
            check(line, key=key),
            *(run("verify", CONSOLE, option, str(place)) for option in ("--key", "--known", "--since")),
        ):
            assert answer.exit_code in {1, 2}, answer.stderr
            assert secret not in answer.stdout + answer.stderr


def test_what_an_entry_says_can_not_control_the_terminal(tmp_path: Path) -> None:
    signer, line = FakeSigner(), '{"id":7,"user":"\u202eeve\\u001b[2J"}'.encode()
    (tmp_path / "a.tlog-proof").write_bytes(signed(line, signer).encode())
    answer = check(tmp_path / "a.tlog-proof", "--line", line.decode(), key=pem(signer, tmp_path))
    assert answer.exit_code == 0
    assert not {"\x1b", "\u202e"} & set(answer.stdout + answer.stderr)


DEEP = b'{"proofs":' + b"[" * 200_000
BAD = {
    "empty": (b"", "not a proof of an entry"),
    "prose": (b"hello", "not a proof of an entry"),
    "another version": (
        b"c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
        "not a proof of an entry of this version",
    ),
    "a huge index": (
        b"c2sp.org/tlog-proof@v1\nindex " + b"9" * 5000 + b"\n\nnote",
        "not a proof of an entry",
    ),
    "Windows": (b"c2sp.org/tlog-proof@v1\r\nindex 1\r\n\r\nnote", "CR LF"),
    "no UTF-8": (b"\xff\xfe", "not a proof of an entry"),
    "cut JSON": (b'{"proofs":[', "its JSON can't be read"),
    "no proofs": (b'{"proofs":[]}', "it has no list `proofs`"),
    "other JSON": (b'{"entries":[]}', "it has no list `proofs`"),
    "another type": (b'{"proofs":[{"proof":7}]}', "is not text"),
    "a name twice": (b'{"proofs":[],"proofs":[]}', "a name stands twice"),
    "a huge integer": (b'{"proofs":' + b"9" * 5000 + b"}", "its JSON can't be read"),
    "deep JSON": (DEEP, "too deep"),
    "a lone surrogate": (b'{"proofs":[{"proof":"\\ud800"}]}', "is not Unicode"),
}


@pytest.mark.parametrize(("data", "told"), BAD.values(), ids=BAD)
def test_what_is_no_proof_is_refused_before_anything_is_judged(data: bytes, told: str, made: Path) -> None:
    (made / "bad").write_bytes(data)
    for arguments in ((), ("--json",)):
        answer = check(made / "bad", *arguments, key=made / KEY)
        assert (answer.exit_code, told in answer.stderr) == (2, True), answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_note_that_is_no_checkpoint_proves_nothing(made: Path) -> None:
    (made / "bad").write_bytes(b"c2sp.org/tlog-proof@v1\nindex 1\n\nnote\n")
    assert check(made / "bad", "--line", "{}", key=made / KEY).exit_code == 1


def test_what_can_not_be_read_is_named_with_its_option(made: Path) -> None:
    proof, key = str(made / "1-8.tlog-proof"), str(made / KEY)
    with (made / "huge").open("wb") as huge:
        huge.truncate(200 << 20)  # a file with a hole: no byte of it is on the disk
    for arguments, told in [
        ((proof + "x", "--key", key), "--check: "),
        ((str(made), "--key", key), "Is a directory"),
        ((str(made / "huge"), "--key", key), "--check: "),
        ((proof, "--key", str(made / "none.pem")), "No such file"),
        ((proof, "--key", proof), "is not a public key"),
        ((proof, "--key", str(made / "huge")), "--key: "),
        ((proof, "--key", key, "--line", str(made / "none")), "--line: "),
        ((proof, "--key", key, "--line", str(made / "huge")), "more than"),
        ((proof, "--key", key, "--line", '{"id":1}\n{"id":2}'), "several lines"),
        ((proof, "--key", key, "--line", "a\0b"), "--line: "),
    ]:
        answer = check(*arguments)
        assert (answer.exit_code, told in answer.stderr) == (2, True), answer.stderr
        assert answer.stderr.endswith(f"\nWhat to do: {command_url()}\n")
        assert answer.stderr.count("\n") == 2


def test_several_proofs_in_one_answer_must_all_hold(made: Path) -> None:
    answer = json.loads((made / "answer.json").read_text())
    other = json.loads(run("proof", CONSOLE, "--id", "9", "--json").stdout)["proofs"]
    both = made / "both.json"
    both.write_text(json.dumps({"proofs": answer["proofs"] + other}))
    assert check(both, key=made / KEY).exit_code == 0
    other[0]["line"] = answer["proofs"][0]["line"]
    both.write_text(json.dumps({"proofs": answer["proofs"] + other}))
    found = check(both, "--json", key=made / KEY)
    assert [each["is_proven"] for each in json.loads(found.stdout)["proofs"]] == [True, False]
    assert found.exit_code == 1
    assert check(both, "--line", "{}", key=made / KEY).exit_code == 2


def test_the_lines_in_an_answer_are_not_replaced_by_the_one_beside_it(made: Path) -> None:
    """Whoever sends the proof must not have another line or proof judged in place of those."""
    answer = json.loads((made / "answer.json").read_text())
    other = json.loads(run("proof", CONSOLE, "--id", "9", "--json").stdout)["proofs"]
    false = [answer["proofs"][0] | {"line": other[0]["line"]}]
    for proofs, proven in [
        (false, [False]),
        (answer["proofs"] + false, [True, False]),
        (answer["proofs"] + other, [True, True]),
        (answer["proofs"] + [other[0] | {"line": None}], [True, False]),
        ([answer["proofs"][0] | {"line": None}], [True]),
    ]:
        (made / "1-8.tlog-proof").write_text(json.dumps({"proofs": proofs}))
        found = check(made / "1-8.tlog-proof", "--json", key=made / KEY)
        assert [each["is_proven"] for each in json.loads(found.stdout)["proofs"]] == proven
        assert found.exit_code == (not all(proven))


def test_a_line_that_is_too_long_for_an_answer_is_asked_for(made: Path) -> None:
    answer = json.loads((made / "answer.json").read_text())
    answer["proofs"][0]["line"] = None
    (made / "answer.json").write_text(json.dumps(answer))
    assert check(made / "answer.json", key=made / KEY).exit_code == 1
    assert check(made / "answer.json", "--line", str(made / "1-8.line"), key=made / KEY).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--check", "a"],
        ["--check", "-", "--line", "-", "--key", "k"],
        ["--check", "-", "--key", "-"],
        ["--check", "a", "--line", "-", "--key", "-"],
        ["--check", "a", "--key", "-", "--key", "-"],
        ["--check", "a", "--key", "k", "--id", "1"],
        ["--check", "a", "--key", "k", "--folder", "."],
        ["--line", "a", CONSOLE, "--id", "1"],
        ["--key", "a", CONSOLE, "--id", "1"],
        ["--id", "1"],
        [CONSOLE],
    ],
)
def test_options_that_do_not_go_together_are_told(arguments: list[str]) -> None:
    answer = CliRunner(mix_stderr=False).invoke(main, ["proof", *arguments], prog_name="canary-audit")
    assert (answer.exit_code, "Error: " in answer.stderr) == (2, True)
    assert ("can't both be stdin" in answer.stderr) == (arguments.count("-") > 1)
