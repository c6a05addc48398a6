"""The report, read by a parser: what it says, what it is made of, and that nothing else gets in."""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import handouts
from audit_archive.evidence.model import Milestone, Turn
from audit_archive.evidence.report.page import report_page
from audit_archive.evidence.report.parts import (
    ABSENCES,
    CAUSE_WORDS,
    CHOICE_WORDS,
    DEPTHS,
    MOST_ROWS,
    REASONS,
    TURNS,
    VERDICT_WORDS,
)
from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.facts import Cause
from audit_archive.format.verdicts import Depth, Verdict, Why
from audit_archive.retrieve.coverage import Absence, Hole, RestsOn
from tests.support.examples import examples
from tests.support.report_samples import CONSOLE, KEY, ODD, SAMPLES, SCRIPTS, Sample, quarter, sample
from tests.support.rows import all_rows
from tests.unit.evidence.page_reading import Element, read, section, tables, tree_of

HEADINGS = ("h1", "h2", "h3", "h4")
LANDMARKS = ("header", "nav", "main", "footer")
ATTRIBUTES = frozenset(
    {"aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "aria-live", "charset", "class"}
    | {"content", "cx", "cy", "d", "data-all", "data-code", "data-label", "data-sha256", "data-shown"}
    | {"datetime", "for", "height", "hidden", "href", "http-equiv", "id", "lang", "multiple", "name", "r"}
    | {"accept", "rel", "role", "rows", "scope", "spellcheck", "type", "webkitdirectory", "width"}
    | {"x", "x1", "x2", "y", "y1", "y2"}
)  # fmt: skip


# ---------------------------------------------------------------------------------------- how it is made


@all_rows("name", SAMPLES)
def test_it_is_a_page_that_everybody_can_read(name: str) -> None:
    page = tree_of(name)
    assert page.attributes["lang"] == "en"
    assert page.one("head").one("title").text.startswith(f"Evidence of Console {CONSOLE}")
    assert [len(list(page.all(landmark))) for landmark in LANDMARKS] == [1, 1, 1, 1]
    levels = [HEADINGS.index(each.tag) for each in page.all() if each.tag in HEADINGS]
    assert levels.count(0) == 1
    assert levels[0] == 0
    assert all(after <= before + 1 for before, after in pairwise(levels))
    first = next(page.one("body").all())
    assert (first.tag, first.text, first.attributes["href"]) == ("a", "Skip to the answer", "#answer")


@all_rows("name", SAMPLES)
def test_every_table_has_a_caption_and_every_cell_its_heading(name: str) -> None:
    for table in tree_of(name).all("table"):
        assert table.one("caption").text
        columns = list(table.one("thead").all("th"))
        assert all(each.attributes["scope"] == "col" and each.text for each in columns)
        for row in table.one("tbody").all("tr"):
            cells = [cell for cell in row.children if isinstance(cell, Element)]
            assert [cell.tag for cell in cells] == ["th"] + ["td"] * (len(columns) - 1)
            assert cells[0].attributes["scope"] == "row"


@all_rows("name", SAMPLES)
def test_every_picture_is_told_in_words(name: str) -> None:
    page = tree_of(name)
    words = {each.attributes["id"]: each.text for each in page.all() if "id" in each.attributes}
    for picture in page.all("svg"):
        if "class" in picture.attributes:  # a mark in a picture
            continue
        assert picture.attributes["role"] == "img"
        names = (picture.attributes.get("aria-labelledby") or "").split()
        assert picture.attributes.get("aria-label") or all(words[name] for name in names)


@all_rows("name", SAMPLES)
def test_every_link_leads_to_the_one_place_of_its_name(name: str) -> None:
    page = tree_of(name)
    ids = Counter(each.attributes["id"] for each in page.all() if "id" in each.attributes)
    assert set(ids.values()) == {1}
    targets = {each.attributes["href"] for each in page.all("a")}
    assert {str(target).removeprefix("#") for target in targets} <= set(ids)
    references = [
        name
        for each in page.all()
        for attribute in ("aria-labelledby", "aria-describedby", "for")
        for name in (each.attributes.get(attribute) or "").split()
    ]
    assert set(references) <= set(ids)


@all_rows("name", SAMPLES)
def test_nothing_is_loaded_and_only_our_style_and_script_may_run(name: str) -> None:
    page, made = tree_of(name), handouts()
    assert {each.attributes["href"] for each in page.all("link")} == {"data:,"}
    assert not any({"src", "style", "srcset", "action"} & each.attributes.keys() for each in page.all())
    (policy,) = (m.attributes["content"] for m in page.all("meta") if "http-equiv" in m.attributes)
    assert policy is not None
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert page.one("style").text == made.style
    assert page.one("script").text == made.script
    for kind, text in (("style-src", made.style), ("script-src", made.script)):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert allowed.pop(kind) == f"'sha256-{digest}'"
    assert allowed == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_same_report_gives_the_same_bytes() -> None:
    assert quarter().page() == quarter().page()


def test_a_line_is_asked_for_when_the_row_before_it_is_written() -> None:
    made = quarter()
    asked = []

    def lines() -> Iterator[bytes]:
        for line in made.lines:
            asked.append(line)
            yield line

    pieces = report_page(made.report, lines(), "", "")
    rows = [len(asked) for piece in pieces if piece.startswith(b"<tr>")]
    assert rows == list(range(1, len(made.lines) + 1))


# ---------------------------------------------------------------------------------------- nothing else


VALUES = st.recursive(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from([*SCRIPTS, *ODD]),
        *(
            st.none(),
            st.booleans(),
            st.integers(-(2**63), 2**63),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["user", "user_ip", "action_type", "message", "timestamp", "<b>", "</code>", "_x"])
ENTRIES = st.dictionaries(FIELDS, VALUES)


def carried(entry: dict[str, Any], entry_id: int, *, as_source: bool) -> bytes:
    """An archived line of an entry, in either form."""
    if as_source:
        return source_line(json.dumps({**entry, "odd": "\ud800"}).encode(), entry_id)
    return canonical_bytes({**entry, "id": entry_id})


@examples(60)
@given(st.lists(st.tuples(ENTRIES, st.booleans()), min_size=1, max_size=4))
def test_whatever_stands_in_an_entry_is_text(entries: list[tuple[dict[str, Any], bool]]) -> None:
    lines = tuple(carried(entry, n, as_source=odd) for n, (entry, odd) in enumerate(entries, 1))
    plain = tuple(canonical_bytes({"id": n, "message": "m"}) for n in range(1, len(lines) + 1))
    made = sample(plain, days=1)
    page, expected = read(Sample(made.report, lines).page()), read(made.page())
    assert [line.text.encode() for line in page.all("code", "raw")] == list(lines)
    assert _outline(page) == _outline(expected)
    _assert_only_ours(page)


def test_whatever_stands_anywhere_is_text() -> None:
    page = tree_of("hostile")
    assert [line.text.encode() for line in page.all("code", "raw")] == list(SAMPLES["hostile"]().lines)
    _assert_only_ours(page)
    assert {each.attributes["href"] for each in page.all("a")} == {
        each.attributes["href"] for name in ("faults", "sample") for each in tree_of(name).all("a")
    }


def _outline(page: Element) -> list[str]:
    """Every element but those that set values apart."""
    return [each.tag for each in page.all() if each.tag != "span"]


def _assert_only_ours(page: Element) -> None:
    """No attribute that we don't write, and outside of raw lines only what prints."""
    for each in page.all():
        assert each.attributes.keys() <= ATTRIBUTES
        assert all((value or "").isprintable() for value in each.attributes.values())
    outside = [
        child
        for each in page.all()
        if each.tag not in {"style", "script"} and each.attributes.get("class") not in {"raw", "odd"}
        for child in each.children
        if isinstance(child, str) and child != "\n"
    ]
    assert all(text.isprintable() for text in outside)


def test_what_does_not_print_is_set_apart_in_the_line() -> None:
    text = "a\u202eb" + "\u200b" * 9
    page = read(sample((canonical_bytes({"id": 1, "user": text}),), days=1).page())
    line = page.one("code", "raw")
    odd = [(each.text, each.attributes["data-code"]) for each in line.all("span", "odd")]
    assert odd == [("\u202e", "U+202E"), ("\u200b" * 9, "U+200B U+200B U+200B U+200B and 5 more")]


def test_a_long_value_is_cut_and_says_so() -> None:
    line = canonical_bytes({"id": 1, "user": "x" * 5000})
    page = read(sample((line,), days=1).page())
    cell = section(page, "entries").one("tbody").all("td")
    assert [each.text for each in cell][1] == "x" * 120 + "… 5,000 characters"


# ---------------------------------------------------------------------------------------- what it says


def test_it_says_the_question_with_every_filter() -> None:
    question = {
        "from": "2026-03-01",
        "to": "2026-03-31",
        "user": ["alice", "bob"],
        "action_type": "user_login",
        "address": "192.0.2.0/24",
        "flock": "flock:1",
        "text": "<b>",
        "first_id": 5,
        "last_id": 9,
        "epoch": 2,
        "new_filter": [1],
    }
    page = read(sample((), zone="Asia/Tokyo", question=question).page())
    assert page.one("p", "question").text == (
        f"All entries of Console {CONSOLE}, from 2026-03-01 to 2026-03-31 (both included, time zone "
        "Asia/Tokyo), by user alice or bob, of action user_login, from address 192.0.2.0/24, of flock "
        "flock:1, with the text <b> in any field, with an id from 5 up to 9, of epoch 2, with new_filter [1]."
    )


def test_of_many_alternatives_the_first_are_told() -> None:
    page = read(sample((), question={"user": [f"u{n}" for n in range(100)]}).page())
    assert page.one("p", "question").text.endswith("u8 or u9 or one of 90 more, in manifest.json.")


def test_it_says_who_asked_when_and_what_that_means_in_utc() -> None:
    asked = dict(
        zip(
            (each.text for each in section(tree_of("quarter"), "answer").all("dt")),
            (each.text for each in section(tree_of("quarter"), "answer").all("dd")),
            strict=True,
        )
    )
    assert asked == {
        "Time asked for, in UTC": "from 2026-09-30 23:00:00 UTC on, and before 2026-11-01 00:00:00 UTC",
        "Time zone of this page": "Europe/London",
        "Asked": "2026-11-24 09:30:00 UTC",
        "By, as stated": "Ada Lovelace",
        "Why, as stated": "SOC 2, sample 14",
        "Answered by version": "0.1.0",
        "Through": "canary-audit",
        "With the login of": "arn:aws:sts::111122223333:assumed-role/Auditors/ada of the AWS account "
        "111122223333, as AWS STS told it",
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("quarter", ["234 matching entries", "✓Complete", "✓No fault", "✓234 proven"]),
        (
            "eight years",
            ["91,344 matching entries", "✕Not complete 48 ids missing", "✓No fault", "!80,000 proven"],
        ),
        ("nothing found", ["0 matching entries", "✓Complete", "✓No fault"]),
        ("outside", ["0 matching entries", "!Says nothing", "✓No fault"]),
        ("faults", ["234 matching entries", "✕Not complete", "✕2 faults", "!0 proven"]),
    ],
)
def test_the_verdicts_at_a_glance(name: str, told: list[str]) -> None:
    verdicts = [each.text for each in tree_of(name).one("ul", "verdicts").all("a")]
    assert len(verdicts) == len(told)
    assert all(verdict.startswith(start) for verdict, start in zip(verdicts, told, strict=True)), verdicts


def test_what_is_not_covered_is_loud_and_leads_to_the_lists() -> None:
    coverage = section(tree_of("faults"), "coverage")
    notice = coverage.one("div", "notice")
    assert notice.attributes["class"] == "notice bad"
    assert notice.one("p", "headline").text == "✕Not covered: this answer is not complete."
    assert len(list(notice.all("li"))) == 3
    assert [each.attributes["href"] for each in notice.all("a")] == ["#holes", "#gone_files", "#unjudged"]
    found = tables(coverage)
    assert found["Holes"][2] == ["2498 to 2500", "3", "1", "missing without an explanation", "none"]
    (purge,) = found["Foreign purges"]
    assert purge[1:] == ["mallory@example.com", "203.0.113.66", "2190", "612", "2101 to 2144, 2150", "2210"]
    assert found["Unjudged entries"] == [["timestamp", "3", "910, 911, 2007"]]
    assert found["Gone files"][0][1:] == [
        "removed before its retention ended",
        "1",
        "2026-10-02",
        "801 to 833",
        "33",
    ]


def test_doubts_are_told_and_lead_to_their_lists() -> None:
    coverage = section(tree_of("doubts"), "coverage")
    limits, look = coverage.all("div", "notice")
    assert limits.one("p", "headline").text == "✕Not covered: this answer is not complete."
    assert [each.attributes["href"] for each in limits.all("a")] == ["#amended", "#stale", "#miscounted"]
    assert look.one("p", "headline").text == "!Look into this."
    assert [each.attributes["href"] for each in look.all("a")] == ["#amended"]
    assert len(list(look.all("li"))) == 3
    found = tables(coverage)
    assert found["Stale exports"][0][2:] == ["2801", "<b>no time"]
    assert found["Exports that do not match the Console's count"][0][2:] == [
        "5,000",
        "50",
        "51 to 4999, 5001",
    ]
    assert found["Other forms"][0][1:] == ["v-export", "1", "7 to 9", "2"]
    assert found["Files under a false version"] == [["entries/1", "v-good", "v-false, v-other"]]
    facts = [each.text for each in coverage.all("dt")]
    assert "No newer entry on the Console, by the ledger" in facts
    assert "How statements were chosen" in facts


@all_rows(
    ("kind", "phrases"),
    [
        (Turn, TURNS),
        (Cause, CAUSE_WORDS),
        (Absence, ABSENCES),
        (RestsOn, CHOICE_WORDS),
        (Verdict, VERDICT_WORDS),
        (Depth, DEPTHS),
        (Why, REASONS),
    ],
)
def test_every_word_of_a_closed_set_has_its_phrase(
    kind: type[StrEnum], phrases: Mapping[StrEnum, str]
) -> None:
    assert set(phrases) == set(kind)


def test_faults_are_loud() -> None:
    audit = section(tree_of("faults"), "audit")
    assert audit.one("div", "notice").one("p", "headline").text == "✕The audit found 2 faults."
    faults = tables(audit)["Faults"]
    assert [row[0].split()[0] for row in faults] == ["altered", "gap"]
    assert faults[0][1] == "Its SHA-256 is not the one that statement 42 names"


def test_a_list_is_capped_and_says_where_the_rest_is() -> None:
    made = quarter()
    holes = tuple(Hole(1, n * 2, n * 2, Cause.UNEXPLAINED, None) for n in range(1, 1001))
    page = read(made.but(coverage=replace(made.report.coverage, holes=holes, missing_ids=4000)).page())
    coverage = section(page, "coverage")
    assert len(tables(coverage)["Holes"]) == MOST_ROWS
    assert coverage.one("p", "more").text == "and at least 950 more, in manifest.json"


def test_of_many_milestones_the_grave_ones_are_told() -> None:
    made = quarter()
    told = [Milestone(f"2026-09-01T00:00:{n:02}Z", n + 1, Turn.RESUME, "x") for n in range(60)]
    grave = Milestone("2026-09-02T00:00:00Z", 99, Turn.MISMATCH, "not as planned")
    custody = replace(
        made.report.custody, milestones=(*told, grave), turns={Turn.RESUME: 60, Turn.MISMATCH: 1}
    )
    page = section(read(made.but(custody=custody).page()), "custody")
    rows = tables(page)["Milestones"]
    assert len(rows) == MOST_ROWS
    assert rows[-1] == ["2026-09-02 00:00:00 UTC", "99", "A purge differed from its plan", "not as planned"]
    assert page.one("p", "more").text == "and 11 more, in manifest.json"


def test_the_numbers_behind_the_custody_picture_add_up() -> None:
    made = SAMPLES["eight years"]()
    rows = tables(section(tree_of("eight years"), "custody"))["Custody by month"]
    assert len(rows) == 97
    archived = sum(int(row[2].replace(",", "")) for row in rows)
    assert archived == sum(day.archived for day in made.report.custody.days)
    assert sum(int(row[6]) for row in rows) == 1


def test_the_entries_stand_in_the_zone_of_the_question() -> None:
    rows = tables(section(tree_of("quarter"), "entries"))[f"234 entries of Console {CONSOLE}"]
    assert rows[0][:5] == ["1187", "2026-10-01 08:21:37 +01:00", "bob@example.com", "203.0.113.24",
                           "device_schedule_reboot"]  # fmt: skip
    assert {row[1][-6:] for row in rows} == {"+01:00", "+00:00"}


@pytest.mark.parametrize(("name", "all_file"), [("quarter", "entries.ndjson"), ("eight years", None)])
def test_it_says_what_its_own_check_is_held_to(name: str, all_file: str | None) -> None:
    made, (status,) = SAMPLES[name](), (e for e in tree_of(name).all("p", "check"))
    assert status.attributes["data-sha256"] == made.report.shown_sha256
    assert status.attributes["data-shown"] == str(len(made.lines))
    assert status.attributes.get("data-all") == all_file
    assert "JavaScript" in section(tree_of(name), "entries").one("noscript").text


def test_where_not_all_are_shown_it_says_where_they_are() -> None:
    assert (
        "The first 2,000 of 91,344 matching entries are here."
        in section(tree_of("eight years"), "entries").text
    )
    assert "All 234 entries that match are here." in section(tree_of("quarter"), "entries").text


def test_a_page_without_entries_is_a_page() -> None:
    page = tree_of("nothing found")
    assert page.one("p", "answer").text.startswith("No entry matches: ")
    assert list(page.all("table", "entries")) == []
    assert not any(each.attributes.get("href") == "#activity" for each in page.all("a"))
    assert "No entry is shown, because no entry matches." in section(page, "entries").text
    assert "complete" in section(page, "coverage").one("div", "notice").text


def test_the_key_is_told_by_what_another_copy_of_it_is_compared_with() -> None:
    files = section(tree_of("quarter"), "files")
    assert sha256(KEY.spki).hexdigest() in files.text
    assert KEY.key_id.hex() in files.text
    assert "This archive is not signed." in section(tree_of("faults"), "files").text


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("quarter", "python3 -I verify.py . --key KEY.pem"),
        ("eight years", "python3 -I verify.py . --key KEY.pem --without-proofs"),
        ("faults", "python3 -I verify.py . --without-signatures --without-proofs"),
    ],
)
def test_it_says_what_to_run(name: str, command: str) -> None:
    commands = [each.text for each in section(tree_of(name), "verify").all("p", "command")]
    assert commands == [command, "sha256sum -c SHA256SUMS"]


def test_no_python_leaks_into_the_page() -> None:
    for name in SAMPLES:
        for each in tree_of(name).one("main").all("section"):
            told = "" if each.attributes["aria-labelledby"] == "entries" else each.text
            assert not re.search(r"\bNone\b|Markup\(|<class|object at", told), name
