"""A wire between a worker and one server, and somebody who strikes at one of the requests on it.

Requests are told apart by who speaks: whatever a client says after the server has spoken is a new one (so the
body that follows a `100 Continue` counts too: a moment like any other).
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from select import select
from types import TracebackType
from typing import Literal, Self

from local.aws.emulator import LOOPBACK

When = Literal["before", "during", "after"]
CHUNK = 1 << 16


class Striker:
    """Hears every request on all its wires, and strikes once: before a byte of a request has arrived, when
    half of its first bytes have, or when it was answered and nobody has heard the answer.

    `heard` are the first lines of the requests since it took aim; `struck` is the one that it struck at.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.struck = ""
        self._lock = threading.Lock()
        self._number = 0
        self._when: When = "before"
        self._strike: Callable[[], object] = lambda: None

    def aim(self, number: int, when: When, strike: Callable[[], object]) -> None:
        """Strike at the `number`th request from now, counted from 1; with 0 at none."""
        with self._lock:
            self.heard, self.struck = [], ""
            self._number, self._when, self._strike = number, when, strike

    def asked(self, data: bytes) -> tuple[bytes, bool]:
        """What of a new request's first bytes may pass, and whether to strike once it is answered."""
        with self._lock:
            self.heard.append(data.partition(b"\r\n")[0].decode("ascii", "replace"))
            if len(self.heard) != self._number:
                return data, False
            self.struck = self.heard[-1]
            if self._when == "after":
                return data, True
            self._strike()
            return data[: len(data) // 2] if self._when == "during" else b"", False

    def answered(self) -> None:
        """The answer to strike at has come."""
        self._strike()


class Relay:
    """Listens on loopback and carries every connection to `port` there; use it as a context manager."""

    def __init__(self, port: int, striker: Striker) -> None:
        self._target = (LOOPBACK, port)
        self._striker = striker
        self._listener = socket.create_server((LOOPBACK, 0))
        self._threads = [threading.Thread(target=self._accept, name="relay")]
        self._clients: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._clients):
            with suppress(OSError):  # most have gone by themselves
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was shut down: the end
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                self._threads.append(threading.Thread(target=self._carry, args=(client,), name="wire"))
                self._threads[-1].start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(ConnectionError), socket.create_connection(self._target) as server:
            for end in (client, server):  # or small pieces would wait for the other side's delayed ACK
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._talk(client, server)

    def _talk(self, client: socket.socket, server: socket.socket) -> None:
        """Carry bytes both ways until one side closes, or the strike comes."""
        is_answered, strikes_at_answer = True, False
        while True:
            for speaker in select([client, server], [], [])[0]:
                data = passed = speaker.recv(CHUNK)
                if speaker is server and strikes_at_answer:
                    return self._striker.answered()
                if speaker is client and is_answered and data:
                    passed, strikes_at_answer = self._striker.asked(data)
                is_answered = speaker is server
                (client if speaker is server else server).sendall(passed)
                if not data or passed != data:
                    return None
