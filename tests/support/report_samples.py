"""Reports of every size and fate, as a bundle would have them; the same every time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from hashlib import sha256
from typing import Any

from audit_archive.adapters.machine import find_zone, handouts
from audit_archive.answer_ports import Caller
from audit_archive.evidence.gathering import ActivityCounter, Sampling
from audit_archive.evidence.model import (
    BundleFile,
    Custody,
    CustodyDay,
    Locks,
    Milestone,
    Report,
    Sampled,
    Totals,
    Turn,
)
from audit_archive.evidence.report.page import report_page
from audit_archive.evidence.sampling import Drawing, SeedFrom
from audit_archive.evidence.sampling import Sample as Drawn
from audit_archive.evidence.totals import Totalling
from audit_archive.format import verdicts
from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.entry import members_of
from audit_archive.format.facts import Cause, IdSpan
from audit_archive.format.keys import PublicKey
from audit_archive.format.purges import ForeignPurge
from audit_archive.format.times import DAY, rfc3339, utc_date
from audit_archive.format.verdicts import (
    AuditNote,
    Checked,
    Depth,
    EpochCoverage,
    Fault,
    KeysFrom,
    KeyUse,
    Unchecked,
    Verdict,
    Why,
)
from audit_archive.retrieve.coverage import (
    Absence,
    Amended,
    Coverage,
    Gone,
    Hole,
    Miscounted,
    Overlaid,
    Population,
    Searched,
    StaleExport,
    Unjudged,
)
from audit_archive.retrieve.locks import LockSpan
from audit_archive.retrieve.outcome import AnswerOutcome, gaps, notices, sentence
from audit_archive.retrieve.query import Query
from local.console.calendar import busy_time, weeks_of_work
from local.console.generate import Generator

CONSOLE = "1234abcd"
OCTOBER = {"from": "2026-10-01", "to": "2026-10-31", "user": "bob@example.com"}
END = int(datetime(2026, 11, 23, 6, 10, tzinfo=UTC).timestamp())
HASH = "3f5b0c7a9d1e4826b7f05c9a3d8e1f6420b9c7d5e3a1f8064b2d9e7c5a3f1b08"
CALLER = Caller(
    "arn:aws:sts::111122223333:assumed-role/Auditors/ada", "111122223333",
    "0d4b7c1e-5a0b-4f6a-9f0e-2c1d8e7b6a55", "2026-11-24T09:30:02Z", -2,
)  # fmt: skip
KEY = PublicKey(bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + bytes(range(64)))


@dataclass(frozen=True)
class Sample:
    """A report, and the lines that it shows."""

    report: Report
    lines: tuple[bytes, ...]

    def page(self) -> bytes:
        """The whole page."""
        return self._page

    @cached_property
    def _page(self) -> bytes:
        made = handouts()
        return b"".join(report_page(self.report, iter(self.lines), made.style, made.script))

    def but(self, **changes: Any) -> "Sample":
        """The same with some fields of the report changed."""
        return Sample(replace(self.report, **changes), self.lines)


def digest_of(lines: Sequence[bytes]) -> str:
    """The hash of some lines, each with a line feed."""
    return sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def generated(days: int, count: int) -> tuple[bytes, ...]:
    """So many entries of so many days, as a Console of some people writes them."""
    generator, first, last = Generator(7), weeks_of_work(END - days * DAY), weeks_of_work(END)
    moments = [busy_time(first + (last - first) * n / count) for n in range(count)]
    lines = (generator.line(n + 1, moment) for n, moment in enumerate(moments))
    return tuple(canonical_bytes(json.loads(line)) for line in lines)


def sample(
    lines: Sequence[bytes],
    days: int = 90,
    zone: str = "Europe/London",
    matched: int | None = None,
    question: Mapping[str, Any] | None = None,
) -> Sample:
    """The report of a question that these lines answer, of an archive that is so many days old."""
    offset_at = find_zone(zone)
    assert offset_at is not None
    counter = ActivityCounter(offset_at)
    for line in lines:
        counter.add(members_of(line))
    coverage = coverage_of(len(lines) if matched is None else matched, days)
    outcome = AnswerOutcome.FOUND if coverage.matched else AnswerOutcome.NONE_FOUND
    report = Report(
        console=CONSOLE,
        question={"request": "evidence", "console": CONSOLE, "zone": zone, **(question or {})},
        asked={"at": "2026-11-24T09:30:00Z", "who": "Ada Lovelace", "reason": "SOC 2, sample 14"}
        | {"version": "0.1.0", "invoked_by": "canary-audit"},
        resolved={"start": None, "end": None},
        outcome=outcome,
        sentence=sentence(CONSOLE, outcome, coverage),
        coverage=coverage,
        verification=audit_of(coverage),
        custody=custody_of(days),
        activity=counter.activity(),
        zone=zone,
        offset_at=offset_at,
        files=files_of(lines),
        proven=coverage.matched,
        reasons=(),
        signer=KEY,
        shown=len(lines),
        shown_sha256=digest_of(lines),
        totals=totals_of(lines),
        caller=CALLER,
        locks=locks_of(days),
    )
    return Sample(report, tuple(lines))


def locks_of(days: int) -> Locks:
    """Locks of seven years from the day on which each object was written; of nine for the chain."""

    def span(objects: int, held: int) -> LockSpan:
        first, last = rfc3339(END + (held - days) * DAY), rfc3339(END + held * DAY)
        return LockSpan(objects, modes=("GOVERNANCE",), first=first, last=last)

    return Locks(span(days + 1, 2557), span(4 * days + 4, 3287), span(0, 2557))


def totals_of(lines: Sequence[bytes]) -> Totals:
    """The control totals of some lines."""
    totalling = Totalling()
    for line in lines:
        totalling.add(members_of(line)["id"])
    data = b"".join(line + b"\n" for line in lines)
    return totalling.totals(BundleFile("entries.ndjson", len(data), sha256(data).hexdigest()))


def coverage_of(matched: int, days: int) -> Coverage:
    """What an answer rests on that searched everything."""
    first, last, entries = utc_date(END - days * DAY), utc_date(END), max(matched, days * 31)
    return Coverage(
        statements=2 * days + 2,
        newest_statement=f"statements/console={CONSOLE}/{2 * days + 2:010d}.json",
        newest_sha256=HASH,
        up_to=rfc3339(END),
        archived=(Population(1, entries, 1, entries, first, last),),
        searched=Searched(days + 1, days + 1, entries, 1, entries, first, last),
        matched=matched,
    )


def audit_of(coverage: Coverage) -> verdicts.Verification:
    """An audit that found no fault."""
    statements, (population,) = coverage.statements, coverage.archived
    epoch = EpochCoverage(
        1, statements, population.entries, 0, {}, population.last_id, max(population.last_id - 40, 0)
    )
    return verdicts.Verification(
        console=CONSOLE,
        depth=Depth.CHAIN,
        is_valid=True,
        summary=f"No fault in {statements} statements of Console {CONSOLE}",
        from_seq=1,
        to_seq=statements,
        continue_at=None,
        newest_seq=statements,
        newest_sha256=HASH,
        checked={
            Checked.STATEMENTS: statements,
            Checked.CHECKPOINTS: statements,
            Checked.LOCKS: 2 * statements,
        },
        faults=(),
        notes=(),
        note_counts={},
        not_checked=(
            Unchecked(Checked.FILES, Why.DEPTH, statements // 2),
            Unchecked(Checked.EXPORTS, Why.DEPTH, statements // 2),
            Unchecked(Checked.STRAYS, Why.DEPTH, 1),
        ),
        coverage=verdicts.AuditedCoverage((epoch,), population.first_date, population.last_date),
        keys_from=KeysFrom.ARCHIVE,
        keys=(KeyUse(KEY.key_id.hex(), statements),),
    )


def custody_of(days: int) -> Custody:
    """A life of so many days: a first export with years in it, quiet weekends, a purge a day."""
    told = tuple(_days(days))
    begin = rfc3339(END - days * DAY)
    milestones = (
        Milestone(begin, 1, Turn.BEGIN, f"The archive of Console {CONSOLE} begins"),
        Milestone(begin, 1, Turn.KEY, f"Checkpoints are signed by the key {KEY.key_id.hex()} from here on"),
    )
    return Custody(told, milestones, {Turn.BEGIN: 1, Turn.KEY: 1})


def _days(days: int) -> Iterator[CustodyDay]:
    for n in range(days + 1):
        at = END - (days - n) * DAY
        weekend = datetime.fromtimestamp(at, UTC).weekday() > 4
        count = 12_480 if n == 0 < days else 3 + n % 4 if weekend else 31 + n * 7 % 23
        purged = 0 if n < 2 else count - n % 3
        yield CustodyDay(utc_date(at), 2 if purged else 1, count, int(purged > 0), purged, int(n > 2))


def files_of(lines: Sequence[bytes]) -> tuple[BundleFile, ...]:
    """Files at the top of a bundle."""
    data = b"".join(line + b"\n" for line in lines)
    return (
        BundleFile("entries.csv", 70_211, HASH[::-1]),
        BundleFile("entries.ndjson", len(data), sha256(data).hexdigest()),
        BundleFile("public-key.pem", 178, HASH[1:] + "0"),
        BundleFile("verify.py", 31_007, HASH[2:] + "00"),
    )


# ---------------------------------------------------------------------------------------- the fates


@cache
def quarter() -> Sample:
    """Three months, with a question about the middle one."""
    lines = tuple(line for line in generated(90, 2800) if b'"timestamp":"2026-10' in line and b"bob@" in line)
    made = sample(lines, question=OCTOBER)
    return made.but(resolved={"start": "2026-09-30T23:00:00Z", "end": "2026-11-01T00:00:00Z"})


@cache
def with_sample() -> Sample:
    """The same three months for an organisation, with a sample of 25."""
    made = quarter()
    drawn, sampled = sampled_of(made.lines, 25)
    asked = {"organisation": "Example AG, internal audit", "sample": 25, "seed": drawn.seed}
    return made.but(question={**made.report.question, **asked}, sample=drawn, sampled=sampled)


def sampled_of(lines: Sequence[bytes], wanted: int) -> tuple[Drawn, Sampled]:
    """A sample of some lines, and where a report shows it."""
    drawing, marked = Drawing(4711, SeedFrom.ASKED, wanted), Sampling(len(lines))
    for line in lines:
        drawing.offer(1, members_of(line)["id"])
    drawn = drawing.sample()
    marked.look(lines, 1, drawn.places(1))
    return drawn, marked.found()


@cache
def one_day() -> Sample:
    """An archive that began today."""
    return sample(generated(1, 3), days=0, zone="UTC")


@cache
def one_entry() -> Sample:
    """A question that one entry answers."""
    return sample(generated(90, 2800)[:1], question={"ids": "1"})


@cache
def eight_years() -> Sample:
    """A long life with everything in it; more entries than are shown."""
    days = 8 * 365 + 2
    lines = generated(days, 2000)
    made = sample(lines, days, zone="Asia/Tokyo", matched=91_344)
    return _troubled(made).but(
        proven=80_000, reasons=("a bundle holds at most 80000 proofs, and more entries match",)
    )


@cache
def nothing_found() -> Sample:
    """A question that nothing answers."""
    made = sample((), question={"user": "mallory@example.com", "address": "203.0.113.0/24"})
    return made.but(proven=0)


@cache
def outside() -> Sample:
    """A question about what is not archived."""
    made = nothing_found().report
    query = Query(CONSOLE, start=END + 40 * DAY, end=END + 50 * DAY)
    coverage = replace(made.coverage, searched=Searched(), not_covered=tuple(gaps(query, made.coverage)))
    return Sample(made, ()).but(
        coverage=coverage,
        outcome=AnswerOutcome.OUTSIDE,
        sentence=sentence(CONSOLE, AnswerOutcome.OUTSIDE, coverage),
        resolved={"start": rfc3339(END + 40 * DAY), "end": rfc3339(END + 50 * DAY)},
    )


@cache
def with_faults() -> Sample:
    """An archive that somebody attacked, unsigned, with an answer that is not complete."""
    made = _troubled(quarter())
    seq, key = 41, f"statements/console={CONSOLE}/0000000041.json"
    faults = (
        Fault(Verdict.ALTERED, key, "v7", seq, "Its SHA-256 is not the one that statement 42 names"),
        Fault(Verdict.GAP, key, None, seq, "The ids 1201 to 1210 are in no statement"),
    )
    verification = replace(
        made.report.verification, is_valid=False, faults=faults, keys_from=None, keys=(), summary="2 faults"
    )
    return made.but(verification=verification, signer=None, proven=0, reasons=("the archive is not signed",))


@cache
def doubtful() -> Sample:
    """An answer with everything that may be doubtful: what exports lack, other forms, false versions."""
    made = quarter()
    export, at = f"exports/console={CONSOLE}/2026/11/22/1-50-3f5b0c7a9d1e4826.json.zip", rfc3339(END)
    coverage = replace(
        made.report.coverage,
        nothing_newer_at=rfc3339(END + DAY),
        stale=(StaleExport(export, at, 2801, "<b>no time"),),
        miscounted=(Miscounted(export, at, 5000, 50, (IdSpan(51, 4999), IdSpan(5001, 5001))),),
        contradiction="the ledger knows statement 99 and the chain does not have it. Verify the archive",
        amended=(Amended(1, "statements/9", export, "v-export", (IdSpan(7, 9),), 2),),
        overlaid=(Overlaid("entries/1", "v-good", ("v-false", "v-other")),),
    )
    query = Query(CONSOLE, users=("bob@example.com",))
    told = tuple(notices(coverage, "the ledger's index does not fit the chain", 2))
    coverage = replace(coverage, notices=told, not_covered=tuple(gaps(query, coverage)))
    return made.but(coverage=coverage, sentence=sentence(CONSOLE, AnswerOutcome.FOUND, coverage))


def _troubled(made: Sample) -> Sample:
    """With a foreign purge, holes, unreadable times and files that are gone."""
    coverage, custody = made.report.coverage, made.report.custody
    at = len(custody.days) * 2 // 3
    day = custody.days[at]
    purge = ForeignPurge(
        2210, 2190, 612, "mallory@example.com", "203.0.113.66", f"{day.date} 03:12:09 UTC+0000",
        ((2101, 2144), (2150, 2150)),
    )  # fmt: skip
    holes = (
        Hole(1, 2101, 2144, Cause.FOREIGN_PURGE, 2210),
        Hole(1, 2150, 2150, Cause.FOREIGN_PURGE, 2210),
        Hole(1, 2498, 2500, Cause.UNEXPLAINED, None),
    )
    gone = Gone("entries/console=1234abcd/dt=2026-10-02/0000000077.ndjson.gz", Absence.REMOVED, 1,
                "2026-10-02", 801, 833, 33)  # fmt: skip
    coverage = replace(
        coverage, holes=holes, missing_ids=48, foreign_purges=(purge,), gone_files=(gone,), gone_entries=33,
        unjudged=(Unjudged("timestamp", 3, (910, 911, 2007)),),
    )  # fmt: skip
    coverage = replace(coverage, not_covered=tuple(gaps(Query(CONSOLE), coverage)))
    events = (
        Milestone(f"{day.date}T03:12:09Z", 2 * at, Turn.FOREIGN_PURGE, purge.sentence(CONSOLE)),
        Milestone(f"{day.date}T06:10:00Z", 2 * at, Turn.HOLE, "The ids 2498 to 2500 are missing, and nobody "
                  "knows why"),
        Milestone(f"{custody.days[at + 5].date}T06:10:00Z", 2 * at + 11, Turn.RESUME, "somebody stated "
                  "`resume`: looked at the foreign purge with the SOC"),
    )  # fmt: skip
    days = list(custody.days)
    days[at] = replace(day, foreign_purges=1, missing=48)
    note = AuditNote(Verdict.FOREIGN_PURGE, f"statements/console={CONSOLE}/{2 * at:010d}.json", 2 * at,
                purge.sentence(CONSOLE))  # fmt: skip
    audit = replace(made.report.verification, notes=(note,), note_counts={Verdict.FOREIGN_PURGE: 1})
    return made.but(
        coverage=coverage,
        verification=audit,
        sentence=sentence(CONSOLE, AnswerOutcome.FOUND, coverage),
        custody=Custody(
            tuple(days),
            (*custody.milestones, *events),
            dict(custody.turns) | {Turn.FOREIGN_PURGE: 1, Turn.HOLE: 1, Turn.RESUME: 1},
        ),
    )


# ---------------------------------------------------------------------------------------- attackers

SCRIPTS = (
    "<script>window.owned = 1; alert(1)</script>",
    "</script><script>window.owned = 1</script>",
    "</style><img src=x onerror='window.owned = 1'>",
    '"><svg onload="window.owned = 1"><a href="javascript:window.owned = 1">x</a>',
    "</code></details></td></tr></table><h1>Not guilty</h1>",
    "<!--", "-->", "]]>", "<![CDATA[", "&lt;b&gt; &amp;amp; &#60;", "'\"`=",
    "</textarea></title></noscript><p>",
    "<iframe src='https://evil.example/'></iframe><link rel=stylesheet href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href='https://evil.example/'><form action='https://evil.example/'><input name=q></form>",
)  # fmt: skip
ODD = (
    "abc\u202edcba\u202c", "\u2066\u2067\u200f\u061c", "\u2028\u2029\ufeff\u200b\u00ad",
    "\x00\x01\x1b[31m\x7f\x85",
    "\r\n\t\v\f", "\U000e0041\U0001f99c", "é\u0301\u0301\u0301", "\ufffe\uffff\ufdd0", " ", "", "0", "مريم",
)  # fmt: skip


def hostile_entries() -> tuple[bytes, ...]:
    """Lines whose every field an attacker chose."""
    texts: list[Any] = [*SCRIPTS, *ODD, "W" * 5000, "x" * (1 << 20), "\u202e" * 3000, None, 7, 1.5, True]
    texts += [[], {"a": ["<b>", None]}, ["</code>"]]
    lines = []
    for at, text in enumerate(texts, 1):
        entry = dict.fromkeys(("user", "user_ip", "action_type", "message", "timestamp"), text)
        if at % 2:
            entry["timestamp"] = "2026-11-20 08:14:02 UTC+0000"
        lines.append(canonical_bytes({**entry, "id": at, f"<i>{at}": text}))
    sources = ['{"user": "\\ud800<b>", "message": "\\ud83e", "n": 1e999}', '{"user": {"<u>": 1}, "x": NaN}']
    lines += [source_line(text.encode(), len(texts) + n) for n, text in enumerate(sources, 1)]
    lines.append(canonical_bytes({"id": 9**19, "timestamp": "9999-12-31 23:59:59 UTC+0000"}))
    return tuple(lines)


@cache
def hostile() -> Sample:
    """A report in which everything that others choose is chosen by an attacker."""
    bad, odd = SCRIPTS[3], ODD[0]
    made = _troubled(sample(hostile_entries(), question={"user": [bad, odd, "x" * 1000], "text": SCRIPTS[1]}))
    purge = replace(made.report.coverage.foreign_purges[0], user=bad, user_ip=odd, timestamp=SCRIPTS[4])
    coverage = replace(made.report.coverage, foreign_purges=(purge,))
    milestone = Milestone("2026-10-01T00:00:00Z", 9, Turn.FOREIGN_PURGE, purge.sentence(CONSOLE))
    asked = {"at": "2026-11-24T09:30:00Z", "who": bad + odd, "reason": SCRIPTS[0], "version": "<b>"}
    asked |= {"invoked_by": SCRIPTS[1], "request_id": odd + "x" * 1000}
    custody = replace(made.report.custody, milestones=(milestone,), turns={Turn.FOREIGN_PURGE: 1})
    question = {
        **made.report.question,
        "organisation": f"{bad}{odd}{ODD[3]}{'W' * 1000}",
        "sample": 40,
        "seed": 1,
    }
    caller = Caller(bad + odd, SCRIPTS[2], SCRIPTS[4], SCRIPTS[5], -1)
    drawn, sampled = sampled_of(made.lines, 40)
    return made.but(
        coverage=coverage, asked=asked, custody=custody, question=question, caller=caller, sample=drawn,
        sampled=sampled,
    )  # fmt: skip


SAMPLES = {
    "one day": one_day,
    "one entry": one_entry,
    "quarter": quarter,
    "sample": with_sample,
    "eight years": eight_years,
    "nothing found": nothing_found,
    "outside": outside,
    "faults": with_faults,
    "doubts": doubtful,
    "hostile": hostile,
}
