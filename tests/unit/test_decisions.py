"""The decisions: each has its date and status, and the index has every one."""

import re
from datetime import date
from pathlib import Path

from audit_archive.export.json_reader import BATCH_BYTES
from audit_archive.run.roll_forward import MAX_CRASH_AGE
from tests.support.rows import all_rows

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("0*.md"))
FORM = re.compile(
    r"# (\d+)\. (.+)\n\n"
    r"Date: (\d{4}-\d{2}-\d{2})\. Status: (in force|replaced)(; [^\n]+)?\.\n\n"
    r"## Context\n\n.+\n\n## Decision\n\n.+\n\n## Consequences\n\n.+",
    re.DOTALL,
)
ROW = re.compile(r"^\| (\d+) \| \[(.+)\]\((.+)\) \| (.+) \| (.+) \|$", re.MULTILINE)


@all_rows("page", PAGES)
def test_a_decision_has_number_date_status_and_three_parts(page: Path) -> None:
    found = FORM.fullmatch(page.read_text())
    assert found, page.name
    assert int(found[1]) == int(page.name[:4])
    assert date.fromisoformat(found[3])
    assert found[4] == "in force" or "](00" in found[5]  # a replaced one names the page that replaced it


def test_the_index_has_every_decision_as_it_is() -> None:
    found = [FORM.fullmatch(page.read_text()) for page in PAGES]
    pages = [(f[1], f[2], page.name, f[3], f[4]) for page, f in zip(PAGES, found, strict=True) if f]
    assert len(pages) > 20
    assert [int(number) for number, *_ in pages] == list(range(1, len(pages) + 1))
    assert ROW.findall((FOLDER / "README.md").read_text()) == pages


def test_the_numbers_in_decisions_are_the_codes() -> None:
    assert f"batches of about {BATCH_BYTES >> 10} kB of text" in next(FOLDER.glob("0005-*")).read_text()
    assert f"within the last {MAX_CRASH_AGE // 86400} days" in next(FOLDER.glob("0011-*")).read_text()
