"""Everything at once: a Console, an AWS, the real stack in it, and the keys in their secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from local.aws import sam
from local.aws.console import PURGE_KEY, READ_KEY, URL_TEMPLATE, LocalConsole
from local.aws.emulator import LocalAws
from local.aws.folder import temporary_folder
from local.aws.stack import DeployedStack


class Laptop:
    """A Console and the deployed stack that archives it; use it as a context manager.

    entries     how many entries the Console starts with
    purge_mode  the stack's PurgeMode
    parameters  further parameters of the template
    template    a template that `sam.build` has built already; absent, it is built
    tell        called with a short text before each step
    """

    console: LocalConsole
    aws: LocalAws
    stack: DeployedStack
    folder: Path  # where all of it writes; gone afterwards

    def __init__(
        self,
        entries: int,
        *,
        purge_mode: str = "on",
        parameters: Mapping[str, str] | None = None,
        template: Path | None = None,
        root: Path = sam.ROOT,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._entries = entries
        self._parameters = {
            "PurgeMode": purge_mode,
            "ObjectLockMode": "GOVERNANCE",
            "DeployedBy": "caller",
            "ConsoleUrlTemplate": URL_TEMPLATE,
            **(parameters or {}),
        }
        self._template = template
        self._root = root
        self._progress = progress
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            folder = Path(opening.enter_context(temporary_folder()))
            self.folder = folder
            self._progress("starting a Console")
            self.console = opening.enter_context(LocalConsole(folder, self._entries))
            self._progress("starting an AWS")
            self.aws = opening.enter_context(LocalAws(folder))
            self.stack = self._deploy(folder)
            self._progress("putting the Console's API keys into Secrets Manager")
            self.stack.put_key(self.console.id, "read", READ_KEY)
            self.stack.put_key(self.console.id, "purge", PURGE_KEY)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _deploy(self, folder: Path) -> DeployedStack:
        template = self._template
        if template is None:
            self._progress("sam build")
            template = sam.build(folder, self._root)
        self._progress("sam deploy")
        parameters = {"Console": self.console.id} | self._parameters
        return DeployedStack.deploy(self.aws, template, parameters, folder, self._root)
