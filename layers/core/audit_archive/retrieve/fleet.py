"""`entries` of every Console: the same question to each archive, with a coverage for each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from audit_archive.errors import AuditArchiveError, RequestError
from audit_archive.fleet_ports import LastRuns
from audit_archive.retrieve.formats import Form
from audit_archive.retrieve.known import Notes
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import FoundEntries, find_entries
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.status import consoles_in


@dataclass(frozen=True)
class OfOneConsole:
    """The answer of one Console: its query, its name, and what was found, or the error in its place."""

    query: Query
    name: str | None
    found: FoundEntries | None
    fault: AuditArchiveError | None = None


def find_in_fleet(reader: Reader, query: Query, form: Form, **how: Any) -> Iterator[OfOneConsole]:
    """Ask each Console of the archive, in order of name. An archive with a fault does not hide the others.

    `how`: as `find_entries` takes it. Raises RequestError if there is not enough time. The caller closes each
    body before the next Console is asked.
    """
    runs = Notes.of_all(reader).runs
    for console in sorted(consoles_in(reader)):
        reader.check_time("all_consoles")
        asked, name = replace(query, console=console), runs.get(console, LastRuns(console)).label.name
        try:
            yield OfOneConsole(asked, name, find_entries(reader, asked, form, **how))
        except RequestError:
            raise
        except AuditArchiveError as error:
            yield OfOneConsole(asked, name, None, error)
