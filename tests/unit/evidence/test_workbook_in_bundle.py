"""The workbook in a bundle: in the zone of the question, the same bytes each time, covered by the note."""

from pathlib import Path

from audit_archive.adapters.machine import handouts
from audit_archive.adapters.signing import is_signed
from audit_archive.adapters.workbook import XlsxWorkbook
from audit_archive.evidence.bundle import BundleTools, build_evidence
from tests.support.asking import reader_of
from tests.support.attacker import Victim
from tests.support.bundles import ASKED, Files, opened, request_of
from tests.support.fakes import FakeSigner
from tests.support.sheets import read
from tests.support.tampering import sealed, unpacked
from tests.support.verify_program import ask, written

WORKBOOK = "entries.xlsx"


def bundle_with_workbook(victim: Victim, signer: FakeSigner | None) -> Files:
    tools = BundleTools(
        reader_of(victim.world), is_signed, handouts(), signer=signer, open_workbook=XlsxWorkbook
    )
    made = build_evidence(tools, request_of(zone="Europe/Berlin"), ASKED)
    assert made.body is not None
    with made.body.file as file:
        return opened(file.read())


def test_a_workbook_is_the_same_each_time_and_not_covered_without_a_signature(tmp_path: Path) -> None:
    victim = Victim()
    files = bundle_with_workbook(victim, None)
    assert files == bundle_with_workbook(victim, None)
    rows = read(files[WORKBOOK])
    assert len(rows) == 17
    assert rows[1][4] == '"UTC+01:00"'
    answer = ask(unpacked(files, tmp_path / "bundle"), *written(tmp_path, victim.keys))
    assert "; not covered: entries.xlsx, manifest.json, " in answer.said["verdict"]


def test_an_altered_workbook_is_not_the_signed_one(tmp_path: Path) -> None:
    victim, maker = Victim(), FakeSigner()
    files = bundle_with_workbook(victim, maker)
    key = tmp_path / "bundle-key.pem"
    key.write_text(maker.public_key().pem())
    assert ask(unpacked(files, tmp_path / "true"), "--bundle-key", key).status == 0
    altered = sealed(files | {WORKBOOK: files[WORKBOOK] + b"x"})
    answer = ask(unpacked(altered, tmp_path / "altered"), "--bundle-key", key)
    assert answer.blamed == {("altered", "SHA256SUMS")}
