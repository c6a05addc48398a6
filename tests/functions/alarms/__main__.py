"""Writes docs/alarms.md."""

import tests.support  # noqa: F401 - it puts the package on the path
from tests.functions.alarms.page import PAGE, page
from tests.support.stack import render

if __name__ == "__main__":
    PAGE.write_text(page(render()))
