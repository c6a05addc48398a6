"""A function of the stack, invoked and followed until it ends."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from audit_archive import errors
from audit_archive.format.display import visible
from cli.exits import Exit, Failure, status_of
from cli.stack import CloudError, Stack, asking

POLL_SECONDS = 3.0
LOG_DELAY_MS = 5_000
Event: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any] | errors.AuditArchiveError

_ADVICE = "Before you try again, look with `canary-audit status` whether it ran."


def invoke(stack: Stack, event: Event, function: str = "ArchiveFunction") -> dict[str, Any]:
    """Invoke a function once and wait for its result; a person sees its log meanwhile.

    `function`: the output of the stack that names it.

    Raises CloudError if AWS fails or refuses, Failure for the error that the function raised.
    """
    answers = SimpleQueue[Answer]()
    log = _Log(stack, event.get("console"))
    # A daemon: Ctrl-C must not wait for it.
    Thread(target=_put_answer, args=(answers, stack, event, function), daemon=True).start()
    try:
        answer = _wait(answers, log)
    except KeyboardInterrupt as error:
        message = "You stopped waiting. The function goes on in AWS: `canary-audit status` shows what it did."
        raise Failure("Abandoned", message, Exit.ABANDONED) from error
    if isinstance(answer, errors.AuditArchiveError):
        raise answer
    return answer


def invoke_later(stack: Stack, event: Event) -> str:
    """Hand an event to the function and do not wait, as the schedule does. Returns the request's id."""
    name = stack.output("ArchiveFunction")
    with asking(f"The function {name} can't be invoked", "No run was started."):
        answer = stack.invoker.invoke(
            FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
        )
    return str(answer["ResponseMetadata"].get("RequestId", ""))


def result_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The function's result. Raises Failure for the error that it raised."""
    result: Any = answer["result"]
    if answer["failed"]:
        kind = str(result.get("errorType", "Error"))
        error_class = getattr(errors, kind, None)
        is_ours = isinstance(error_class, type) and issubclass(error_class, errors.AuditArchiveError)
        status = status_of(error_class) if is_ours and error_class is not None else Exit.FAILED
        url = errors.runbook_url(kind) if is_ours else None
        raise Failure(kind, f"{kind}: {result.get('errorMessage', result)}", status, url)
    return dict(result)


def _put_answer(answers: "SimpleQueue[Answer]", stack: Stack, event: Event, function: str) -> None:
    """Put the answer of the function. Put one even after a bug: the main thread waits for it."""
    answer: Answer = CloudError(f"The function's answer can't be read. {_ADVICE}")
    try:
        answer = _invoked(stack, event, function)
    except errors.AuditArchiveError as error:
        answer = error
    finally:
        answers.put(answer)


def _invoked(stack: Stack, event: Event, function: str) -> dict[str, Any]:
    name = stack.output(function)
    with asking(f"The function {name} can't be invoked", _ADVICE):
        answer = stack.invoker.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return {"result": json.loads(answer["Payload"].read()), "failed": "FunctionError" in answer}


def _wait(answers: "SimpleQueue[Answer]", log: "_Log") -> Answer:
    from rich.console import Console

    terminal = Console(stderr=True, highlight=False)
    if not terminal.is_terminal:
        return answers.get()
    began = time.monotonic()
    with terminal.status("") as status:
        while True:
            status.update(f"running for {time.monotonic() - began:.0f} s")
            with suppress(Empty):
                return answers.get(timeout=POLL_SECONDS)
            for line in log.new_lines():
                terminal.print(line, markup=False)


class _Log:
    """What the functions log of one Console from now on, if the caller may read it."""

    def __init__(self, stack: Stack, console: str | None) -> None:
        self._stack = stack
        self._console = console
        self._since = int(time.time() * 1000) - LOG_DELAY_MS
        self._seen = set[str]()
        self._is_readable = console is not None

    def new_lines(self) -> Iterator[str]:
        """The lines that came since the last time."""
        if not self._is_readable:
            return
        try:
            yield from self._read()
        except (CloudError, errors.SettingsError):
            self._is_readable = False  # the log is a convenience: the result has everything that matters

    def _read(self) -> Iterator[str]:
        with asking("The log can't be read"):
            answer = self._stack.client("logs").filter_log_events(
                logGroupName=self._stack.function["LoggingConfig"]["LogGroup"],
                startTime=self._since,
                filterPattern=f'"{self._console}"',
            )
        for event in answer.get("events", []):
            if event["eventId"] not in self._seen:
                self._seen.add(event["eventId"])
                yield _line_of(event["message"])


def _line_of(message: str) -> str:
    """A log line in short: level and message of a structured one."""
    try:
        line = json.loads(message)
        return visible(f"{line['level']:<7} {line['message']}")
    except (ValueError, KeyError, TypeError):
        return visible(message.rstrip())
