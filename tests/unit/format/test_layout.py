"""Every path in the bucket is what the format's page says."""

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.layout import (
    entries_key,
    export_key,
    rejected_key,
    statement_key,
    statements_prefix,
)

MOMENT = 1_795_413_600  # 2026-11-23 06:00:00 UTC
DIGEST = "0123456789abcdef" * 4
IDS = st.integers(1, 2**63 - 1)


def test_the_paths_of_the_format() -> None:
    assert export_key("1234abcd", MOMENT, 17, 42, DIGEST) == (
        "exports/console=1234abcd/2026/11/23/"
        "0000000000000000017-0000000000000000042-0123456789abcdef.json.zip"
    )
    assert entries_key("1234abcd", "2026-11-22", 3) == (
        "entries/console=1234abcd/dt=2026-11-22/0000000003.ndjson.gz"
    )
    assert statements_prefix("1234abcd") == "statements/console=1234abcd/"
    assert statement_key("1234abcd", 3) == "statements/console=1234abcd/0000000003.json"
    assert rejected_key("1234abcd", MOMENT, DIGEST) == (
        "rejected/console=1234abcd/20261123T060000Z-0123456789abcdef"
    )


@given(st.integers(1, 10**10 - 1), st.integers(1, 10**10 - 1))
def test_statements_list_in_their_order(one: int, other: int) -> None:
    assert (one < other) == (statement_key("c", one) < statement_key("c", other))


@given(IDS, IDS, IDS, IDS)
def test_exports_of_one_day_list_in_the_order_of_their_ids(a: int, b: int, c: int, d: int) -> None:
    keys = [export_key("c", MOMENT, first, last, DIGEST) for first, last in ((a, b), (c, d))]
    assert ((a, b) < (c, d)) == (keys[0] < keys[1])


def test_one_consoles_folder_is_no_prefix_of_anothers() -> None:
    assert not statement_key("12345", 1).startswith(statements_prefix("1234"))
