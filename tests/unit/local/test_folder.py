"""Where the stack on a laptop writes."""

import os
import shutil
from pathlib import Path

import pytest

from local.aws.folder import NO_EXEC, is_fit, temporary_folder


def test_it_is_made_and_gone_again() -> None:
    with temporary_folder() as name:
        (Path(name) / "a-file").write_text("x")
    assert not Path(name).exists()


def test_a_folder_is_fit_if_it_has_room(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert is_fit(tmp_path, free // 2)
    assert not is_fit(tmp_path, free * 2)


def test_a_folder_that_is_not_there_is_not_fit(tmp_path: Path) -> None:
    assert not is_fit(tmp_path / "nowhere", 0)


@pytest.mark.skipif(not NO_EXEC, reason="only Linux tells")
def test_a_folder_whose_files_may_not_run_is_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(os.statvfs(tmp_path))
    found[8] |= NO_EXEC  # f_flag
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(found))
    assert not is_fit(tmp_path, 0)
