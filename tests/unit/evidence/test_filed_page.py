"""What a firm files of a report: the statement, totals, lines to sign, the sample, words, and paper."""

import json
from dataclasses import replace

import pytest

from audit_archive.adapters.machine import handouts
from audit_archive.evidence.report.entries_section import PRINTED
from audit_archive.evidence.report.made_by import locked
from audit_archive.evidence.report.words_section import WORDS
from audit_archive.retrieve.locks import LockSpan
from tests.support.report_samples import CONSOLE, SAMPLES, quarter
from tests.support.stack import ROOT
from tests.unit.evidence.page_reading import read, section, tables, tree_of

STATEMENT = "Statement on completeness and accuracy"
MOMENT = "2030-01-01T00:00:00Z"
LOCKED = LockSpan(3, unlocked=1, unseen=1, modes=("COMPLIANCE",), first=MOMENT, last=MOMENT)


def test_the_statement_says_of_each_element_whose_word_it_is() -> None:
    statement = section(tree_of("quarter"), "statement")
    rows = {row[0]: row[1:] for row in tables(statement)[STATEMENT]}
    assert list(rows) == [
        *("Source data (population)", "Parameters", "Logic of the report", "Completeness", "Accuracy"),
        *("Who ran it", "Who asked, and why", "When", "Retention"),
    ]
    assert all(cell for row in rows.values() for cell in row)
    assert rows["Completeness"][0].startswith("Complete as far as the archive goes. 2,790 entries searched")
    assert rows["When"][0].endswith(
        "When AWS STS answered, it was 2 seconds behind the clock there. "
        "The Date of that answer: 2026-11-24 09:30:02 UTC."
    )
    assert "request id 0d4b7c1e" in rows["Who ran it"][2]
    assert "the first lock ends 2033-08-25 06:10:00 UTC" in rows["Retention"][0]


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("faults", "Not complete: 3 limits."),
        ("outside", "This answer says nothing about what happened then."),
        ("nothing found", "Complete as far as the archive goes."),
    ],
)
def test_the_statement_claims_no_more_than_the_coverage(name: str, claim: str) -> None:
    rows = tables(section(tree_of(name), "statement"))[STATEMENT]
    assert rows[3][1].startswith(claim)


def test_the_control_totals_are_told_and_how_to_make_them() -> None:
    made, statement = quarter(), section(tree_of("quarter"), "statement")
    ids = [json.loads(line)["id"] for line in made.lines]
    rows = tables(statement)["Control totals of entries.ndjson"]
    values = [len(ids), min(ids), max(ids), sum(ids), made.report.totals.size, made.report.totals.sha256]
    assert [row[1] for row in rows] == list(map(str, values))
    (command,) = statement.all("p", "command")
    assert "sum(i)" in command.text


def test_there_are_lines_to_sign_and_the_organisation_is_as_stated() -> None:
    statement = section(tree_of("sample"), "statement")
    assert "Organisation, as stated: Example AG, internal audit" in statement.text
    assert [row[0] for row in tables(statement)["Signatures"]] == ["Prepared by", "Reviewed by"]
    assert "Organisation" not in section(tree_of("quarter"), "statement").text


def test_the_sample_is_a_sheet_to_work_on_and_marked_among_the_entries() -> None:
    made, page = SAMPLES["sample"](), tree_of("sample")
    sample = made.report.sample
    assert sample is not None
    rows = tables(section(page, "sample"))["The sample, in the order in which it was drawn"]
    assert [row[0] for row in rows] == [str(n) for n in range(1, 26)]
    assert [row[2] for row in rows] == [str(each.id) for each in sample.drawn]
    assert {row[-1] for row in rows} == {""}
    marked = [row[0] for row in tables(section(page, "entries"))[f"234 entries of Console {CONSOLE}"]]
    assert f"{sample.drawn[0].id} sample 1" in marked
    assert sum(" sample " in cell for cell in marked) == 25
    assert not any(each.attributes.get("href") == "#sample" for each in tree_of("quarter").all("a"))


def test_a_function_says_that_its_login_is_not_a_person() -> None:
    made = quarter()
    by = "arn:aws:lambda:eu-west-1:111122223333:function:retrieve"
    asked = {**made.report.asked, "invoked_by": by, "request_id": "r-7"}
    rows = tables(section(read(made.but(asked=asked).page()), "statement"))[STATEMENT]
    told = {row[0]: row[1:] for row in rows}
    assert told["Who ran it"][2].startswith("This is the role of the function, not a person")
    assert f"through {by}, request r-7" in told["Logic of the report"][0]


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (LockSpan(), "No entry file was read. "),
        (LockSpan(2, unseen=2), "Of 2 entry files the locks are not known: a copy shows none. "),
        (LockSpan(1, unlocked=1), "Of 1 entry file none has a lock. "),
        (
            LOCKED,
            "Of 2 entry files (COMPLIANCE) every lock ends 2030-01-01 00:00:00 UTC. 1 object has no lock. "
            "The locks of 1 other were not looked at. ",
        ),
        (
            replace(LOCKED, last="2031-01-01T00:00:00Z", unlocked=0, unseen=0),
            "Of 3 entry files (COMPLIANCE) the first lock ends 2030-01-01 00:00:00 UTC, the last 2031-01-01 "
            "00:00:00 UTC. ",
        ),
    ],
)
def test_locks_are_told_as_they_are(span: LockSpan, told: str) -> None:
    assert read(b"<html>" + locked(span, "entry file").html.encode() + b"</html>").text == told


def test_the_words_of_the_report_are_those_of_the_page() -> None:
    page = (ROOT / "docs" / "evidence.md").read_text().partition("\n## Words\n")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split(" | ") for row in page.splitlines() if row.startswith("| ")][1:]
    assert rows == [list(pair) for pair in WORDS.items()]
    words = section(tree_of("quarter"), "words")
    assert [each.text for each in words.all("dt")] == list(WORDS) == sorted(WORDS, key=str.lower)


def test_the_labels_of_the_timeline_fit_on_a_phone() -> None:
    """Some 47 characters fit into the 358 pixels that a telephone of 390 has."""
    for name in SAMPLES:
        labels = [each.text for each in section(tree_of(name), "custody").all("text")]
        assert max(map(len, labels)) <= 47, name


def test_the_style_prints_as_many_entries_as_the_page_says() -> None:
    assert f"tr:nth-child(n + {PRINTED + 1})" in handouts().style
    told = f"On paper: the first {PRINTED} of these entries."
    assert told in section(tree_of("eight years"), "entries").text
    assert told not in section(tree_of("one day"), "entries").text
