"""Of the attacks that are told again here, only those on copies: the auditor's copy has no bucket."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what never asks the auditor's copy."""
    kept = [item for item in items if not _is_of_the_bucket(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _is_of_the_bucket(item: pytest.Item) -> bool:
    if item.path.name != "test_equal_judgement.py" or not isinstance(item, pytest.Function):
        return False
    asked = item.callspec.params if hasattr(item, "callspec") else {}
    return asked.get("where", "copy") == "bucket" or "tmp_path" not in item.fixturenames
