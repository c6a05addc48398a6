"""Sockets and HTTP framing of the laptop Console: requests go to the API, answers come from it."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from local.console.answer import Answer, ApiError, Request
from local.console.api import Api
from local.console.control import PREFIX, control
from local.console.parse import KEY_HEADER, MAX_BODY, read_request
from local.console.switchboard import Faults
from local.console.trail import Trail
from local.console.wire import send


class ServedConsole(Protocol):
    """The Console behind the connections: what it is asked, and how it is stopped."""

    trail: Trail
    faults: Faults
    api: Api
    crashes: list[BaseException]
    verbose: bool
    stopping: threading.Event

    def answer(self, request: Request) -> Answer:
        """Carries a request out."""


class Listener(ThreadingHTTPServer):
    """Accepts connections, a thread each, and knows which are open."""

    # Threads are joined when the server closes, so that a stopped Console leaves nothing behind.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], console: ServedConsole) -> None:
        self.console = console
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wakes the threads that wait for another request on a connection that is kept open."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # it may have gone by itself
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is everyday life; anything else is a defect of this server, and is shown."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.console.crashes.append(error)
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer after its headers waits for the peer's delayed ACK
    wbufsize = 64 * 1024
    server: Listener

    def serve(self) -> None:
        """Any method on any path: the API decides."""
        console = self.server.console
        try:
            answer = self._answer(console)
        except ApiError as error:
            answer = console.api.refuse(error)
        send(self, answer, console.stopping)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_QUERY = serve  # noqa: N815 - named by http.server

    def _answer(self, console: ServedConsole) -> Answer:
        body = self._read_body()
        path = self.path.partition("?")[0]
        content_type = self.headers.get("Content-Type", "")
        if path.startswith(PREFIX):
            return control(
                console.trail, console.faults, self.command, path, content_type=content_type, body=body
            )
        request = read_request(
            self.command,
            self.path,
            header_key=self.headers.get(KEY_HEADER),
            content_type=content_type,
            body=body,
        )
        return console.answer(request)

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise ApiError(411, "Length required")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            raise ApiError(413 if length.isdecimal() else 400, "The body's length is not acceptable")
        return self.rfile.read(int(length))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses comes in the documented error shape too."""
        self.close_connection = True
        console = self.server.console
        send(self, console.api.refuse(ApiError(code, message or explain or "Bad request")), console.stopping)

    def version_string(self) -> str:
        """For the `Server` header."""
        return "laptop-console"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """For the `Date` header: the Console's own clock."""
        now = self.server.console.trail.clock().timestamp() if timestamp is None else timestamp
        return super().date_time_string(now)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - named by http.server
        """One line a request where wanted; never the query string, for a key may be in it."""
        if self.server.console.verbose:
            print(f"{self.command} {self.path.partition('?')[0]} {code}", file=sys.stderr, flush=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Nothing else is logged."""
