"""HTTP/1.1 messages as bytes: read whole from a connection, understood no further than to see their end."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:\s*100-continue", re.IGNORECASE)
_ACTION = re.compile(rb"\r\nx-amz-target:\s*\S*?(\w+)\r", re.IGNORECASE)
_INTERIM, _NO_BODY = re.compile(rb"HTTP/1\.. 1\d\d"), re.compile(rb"HTTP/1\.. (204|304)")


@dataclass(frozen=True)
class Answer:
    """An answer's bytes; the first `head` of them are its head, with the blank line."""

    data: bytes
    head: int


def read_head(stream: BinaryIO) -> bytes:
    """A message's head with its blank line; empty if the connection ended before it."""
    head = b""
    while line := stream.readline():
        head += line
        if line == b"\r\n":
            return head
    return b""


def read_request_body(stream: BinaryIO, head: bytes, go_on: Callable[[], object]) -> bytes:
    """The body of a request with this head; `go_on` is called if the client waits to be asked for it."""
    if _EXPECTS.search(head):
        go_on()
    return _body(stream, head) or b""


def read_half_body(stream: BinaryIO, head: bytes, go_on: Callable[[], object]) -> None:
    """About half of it, and a first line of one in chunks."""
    if _EXPECTS.search(head):
        go_on()
    length = _LENGTH.search(head)
    if length:
        stream.read(int(length[1]) // 2)
    elif _CHUNKED.search(head):
        stream.readline()


def read_answer(stream: BinaryIO, request: bytes) -> Answer:
    """The final answer to a request. Raises ConnectionError if none comes."""
    head = read_head(stream)
    while _INTERIM.match(head):
        head = read_head(stream)
    if not head:
        raise ConnectionError("the server gave no answer")
    if request.startswith(b"HEAD ") or _NO_BODY.match(head):
        return Answer(head, len(head))
    body = _body(stream, head)
    return Answer(head + (stream.read() if body is None else body), len(head))


def name_of(head: bytes) -> str:
    """What a request is called.

    DynamoDB's and Secrets Manager's by their action; the Console's `GET fetch`, `POST purge`; S3's by the
    first folder of the key, `PUT exports`, or of a whole bucket by the query's first word: `GET ?versions`.
    """
    if found := _ACTION.search(head):
        return found[1].decode()
    method, target, *_ = head.decode("latin-1").split(" ")
    path, _, query = target.partition("?")
    if "audit_trail/" in path:
        return f"{method} {path.rpartition('audit_trail/')[2]}"
    folder = path.strip("/").partition("/")[2].partition("/")[0]
    return f"{method} {folder or '?' + re.split('[&=]', query)[0]}"


def _body(stream: BinaryIO, head: bytes) -> bytes | None:
    """The body, if the head tells where it ends."""
    if _CHUNKED.search(head):
        return _chunks(stream)
    length = _LENGTH.search(head)
    return stream.read(int(length[1])) if length else None


def _chunks(stream: BinaryIO) -> bytes:
    """A body in chunks, to the end of its trailers."""
    data = b""
    while True:
        line = stream.readline()
        size = int(line.partition(b";")[0], 16)
        data += line
        if not size:
            return data + read_head(stream)
        data += stream.read(size + 2)
