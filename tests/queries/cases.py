"""The saved queries, as CloudFormation would make them, and what each must answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from tests.queries import plain
from tests.queries.plain import Plain, Row
from tests.support.stack import SOURCE, render

Answer = Callable[[Sequence[Plain]], list[Row]]
KIND = "AWS::Athena::NamedQuery"


class Saved(Mapping[str, str]):
    """Each query's name and text. The text is rendered when it is asked for: whoever collects needs none."""

    names = tuple(r["Properties"]["Name"] for r in SOURCE["Resources"].values() if r["Type"] == KIND)

    def __getitem__(self, name: str) -> str:
        return _texts()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@cache
def _texts() -> dict[str, str]:
    return {query["Name"]: query["QueryString"] for query in render().of_type(KIND).values()}


SAVED = Saved()


@dataclass(frozen=True)
class Case:
    """A saved query, what its user changes in it, and over which days it then answers what."""

    name: str
    answer: Answer
    changes: Mapping[str, str] = field(default_factory=dict)
    first: str = "2026-01-01"
    last: str = "2026-12-31"

    @property
    def sql(self) -> str:
        """The text as the user runs it."""
        text = SAVED[self.name]
        for before, after in self.changes.items():
            assert text.count(before) == 1, f"{before} stands {text.count(before)} times in {self.name}"
            text = text.replace(before, after)
        return text

    def rows(self, entries: Sequence[Plain]) -> list[Row]:
        """What it must answer, given every archived entry."""
        return self.answer([e for e in entries if self.first <= e.day <= self.last])

    def __str__(self) -> str:
        return ", ".join([self.name, *self.changes.values()])


def _who(user: str) -> Case:
    quoted = "'" + user.replace("'", "''") + "'"
    changes = {"'alice@example.com'": quoted} if user != "alice@example.com" else {}
    return Case("Who did what", lambda entries: plain.who_did_what(entries, user), changes)


ALL = ("1970-01-01", "2099-12-31")
CASES = (
    _who("alice@example.com"),
    _who("ALICE@example.com"),
    _who("bob'); DROP TABLE lines; --"),
    _who('Siân "Red" O\'Llŷr 🦜'),
    _who(""),
    _who("JOSE\u0301@example.com"),
    _who("jos\xe9@EXAMPLE.com"),
    _who("strasse"),
    Case("Everything from an address", lambda entries: plain.from_address(entries, "192.0.2.7")),
    Case(
        "Everything from an address",
        lambda entries: plain.from_address(entries, "2001:db8::77"),
        {"'192.0.2.7'": "'2001:db8::77'"},
    ),
    Case("Actions", plain.actions),
    Case(
        "Who did what",
        lambda entries: plain.who_did_what(entries, "alice@example.com"),
        {"'2026-01-01' AND '2026-12-31'": "'2026-11-24' AND '2031-01-01'"},
        "2026-11-24",
        "2031-01-01",
    ),
    Case("Logins by address", plain.logins_by_address),
    Case("Everything by API key", plain.by_api_key),
    Case("Activity outside hours", plain.outside_hours),
    Case("Purges", plain.purges),
    Case("New addresses per user", lambda entries: plain.new_addresses(entries, "2026-01-01"), {}, *ALL),
    Case(
        "New addresses per user",
        lambda entries: plain.new_addresses(entries, "2026-11-28"),
        {"min(dt) >= '2026-01-01'": "min(dt) >= '2026-11-28'"},
        *ALL,
    ),
    Case("Holes", plain.holes, {}, *ALL),
    Case("What a query can't judge", plain.not_judged),
)
