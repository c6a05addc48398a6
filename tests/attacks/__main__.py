"""`python -m tests.attacks` writes the table of docs/attacks.md."""

from tests.attacks.table import PAGE, page

PAGE.write_text(page())
