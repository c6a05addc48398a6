"""Attacks on a finished archive, each by somebody who could do it: every one must be found, and named."""

import tests.support  # noqa: F401 - puts the layer on the path for `python -m`, as pytest does
