"""How the workers share the tests: what takes long to start is started in one of them only.

And how they collect them: each worker makes all of the thousands of tests, and keeps every one. The garbage
collector would look through them again and again, for a quarter of that time. So it waits until they are
there, and never looks at them after.
"""

import atexit
import gc
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import botocore.session
import pytest
import requests
from botocore import useragent
from botocore.loaders import Loader, create_loader
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support.examples import FEW

TOGETHER = (
    "tests/system/",
    "tests/processes/",
    "tests/browser/",
    "tests/template/",
    "tests/functions/permissions/",
    "tests/functions/alarms/",
    "tests/functions/test_both_doors.py",
    "tests/functions/test_retrieve_function.py",
    "tests/contracts/",
    "tests/network/",
    "tests/queries/",
)
"""Folders: one deploys the stack, one starts an AWS and processes of the function, one starts a browser,
three load what renders the template, one starts two AWS, one an AWS behind a proxy, and one fills an engine
of SQL. And files that ask one archive."""

QUICK = "tests/unit/"
"""Here are thousands of tests, so short that it takes as long to hand them out."""


gc.disable()
settings.load_profile(FEW)  # `--hypothesis-profile` comes later, and wins


def pytest_collection_finish() -> None:
    """All tests are there; what is made from now on may be garbage."""
    gc.set_threshold(100_000, 20, 20)  # a test makes little garbage that lasts
    gc.enable()
    gc.freeze()
    atexit.register(gc.unfreeze)  # some modules complain of what is still there when Python has ended


@pytest.fixture(scope="session", autouse=True)
def _models_are_read_once() -> Iterator[None]:
    """Sessions of one process share what botocore reads of the services: it is pure, and takes 0.1 s each.

    So do requests what it makes of the parts of its own name, letter by letter. And none looks through the
    environment for proxies: what is asked here is on this machine.
    """
    made = cache(create_loader)

    def shared(data_path: str | None = None) -> Loader:
        loader = made(data_path)
        loader.search_paths[:] = dict.fromkeys(loader.search_paths)  # each session of boto3 adds its own
        return loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", shared)
        patch.setattr(requests.sessions, "get_environ_proxies", lambda url, no_proxy=None: {})
        clean = lru_cache(1000)(useragent.sanitize_user_agent_string_component)
        patch.setattr(useragent, "sanitize_user_agent_string_component", clean)
        yield


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker that has nothing left the next folder, file or test, in the order of their names.

    That is what the mark `xdist_group` is for, but pytest 9 ignores how xdist 3.8 applies it.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(QUICK):
            return nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


def pytest_xdist_make_scheduler(config: Any, log: Any) -> Scheduling:
    """xdist asks here how to share out the tests."""
    gc.enable()  # the process that hands out the tests collects none
    config.option.loadscopereorder = False  # the quick ones come last: they even out what came before
    return Scheduling(config, log)
