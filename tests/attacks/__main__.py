"""`python -m tests.attacks` writes the table of docs/attacks.md."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks.table import ATTACKS, PAGE, page, row_of

rows = []
for attack in ATTACKS:
    with TemporaryDirectory() as folder:
        rows.append(row_of(attack, Path(folder)))
PAGE.write_text(page(rows))
