"""What a person is woken up for."""

from audit_archive import errors
from audit_archive.finding import FindingKind


def test_every_error_that_pages_is_a_kind_of_finding() -> None:
    paging = {kind.__name__ for kind in errors.PageError.__subclasses__()}
    assert paging == {kind for kind in FindingKind if kind.endswith("Error")}
