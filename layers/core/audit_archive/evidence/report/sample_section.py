"""The section on the sample: what drew it, how to draw it again, and a sheet of it to work on."""

from collections.abc import Iterator, Mapping

from audit_archive.evidence.model import Report, SampledEntry
from audit_archive.evidence.report.parts import left_out
from audit_archive.evidence.sampling import Sample, SeedFrom
from audit_archive.format.codec import UnknownMember
from audit_archive.format.display import local_moment
from audit_archive.html_page.markup import Markup, Node, element
from audit_archive.html_page.parts import Column, code, counted, facts, nothing, number, section, table, value

SEEDS: Mapping[SeedFrom | UnknownMember, str] = {
    SeedFrom.ASKED: "whoever asked. Whoever chooses a seed can try seeds until the sample suits them: an "
    "auditor names the seed",
    SeedFrom.DRAWN: "the program, which drew it. Whoever asks again gets another: an auditor names the seed",
}
_SHORT = 120
_COLUMNS = (
    *(
        Column("No.", "number"),
        Column("Epoch", "number"),
        Column("Id", "number"),
        Column("When"),
        Column("User"),
    ),
    *(Column("Address"), Column("Action"), Column("Message"), Column("Result")),
)


def sample_section(report: Report) -> Markup:
    """The sample; empty if none was asked for."""
    sample = report.sample
    if sample is None:
        return nothing()
    drawn, population = len(sample.drawn), report.coverage.matched
    return section(
        "sample",
        "Sample",
        element("p", element("strong", _headline(sample, population))),
        facts(*_facts(sample)),
        element(
            "p",
            "An entry has the SHA-256 of the text ",
            code("SEED:EPOCH:ID"),
            ", three decimal numbers. The entries with the lowest hashes are the sample, the lowest first. "
            "So anybody draws the same sample of the same entries. ",
            code("verify.py"),
            " draws it again. The column ",
            code("sample"),
            " of entries.csv and entries.xlsx has the number of each entry in the sample.",
        ),
        *_by_hand(sample),
        table(
            "The sample, in the order in which it was drawn",
            _COLUMNS,
            (_row(each, report) for each in report.sampled.entries),
            more=left_out(drawn, len(report.sampled.entries)),
            kind="sample",
        )
        if report.sampled.entries
        else nothing(),
    )


def _headline(sample: Sample, population: int) -> str:
    drawn = len(sample.drawn)
    told = f"{number(drawn)} of {counted(population, 'matching entry', 'matching entries')} drawn."
    if sample.wanted > population:
        told += f" {number(sample.wanted)} were asked for: the sample is the whole population."
    return told


def _facts(sample: Sample) -> Iterator[tuple[str, Node]]:
    yield "Seed", code(str(sample.seed))
    yield "Chosen by", SEEDS.get(sample.seed_from, sample.seed_from)


def _by_hand(sample: Sample) -> Iterator[Markup]:
    if not sample.drawn:
        return
    first = sample.drawn[0]
    yield element("p", "For one entry by hand, here the first: ", code(first.sha256), " is what this prints.")
    text = f"{sample.seed}:{first.epoch}:{first.id}"
    yield element("p", code(f"printf %s {text} | sha256sum"), class_="command")


def _row(each: SampledEntry, report: Report) -> list[Node]:
    cells: list[Node] = [str(each.place), str(each.epoch), str(each.id)]
    cells.append(value(local_moment(each.timestamp, report.offset_at), _SHORT))
    cells += [value(cell, _SHORT) for cell in (each.user, each.user_ip, each.action_type, each.message)]
    return [*cells, ""]
