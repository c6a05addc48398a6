"""The Console's HTTP server, on 127.0.0.1 only. `ConsoleServer` is what tests and the command use."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from local.console.answer import ENDPOINTS, Answer, Request, Seen
from local.console.api import Api
from local.console.arrivals import Arrivals
from local.console.export import ExportShape
from local.console.handler import Listener
from local.console.keys import Key, Keyring
from local.console.switchboard import Faults
from local.console.trail import Trail

HOST = "127.0.0.1"
KEY_STYLES = frozenset({"header", "parameter"})


class ConsoleServer:
    """A Console on this machine: a context manager, or `start` and `stop`.

    `read_key` is a Read-Only key, `admin_key` may purge, `keys` are any others (value -> Key). `key_styles`
    is what the Console accepts of `header` and `parameter`. `port` 0 takes any free one.
    """

    def __init__(
        self,
        trail: Trail | None = None,
        *,
        read_key: str | None = None,
        admin_key: str | None = None,
        keys: Mapping[str, Key] | None = None,
        port: int = 0,
        shape: ExportShape | None = None,
        key_styles: frozenset[str] = KEY_STYLES,
        errors_as_200: bool = False,
        arrivals_per_minute: float = 0.0,
        verbose: bool = False,
    ) -> None:
        ring = Keyring(keys or {})
        if read_key:
            ring.set(read_key, Key("local-reader", "read-only"))
        if admin_key:
            ring.set(admin_key, Key("local-admin", "admin"))
        self.trail = trail if trail is not None else Trail()
        self.keys = ring
        self.faults = Faults()
        self.api = Api(
            self.trail,
            ring,
            shape=shape or ExportShape(),
            key_styles=key_styles,
            errors_as_200=errors_as_200,
        )
        self.requests: deque[Seen] = deque(maxlen=100_000)
        """What the API was asked, oldest first, without key values."""
        self.crashes: list[BaseException] = []
        """Errors of this server's own code. A test may assert that it is empty."""
        self.verbose = verbose
        self.stopping = threading.Event()
        self._arrivals = Arrivals(self.trail, arrivals_per_minute, self.stopping)
        self._port = port
        self._server: Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, once started."""
        return f"http://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on. RuntimeError unless it is started."""
        if self._server is None:
            raise RuntimeError("the Console is not started")
        return int(self._server.server_address[1])

    def start(self) -> Self:
        """Listens from now on, in threads of its own. OSError if the port is taken."""
        self._server = Listener((HOST, self._port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="console")
        self._thread.start()
        self._arrivals.start()
        return self

    def stop(self) -> None:
        """Ends every connection and every thread; returns when all have ended."""
        self.stopping.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.close_connections()
            self._server.server_close()
        self._arrivals.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Answer:
        """Applies the faults, carries the request out, and remembers it."""
        endpoint = ENDPOINTS.get(request.path)
        key = self.api.find_key(request)
        faults = self.faults.take(endpoint[0], None if key is None else key.name) if endpoint else ()
        answer = self.api.handle(request, faults)
        given = {"header": request.header_key, "parameter": request.parameter_key}
        key_in = frozenset(place for place, value in given.items() if value is not None)
        status = None if answer.delivery.reset else answer.status
        self.requests.append(Seen(request.method, request.path, key_in, request.parameters, status))
        return answer
