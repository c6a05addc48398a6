"""Tables at a terminal: whatever its width, no id, number or moment is cut in two."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from audit_archive.format.times import DAY, rfc3339
from cli.show import MAX_ROWS, show_records, show_table
from cli.tables import BELOW, Column, Shape, ago, cards, laid, widths_of, wrapped
from tests.cli import golden_tables
from tests.cli.golden_tables import CONSOLES, GOLDEN, NOW, shown_at_a_terminal

TEXTS = st.text(st.sampled_from("ab 東"), max_size=12)
ID = Column("id", "id")


@pytest.mark.parametrize("name", golden_tables.TABLES)
def test_a_table_is_at_each_width_as_its_file_says(name: str) -> None:
    assert golden_tables.table(name) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", golden_tables.COMMANDS)
def test_a_command_is_at_each_width_and_in_a_pipe_as_its_file_says(name: str) -> None:
    assert golden_tables.command(name) == (GOLDEN / f"{name}.txt").read_text()


def test_every_file_is_one_of_these() -> None:
    assert {each.stem for each in GOLDEN.iterdir()} == {*golden_tables.TABLES, *golden_tables.COMMANDS}


@given(
    st.lists(st.sampled_from(Shape), min_size=1, max_size=4),
    st.lists(st.lists(TEXTS, min_size=4, max_size=4), min_size=1),
    st.integers(1, 60),
)
def test_every_value_stands_whole_in_a_line_or_its_column_is_named_as_left_out(
    shapes: Sequence[Shape], rows: list[list[str]], width: int
) -> None:
    columns = [Column(f"c{index}", f"{index}", index, shape) for index, shape in enumerate(shapes)]
    records = [{f"{index}": value for index, value in enumerate(row)} for row in rows]
    found = laid(columns, records, width)
    for column in columns:
        for record in records if column.heading not in found.left_out else ():
            words = record[column.field].split()
            is_whole = column.shape in {Shape.WHOLE, Shape.MOMENT, Shape.NAME}
            for value in [record[column.field].rstrip()] if is_whole and len(words) == 1 else words:
                assert any(value.strip() in line for line in found.lines)
    if found.left_out or BELOW in "".join(found.lines):
        return
    is_table = len(found.lines) > 1 and found.lines[1].startswith("-")
    assert not is_table or all(cell_len(line) <= width for line in found.lines)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1), st.integers(1, 40))
def test_columns_side_by_side_never_take_more_than_there_is(rows: list[list[str]], width: int) -> None:
    columns = [Column("a", "a", 0, Shape.WORDS), Column("b", "b", 0, Shape.WHOLE)]
    found = widths_of(columns, rows, width)
    if found is not None:
        assert sum(found) + 2 <= width
        assert all(cell_len(row[1]) <= found[1] for row in rows)
        assert all(cell_len(line) <= found[0] for row in rows for line in wrapped(row[0], found[0]))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s ago"),
        (89, "89 s ago"),
        (90, "1 min ago"),
        (5399, "89 min ago"),
        (5400, "1 h ago"),
        (2 * DAY - 1, "47 h ago"),
        (2 * DAY, "2 d ago"),
        (60 * DAY, "60 d ago"),
        (61 * DAY, "2026-10-01"),
        (-3 * 3600, "in 3 h"),
    ],
)
def test_a_moment_is_told_as_a_person_would(seconds: int, said: str) -> None:
    assert ago(NOW - seconds, NOW) == said


def test_a_moment_that_is_no_moment_stands_as_it_is() -> None:
    column = Column("at", "at", 0, Shape.MOMENT)
    for value in ("yesterday", rfc3339(NOW)):
        assert cards([column], [{"at": value}], 80) == [f"at  {value}"]


def test_a_terminal_shows_so_many_rows_and_says_so_and_a_pipe_has_all() -> None:
    rows = [{"id": number} for number in range(MAX_ROWS + 5)]
    text, said = shown_at_a_terminal(lambda: show_table([ID], iter(rows)), 80)
    assert text.split()[2:] == [str(number) for number in range(MAX_ROWS)]
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 5} rows are shown" in said
    assert len(golden_tables.shown_in_a_pipe(lambda: show_table([ID], rows)).splitlines()) == MAX_ROWS + 6


def test_what_is_left_out_is_said() -> None:
    columns = [ID, Column("more", "more", 1)]
    _, said = shown_at_a_terminal(lambda: show_table(columns, [{"id": 1, "more": "x" * 30}]), 20)
    assert said == "Left out at this width: more. A wider terminal or --json shows them.\n"


def test_into_a_pipe_records_are_lines_of_json_and_tables_are_lines_with_tabs() -> None:
    shown = golden_tables.shown_in_a_pipe
    columns = golden_tables.TABLES["status"][0]
    lines = shown(lambda: show_records(columns, CONSOLES, NOW)).splitlines()
    assert len(lines) == len(CONSOLES)
    assert all(line.startswith("{") and "2026-" in line for line in lines)
    text = shown(lambda: show_table([ID, Column("b", "b")], [{"id": 1, "b": "x\ty\x1b"}, {"id": 2}], NOW))
    assert text == "id\tb\n1\tx\\ty\\x1b\n2\t\n"
