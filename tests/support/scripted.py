"""A server that says exactly what a test wants, byte by byte: as a Console, a proxy or an attacker may."""

import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from audit_archive.adapters.console.http import HttpPurgingConsole
from audit_archive.adapters.console.retry import Patience
from audit_archive.format.facts import AuthStyle
from tests.support.fakes import FakeClock, FakeKey

KEY = "k3y/with+odd&chars=%"
"""An API key that looks different in every encoding."""

Script = bytes | Callable[[socket.socket], None]
IMPATIENT = Patience(fetch_timeout=0.3, download_timeout=0.3, purge_timeout=0.3)


@dataclass
class Scripted:
    """A running server: where it is, and the requests that it got (head and body, as text)."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def scripted(*scripts: Script, repeat_last: bool = True) -> Iterator[Scripted]:
    """Answer the n-th request with the n-th script: bytes, or a function that is given the socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, server, scripts, repeat_last))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(
    body: bytes | str = b"",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
) -> bytes:
    """An HTTP answer; `length` is a Content-Length that is not the truth."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(data) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


def trickle(data: bytes, pause: float) -> Script:
    """One byte at a time."""

    def send(connection: socket.socket) -> None:
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            time.sleep(pause)

    return send


def reset(connection: socket.socket) -> None:
    """Hang up at once, without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def silence(connection: socket.socket) -> None:
    """Say nothing until the other side has had enough."""
    with suppress(OSError):
        connection.recv(1)


def console(
    server: Scripted | str,
    style: str = AuthStyle.HEADER,
    clock: FakeClock | None = None,
    key: FakeKey | None = None,
) -> HttpPurgingConsole:
    """A console that is impatient, and whose clock stands still."""
    url = server if isinstance(server, str) else server.url
    return HttpPurgingConsole(
        url, key or FakeKey(KEY), AuthStyle(style), clock or FakeClock(), patience=IMPATIENT
    )


def everything_told(error: BaseException) -> str:
    """All that an error could ever print: itself, its causes and contexts, suppressed or not, with notes."""
    told, current = "".join(traceback.format_exception(error)), error.__cause__ or error.__context__
    while current is not None:
        told += repr(current) + "".join(traceback.format_exception(current)) + repr(current.args)
        current = current.__cause__ or current.__context__
    return told


def _serve(listener: socket.socket, server: Scripted, scripts: tuple[Script, ...], repeat_last: bool) -> None:
    remaining = list(scripts)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(ConnectionError):
            server.requests.append(_read_request(connection))
            script = remaining[0]
            if len(remaining) > 1 or not repeat_last:
                remaining.pop(0)
            if isinstance(script, bytes):
                connection.sendall(script)
            else:
                script(connection)


def _read_request(connection: socket.socket) -> str:
    text = b""
    while b"\r\n\r\n" not in text:
        received = connection.recv(65536)
        if not received:
            break
        text += received
    head, _, body = text.partition(b"\r\n\r\n")
    if b"expect: 100-continue" in head.lower():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode(errors="replace")
