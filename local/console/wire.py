"""Carries an answer over a connection, as its delivery says: whole, in drips, cut off, or not at all."""

from __future__ import annotations

import contextlib
import socket
import struct
import tempfile
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase, BytesIO
from threading import Event
from typing import IO, cast

from local.console.answer import Answer

_CHUNK = 128 * 1024


class _StoppedError(ConnectionError):
    """The server is being stopped in the middle of an answer."""


class _Paced:
    """Writes to a connection at the delivery's speed."""

    def __init__(self, out: BufferedIOBase, answer: Answer, stopping: Event) -> None:
        self._out = out
        self._step = answer.delivery.trickle_bytes
        self._pause_s = answer.delivery.pause_s
        self._stopping = stopping

    def write(self, data: bytes) -> None:
        step = self._step or len(data)
        for start in range(0, len(data), step or 1):
            self._out.write(data[start : start + step])
            if self._step:
                self._out.flush()
                self._stopping.wait(self._pause_s)
            if self._stopping.is_set():
                raise _StoppedError("the server is being stopped")


class _Chunked:
    """A sink that sends what it is given as HTTP chunks, gathered to a useful size; or bare, for HTTP/1.0."""

    def __init__(self, out: _Paced, *, framed: bool) -> None:
        self._out = out
        self._framed = framed
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        if len(self._held) >= _CHUNK:
            self._send()
        return len(data)

    def flush(self) -> None:
        """Nothing: zipfile flushes after every little header, which is no reason to send."""

    def _send(self) -> None:
        if self._held:
            held = bytes(self._held)
            self._out.write(b"%x\r\n%b\r\n" % (len(held), held) if self._framed else held)
            self._held.clear()

    def close(self) -> None:
        self._send()
        if self._framed:
            self._out.write(b"0\r\n\r\n")


def send(handler: BaseHTTPRequestHandler, answer: Answer, stopping: Event) -> None:
    """Sends the answer. `stopping` ends every silence and every trickle early."""
    delivery = answer.delivery
    if delivery.wait_s:
        stopping.wait(delivery.wait_s)
    if delivery.reset or stopping.is_set():
        reset(handler)
    elif answer.stream is None:
        _send_sized(handler, answer, BytesIO(answer.body), len(answer.body), stopping)
    elif delivery.needs_length:
        with tempfile.TemporaryFile() as spool:
            answer.stream(cast("IO[bytes]", spool))
            length = spool.tell()
            spool.seek(0)
            _send_sized(handler, answer, cast("IO[bytes]", spool), length, stopping)
    else:
        _send_streamed(handler, answer, stopping)


def _send_sized(
    handler: BaseHTTPRequestHandler, answer: Answer, body: IO[bytes], length: int, stopping: Event
) -> None:
    delivery = answer.delivery
    _send_head(handler, answer, {"Content-Length": str(max(length + delivery.length_delta, 0))})
    left = int(length * delivery.keep)
    paced = _Paced(handler.wfile, answer, stopping)
    while handler.command != "HEAD" and left > 0 and (data := body.read(min(left, _CHUNK))):
        paced.write(data)
        left -= len(data)
    if delivery.needs_length:
        handler.close_connection = True


def _send_streamed(handler: BaseHTTPRequestHandler, answer: Answer, stopping: Event) -> None:
    framed = handler.request_version != "HTTP/1.0"
    head = {"Transfer-Encoding": "chunked"} if framed else {"Connection": "close"}
    _send_head(handler, answer, head)
    sink = _Chunked(_Paced(handler.wfile, answer, stopping), framed=framed)
    if answer.stream is not None:
        answer.stream(cast("IO[bytes]", sink))
    sink.close()


def _send_head(handler: BaseHTTPRequestHandler, answer: Answer, more: dict[str, str]) -> None:
    handler.log_request(answer.status)
    handler.send_response_only(answer.status)
    handler.send_header("Server", handler.version_string())
    age = answer.delivery.age_s
    then = parsedate_to_datetime(handler.date_time_string()) - timedelta(seconds=age)
    handler.send_header("Date", format_datetime(then, usegmt=True))
    if age and answer.delivery.says_age:
        handler.send_header("Age", str(age))
    for name, value in {"Content-Type": answer.media_type, **answer.headers, **more}.items():
        handler.send_header(name, value)
    handler.end_headers()


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Ends the connection with RST: the peer sees a reset, not an orderly end."""
    handler.close_connection = True
    connection = handler.connection
    with contextlib.suppress(OSError):  # the peer may have gone first
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
