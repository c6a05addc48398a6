"""docs/permissions.md: a table for each role, from the rendered template and from what the jobs need."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.functions.permissions.account import Permission
from tests.functions.permissions.acts import ACTS, WHO, Act
from tests.support.stack import ROOT

PAGE = ROOT / "docs" / "permissions.md"
WRITES = "WRITE_PERMISSIONS"
"""The variable that `python -m tests.functions.permissions` sets: the tests then write the tables first."""

WORDS = {
    "ArchiveRole": "archive",
    "VerifyRole": "verify",
    "RetrieveRole": "retrieve",
    "ScheduleRole": "schedules",
}
"""How the page calls the roles."""

HEAD = "| statement | action | on | needed to, or by |\n|---|---|---|---|\n"
_ARN = re.compile(r"^arn:aws:(?:(?:s3|AWS::\w+::\w+):::|secretsmanager:[\w-]+:\d+:secret:)")


def rows(needed: Mapping[Permission, str]) -> str:
    """The table of one role."""
    return HEAD + "".join(
        f"| `{each.sid}` | `{each.action}` | {_on(each)} | {why} |\n" for each, why in needed.items()
    )


def written(role: str) -> str:
    """The table that stands on the page under a role's name; empty if there is none."""
    found = re.search(rf"^### {role}\n\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE)
    return found[1] if found else ""


def reasons(role: str) -> list[str]:
    """What the page says needs each permission of a role, in the order of the rows."""
    return [row.rsplit(" | ", 1)[1].removesuffix(" |") for row in written(role).splitlines()[2:]]


def write(role: str, table: str) -> None:
    """Put a role's table on the page, which has the role's heading."""
    text = PAGE.read_text()
    head, heading, rest = text.partition(f"### {role}\n\n")
    PAGE.write_text(head + heading + table + "\n" + re.sub(r"\A(?:\|.*\n)*\n*", "", rest))


def _on(permission: Permission) -> str:
    on = f"`{_ARN.sub('', permission.resource)}`"
    return f"{on} if `{permission.condition}`" if permission.condition else on


def table_of_acts() -> str:
    """Every act, and who may do it."""
    head = "| act | actions | denied | not allowed | allowed |\n|---|---|---|---|---|\n"
    return head + "".join(map(_row, ACTS))


def _row(act: Act) -> str:
    actions = ", ".join(f"`{action}`" for action in act.actions)
    others = tuple(who for who in WHO if who not in (*act.denied, *act.allowed))
    cells = (", ".join(WORDS.get(each, each) for each in who) for who in (act.denied, others, act.allowed))
    return f"| {act.says} | {actions} | {' | '.join(cells)} |\n"


def acts_written() -> str:
    """The table of acts that stands on the page."""
    found = re.search(r"^\| act \|.*\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE)
    return found[0] if found else ""


def write_acts() -> None:
    """Put the table of acts at the end of the page."""
    head, heading, rest = PAGE.read_text().partition("## Refused\n\n")
    text = re.sub(r"^\|.*\n", "", rest, flags=re.MULTILINE).rstrip("\n")
    PAGE.write_text(f"{head}{heading}{text}\n\n{table_of_acts()}")
