"""`entries --all-consoles`: one question to every Console, with a file and a coverage for each."""

from contextlib import closing
from pathlib import Path
from shutil import copyfileobj
from typing import Any

from audit_archive.answers import Plain, entries_of_one, fault_of_one, fleet_answer
from audit_archive.retrieve.fleet import OfOneConsole, find_in_fleet
from audit_archive.retrieve.request import EveryConsoleRequest
from audit_archive.retrieve.statements import Reader
from cli.exits import Failure, failure_of
from cli.outputs import CHUNK, check_free, written
from cli.questions import asked_now
from cli.show import say, show_json, show_records
from cli.stack import open_workbook
from cli.standing import columns_of
from cli.tables import Column, Shape

COLUMNS = (
    Column("Console", "console"),
    Column("name", "name", 5, Shape.NAME),
    Column("outcome", "outcome"),
    Column("matched", "matched"),
    Column("searched", "searched", 3),
    Column("missing ids", "missing_ids", 1),
    Column("up to", "up_to", 2, Shape.MOMENT),
    Column("file", "file", 4, Shape.NAME),
)


def ask_fleet(reader: Reader, request: EveryConsoleRequest, output: Path | None, *, is_json: bool) -> None:
    """Ask every Console. Writes FILE-CONSOLE beside `output`; raises Failure if an archive has a fault."""
    asked_by = asked_now(request, reader)
    parts, faults = list[Plain](), list[Failure]()
    how = {"offset_at": request.offset_at, "open_workbook": open_workbook}
    for one in find_in_fleet(reader, request.query, request.form, **how):
        parts.append(_told(one, request, output))
        faults += [failure_of(one.fault)] if one.fault is not None else []
    answer = fleet_answer(request, asked_by, parts)
    if is_json:
        show_json(answer)
    else:
        _show(answer, reader.clock.now())
    if faults:
        raise Failure(faults[0].name, answer["sentence"], max(each.exit_code for each in faults))


def file_of(output: Path, console: str) -> Path:
    """The file of one Console: `march.csv` becomes `march-1234abcd.csv`."""
    name, dot, suffix = output.name.partition(".")
    return output.with_name(f"{name}-{console}{dot}{suffix}")


def _told(one: OfOneConsole, request: EveryConsoleRequest, output: Path | None) -> Plain:
    if one.found is None:
        return fault_of_one(one)
    path = file_of(output, one.query.console) if output is not None else None
    if one.found.body is not None:
        with closing(one.found.body.file) as file:
            if path is not None:
                check_free(path)
                with written(path) as target:
                    copyfileobj(file, target, CHUNK)
    place = {"file": str(path) if path is not None and one.found.body is not None else None}
    return entries_of_one(one, request.form, place)


def _show(answer: dict[str, Any], now: int) -> None:
    rows = [_row(each) for each in answer["consoles"]]
    show_records(columns_of(rows, COLUMNS), rows, now)
    say(answer["sentence"])
    for each in answer["consoles"]:
        if each["fault"] is not None:
            say(f"Console {each['console']}: {each['fault']}")
            continue
        for gap in each["coverage"]["not_covered"]:
            say(f"Console {each['console']}, not covered: {gap}.")
        for notice in each["coverage"]["notices"]:
            say(f"Console {each['console']}, look into this: {notice}.")


def _row(each: Plain) -> dict[str, Any]:
    coverage = each.get("coverage") or {"searched": {}}
    return {
        "console": each["console"],
        "name": each["name"],
        "outcome": each["outcome"],
        "matched": coverage.get("matched"),
        "searched": coverage["searched"].get("entries"),
        "missing_ids": coverage.get("missing_ids"),
        "up_to": coverage.get("up_to"),
        "file": (each.get("report") or {}).get("file"),
    }
