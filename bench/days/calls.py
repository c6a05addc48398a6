"""Counts the requests of a process by kind, and makes each one as slow as a real one: all go by urllib3.

An emulator on this machine answers sooner or later than AWS. A request here takes the delay at least, so that
neither counts where the emulator is the faster one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from urllib3.connectionpool import HTTPConnectionPool

_S3_PARTS = ("versions", "retention", "legal-hold", "tagging")


class Calls:
    """The requests so far: `by_kind` counts them, as `S3 PUT`, `DynamoDB GetItem`, `Console GET purge`."""

    def __init__(self, aws_port: int, seconds: float) -> None:
        """`aws_port`: where AWS is; else it is the Console. `seconds`: how long a request takes at least."""
        self.by_kind: Counter[str] = Counter()
        self._aws_port = aws_port
        self._seconds = seconds
        self._lock = Lock()

    def add(self, port: int | None, method: str, url: str, headers: Mapping[str, Any]) -> None:
        """Count one request."""
        kind = _aws_kind(method, url, headers) if port == self._aws_port else _console_kind(method, url)
        with self._lock:
            self.by_kind[kind] += 1

    def wait(self, since: float) -> None:
        """Wait until a request that began at a moment has taken as long as a real one does."""
        time.sleep(max(0.0, since + self._seconds - time.monotonic()))


@contextmanager
def watched(aws_port: int, seconds: float) -> Iterator[Calls]:
    """Every request of this process is counted and delayed within the block."""
    calls, send = Calls(aws_port, seconds), HTTPConnectionPool.urlopen

    def urlopen(pool: HTTPConnectionPool, method: str, url: str, *args: Any, **more: Any) -> Any:
        calls.add(pool.port, method, url, more.get("headers") or {})
        since = time.monotonic()
        try:
            return send(pool, method, url, *args, **more)
        finally:
            calls.wait(since)

    named: Callable[..., Any] = urlopen
    HTTPConnectionPool.urlopen = named  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        HTTPConnectionPool.urlopen = send  # type: ignore[method-assign]


def _aws_kind(method: str, url: str, headers: Mapping[str, Any]) -> str:
    target = headers.get("X-Amz-Target")
    if target is not None:
        text = target.decode() if isinstance(target, bytes) else str(target)
        service, _, name = text.rpartition(".")
        return f"{_SERVICES.get(service.partition('_')[0], service)} {name}"
    asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    part = next((name for name in _S3_PARTS if name in asked), "")
    return f"S3 {method} {part}".rstrip()


_SERVICES = {"DynamoDB": "DynamoDB", "secretsmanager": "Secrets Manager", "TrentService": "KMS"}


def _console_kind(method: str, url: str) -> str:
    return f"Console {method} {urlsplit(url).path.rpartition('/api/v1/')[2]}"
