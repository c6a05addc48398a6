"""An AWS in this process is asked without a socket: half of what a request costs is its way there and back.

boto3 makes, signs and reads every request as ever. Only what it would send to an address that is at hand goes
straight to the application behind it, which serves the address as well: links are fetched over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from botocore import handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

Start: TypeAlias = Callable[[str, list[tuple[str, str]]], Any]
Wsgi: TypeAlias = Callable[[dict[str, Any], Start], Iterable[bytes]]

_applications: dict[str, Wsgi] = {}


@contextmanager
def at_hand(address: str, application: Wsgi) -> Iterator[None]:
    """What boto3 sends to the address is handed to the application."""
    _applications[address] = application
    try:
        yield
    finally:
        del _applications[address]


def _hand_over(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    url = urlsplit(request.url)
    application = _applications.get(f"{url.scheme}://{url.netloc}")
    if application is None:
        return None
    told: list[Any] = []
    parts = application(_environ(request), lambda status, headers, *_: told.extend((status, headers)))
    body = b"".join(parts)
    status, headers = told
    answer = HTTPResponse(
        BytesIO(body),
        {"Date": formatdate(usegmt=True)} | dict(headers),
        int(status.split()[0]),
        preload_content=False,
        request_method=request.method,
    )
    return AWSResponse(request.url, answer.status, answer.headers, answer)  # type: ignore[arg-type]  # as botocore does


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    """The request as werkzeug tells it to its applications."""
    url = urlsplit(request.url)
    data = _bytes_of(request.body)
    asked = url.path + ("?" + url.query if url.query else "")
    environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(data),
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
        "QUERY_STRING": url.query,
        "RAW_URI": asked,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        said = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = said
    for name in ("HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH"):  # the body is here whole
        environ.pop(name, None)
    return environ | {"CONTENT_LENGTH": str(len(data))}


def _bytes_of(body: Any) -> bytes:
    """A body as boto3 has it: nothing, a text, bytes, or a file."""
    if isinstance(body, str):
        return body.encode()
    return body.read() if hasattr(body, "read") else bytes(body or b"")


handlers.BUILTIN_HANDLERS.append(("before-send", _hand_over))
