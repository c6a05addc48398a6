"""An AWS on loopback for the functions: moto, and before it what moto can't do.

- The policy of a bucket is kept and given here. moto obeys a Deny whatever its conditions say.
- A setting of a bucket can be refused, as to a role that may not read it.
- An invocation that nobody waits for is accepted and kept.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from tests.support.at_hand import Start, Wsgi, at_hand

XML = '<?xml version="1.0" encoding="UTF-8"?>'
_INVOCATIONS = re.compile(r"/2015-03-31/functions/.+/invocations")


class Cloud:
    """The application. `policies` by bucket; `invocations` are the bodies that came."""

    def __init__(self) -> None:
        self.policies: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.invocations: list[bytes] = []
        self._moto: Wsgi = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        found = self._own(environ)
        if found is None:
            return self._moto(environ, start_response)
        status, kind, body = found
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _own(self, environ: dict[str, Any]) -> tuple[str, str, bytes] | None:
        path, asked = environ["PATH_INFO"], environ.get("QUERY_STRING", "").rstrip("=")
        if _INVOCATIONS.fullmatch(path):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)
            self.invocations.append(body)
            return "202 Accepted", "application/json", b""
        if asked in self.refused:
            said = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            return "403 Forbidden", "application/xml", (XML + said).encode()
        policy = self.policies.get(path.strip("/")) if asked == "policy" else None
        return None if policy is None else ("200 OK", "application/json", policy)


@contextmanager
def serving(application: Wsgi) -> Iterator[str]:
    """Serve an application on loopback, and have it at hand; gives the address."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        with at_hand(address, application):
            yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
