"""A sample follows from its seed and the ids alone, as anybody can draw it again."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.evidence.handout import verify
from audit_archive.evidence.sampling import Drawing, DrawnEntry, SeedFrom
from audit_archive.retrieve.rows import SAMPLED_HEADER
from tests.support.stack import ROOT

ENTRIES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 10**19)), unique=True, max_size=40)


def drawn(entries: list[tuple[int, int]], seed: int, wanted: int) -> tuple[DrawnEntry, ...]:
    drawing = Drawing(seed, SeedFrom.ASKED, wanted)
    for epoch, entry_id in entries:
        drawing.offer(epoch, entry_id)
    return drawing.sample().drawn


@given(ENTRIES, st.integers(0, 10**15 - 1), st.integers(1, 50), st.randoms())
def test_it_is_the_lowest_hashes_whatever_the_order_and_verify_py_draws_the_same(
    entries: list[tuple[int, int]], seed: int, wanted: int, random: object
) -> None:
    hashes = {sha256(b"%d:%d:%d" % (seed, *entry)).hexdigest(): entry for entry in entries}
    expected = [DrawnEntry(*hashes[key], key) for key in sorted(hashes)[:wanted]]
    assert list(drawn(entries, seed, wanted)) == expected
    assert list(drawn(entries[::-1], seed, wanted)) == expected
    again = verify.Drawing({"seed": seed, "wanted": wanted, "drawn": []})
    for entry in entries:
        again.mark(*entry)
    assert [DrawnEntry(**each) for each in again.drawn()] == expected


def test_another_seed_draws_another_sample() -> None:
    entries = [(1, n) for n in range(1, 200)]
    assert len({drawn(entries, seed, 5) for seed in range(50)}) == 50


def test_each_entry_has_its_place() -> None:
    entries = [(1, 7), (2, 7), (2, 8)]
    drawing = Drawing(1, SeedFrom.DRAWN, 9)
    for entry in entries:
        drawing.offer(*entry)
    sample = drawing.sample()
    places = {(epoch, i): at for epoch in (1, 2) for i, at in sample.places(epoch).items()}
    assert sorted(places.values()) == [1, 2, 3]
    assert [(each.epoch, each.id) for each in sample.drawn] == sorted(places, key=lambda each: places[each])


def test_the_ten_lines_on_the_page_draw_the_same(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "evidence.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    empty = ',""' * 16
    rows = "".join(f'"{epoch}","{i}"{empty}\r\n' for epoch in (1, 2) for i in range(1, 60))
    (tmp_path / "entries.csv").write_bytes(SAMPLED_HEADER + rows.encode())
    ran = subprocess.run(  # noqa: S603 - the program of our own page
        [sys.executable, "-I", "-c", program, "4711", "25"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line.split() for line in ran.stdout.splitlines()]
    expected = drawn([(epoch, i) for epoch in (1, 2) for i in range(1, 60)], 4711, 25)
    assert told == [[str(at), str(e.epoch), str(e.id), e.sha256] for at, e in enumerate(expected, 1)]
