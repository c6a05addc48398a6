"""What a person is shown of what attackers choose."""

from audit_archive.adapters.machine import find_zone
from audit_archive.format.display import local_moment, visible


def test_what_does_not_print_is_shown_by_its_code() -> None:
    assert visible("a\x1b[2Jb\u202ec\x9bd\ne\ud800") == "a\\x1b[2Jb\\u202ec\\x9bd\\ne\\ud800"
    assert visible("alice\u3164\u2800\ufe0f\U000e0101") == "alice\\u3164\\u2800\\ufe0f\\U000e0101"
    assert visible("Zürich 王小明") == "Zürich 王小明"
    assert [visible(value) for value in (None, "", 5, ["<"])] == ["", "", "5", '["<"]']


def test_a_moment_by_the_clocks_of_a_zone() -> None:
    tokyo = find_zone("Asia/Tokyo")
    assert local_moment("2026-11-20 23:14:02 UTC+0000", tokyo) == "2026-11-21 08:14:02 +09:00"
    assert local_moment("2026-11-20 23:14:02 UTC+0000", None) == "2026-11-20 23:14:02 UTC+0000"
    assert local_moment("9999-12-31 23:59:59 UTC+0000", tokyo) == "9999-12-31 23:59:59 UTC+0000"
    assert (
        local_moment("1970-01-01 00:00:00 UTC+0000", find_zone("America/New_York"))
        == "1969-12-31 19:00:00 -05:00"
    )
    assert local_moment(["x"], tokyo) == ["x"]
