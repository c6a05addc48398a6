"""A TCP proxy on loopback that does to a request, or to its answer, what networks do."""

import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from tests.network.faults import Fault, Stage
from tests.network.messages import (
    Answer,
    name_of,
    read_answer,
    read_half_body,
    read_head,
    read_request_body,
)

RST_ON_CLOSE = struct.pack("ii", 1, 0)
READ_FIRST = 0.02
"""Seconds in which the peer reads what came before a reset."""


@dataclass(frozen=True)
class Order:
    """This fault strikes the requests of this name from the n-th on, so many times. Counting starts anew."""

    fault: Fault
    name: str
    nth: int = 1
    times: int = 1


@dataclass(frozen=True)
class Seen:
    """A request that came, whether it was struck, whether the server got it, and the lines of its answer's
    head."""

    name: str
    is_struck: bool
    is_carried_out: bool
    lines: int = 0


class FaultProxy:
    """Stands before one server; a context manager. Every request gets a connection of its own to the server.

    An answer is held until it is whole, so that any byte of it can be named. With `tls` the client's side of
    the way is encrypted, and ends without an alert. `crashes` are errors of the proxy's own code.
    """

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._tls = tls
        self.seen: list[Seen] = []
        self.crashes: list[BaseException] = []
        self._order: Order | None = None
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def strike(self, order: Order | None) -> None:
        """Forget what was seen, and from now on obey this order; None: only pass everything on."""
        with self._lock:
            self._order = order
            self._counts.clear()
            self.seen = []

    @property
    def has_struck(self) -> bool:
        """Whether the fault happened."""
        return any(seen.is_struck for seen in self.seen)

    # -------------------------------------------------------------------------------- connections

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for client in self._clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, act: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=act, args=args, name="fault proxy")
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: the end
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            with self._lock:
                self._clients.add(client)
            with client, client.makefile("rb") as stream:
                while self._pass_on(client, stream):
                    """The connection is kept."""
        except (ConnectionError, ssl.SSLError):
            return  # the peer has gone first, or does not trust us: that is what it is here to learn
        except (OSError, ValueError, LookupError) as error:
            self.crashes.append(error)
        finally:
            with self._lock:
                self._clients.discard(client)

    # -------------------------------------------------------------------------------- one request

    def _pass_on(self, client: socket.socket, stream: BinaryIO) -> bool:
        """One request and its answer; whether the connection may be used again."""
        head = read_head(stream)
        if not head:
            return False
        fault = self._fault_for(name_of(head))

        def go_on() -> None:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

        if fault is not None and fault.stage != Stage.CARRIED_OUT:
            self._note(head, fault, None)
            if fault.stage == Stage.HALF:
                read_half_body(stream, head, go_on)
            elif fault.stage == Stage.SWALLOWED:
                read_request_body(stream, head, go_on)
            return self._end(client, fault)
        answer = self._ask(head + read_request_body(stream, head, go_on))
        self._note(head, fault, answer)
        if fault is None:
            client.sendall(answer.data)
            return True
        return self._answer(client, fault, answer)

    def _fault_for(self, name: str) -> Fault | None:
        with self._lock:
            self._counts[name] += 1
            order = self._order
            if order is None or order.name != name:
                return None
            return order.fault if order.nth <= self._counts[name] < order.nth + order.times else None

    def _note(self, head: bytes, fault: Fault | None, answer: Answer | None) -> None:
        lines = answer.data.count(b"\r\n", 0, answer.head) if answer else 0
        with self._lock:
            self.seen.append(Seen(name_of(head), fault is not None, answer is not None, lines))

    def _ask(self, request: bytes) -> Answer:
        with socket.create_connection(self._upstream) as server, server.makefile("rb") as stream:
            server.sendall(request)
            return read_answer(stream, request)

    # -------------------------------------------------------------------------------- its fault

    def _answer(self, client: socket.socket, fault: Fault, answer: Answer) -> bool:
        data = fault.altered(answer)
        at = fault.place(answer)
        match fault.do:
            case "garble" | "noise":
                client.sendall(data)
            case "trickle":
                client.sendall(data[:at])
                for byte in data[at:]:
                    client.sendall(bytes([byte]))
                    self._stopping.wait(fault.seconds)
            case "delay":
                client.sendall(data[:at])
                self._stopping.wait(fault.seconds)
                client.sendall(data[at:])
            case _:
                client.sendall(data[:at])
                return self._end(client, fault)
        return True

    def _end(self, client: socket.socket, fault: Fault) -> bool:
        """Reset, hang (until the client gives up) or close: no more is to come."""
        if fault.do == "reset":
            self._stopping.wait(READ_FIRST)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
        elif fault.do == "hang":
            while client.recv(65536):
                """What it still sends is lost."""
        return False
