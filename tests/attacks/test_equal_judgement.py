"""Every attack on a copy once more: the auditor's copy and the use case blame the same objects for the same.

The attacks are those of `tests/attacks`, with a victim that asks both.
"""

from collections.abc import Iterator

import pytest

from tests.attacks import test_attacks
from tests.support.verify_program import Both

# Every attack is a test here as well, on the victims below.
globals().update({name: it for name, it in vars(test_attacks).items() if name.startswith("test_")})


@pytest.fixture
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    both = Both(tmp_path_factory.mktemp("aside"))
    yield both
    assert both.asked


@pytest.fixture
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    both = Both(tmp_path_factory.mktemp("aside"), is_signed=False)
    yield both
    assert both.asked
