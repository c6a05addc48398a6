"""The files of this package that every bundle of evidence carries."""

from functools import cache
from importlib.resources import files

from audit_archive.ports import Handouts

_PACKAGE = "audit_archive"


@cache
def handouts() -> Handouts:
    """Read them from where the package is installed."""
    package = files(_PACKAGE)
    return Handouts(
        verifier=(package / "auditor" / "verify.py").read_bytes(),
        style=(package / "report" / "report.css").read_text("utf-8"),
        script=(package / "report" / "report.js").read_text("utf-8"),
    )
