"""Fetch pages whose count is wrong, or missing, or whose empty list is null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from local.console.answer import Endpoint
from local.console.faults.fault import Fault
from local.console.snapshot import Snapshot


class PageFault(Fault):
    """A fault of fetch only."""

    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"fetch"})


@dataclass(frozen=True)
class CountOff(PageFault):
    """`page_count` counts `delta` entries more (or fewer) than the key is shown."""

    delta: int = -1

    def counted(self, count: int, trail: Snapshot) -> int:  # noqa: ARG002 - of what is shown
        return max(count + self.delta, 0)


@dataclass(frozen=True)
class FrozenCount(PageFault):
    """`page_count` always counts so many `entries`, whatever the key is shown."""

    entries: int = 1000

    def counted(self, count: int, trail: Snapshot) -> int:  # noqa: ARG002 - that it ignores both is the fault
        return self.entries


@dataclass(frozen=True)
class WholeCount(PageFault):
    """`page_count` counts the whole trail, whatever Flock or cap limits what the key is shown."""

    def counted(self, count: int, trail: Snapshot) -> int:  # noqa: ARG002 - not what is shown
        return len(trail)


@dataclass(frozen=True)
class NoPageCount(PageFault):
    """The page carries no `page_count`."""

    def page(self, page: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in page.items() if name != "page_count"}


@dataclass(frozen=True)
class NullList(PageFault):
    """An empty list of entries comes as null. Pages with entries are as always."""

    def page(self, page: dict[str, object]) -> dict[str, object]:
        return page if page.get("audit_trail") else {**page, "audit_trail": None}
