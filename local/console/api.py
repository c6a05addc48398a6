"""The three documented endpoints: a request in, an answer out. No sockets; server.py carries the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO

import orjson
import pytz

from local.console.answer import ENDPOINTS, Answer, ApiError, Request, json_answer
from local.console.export import FILE_NAME, MEDIA_TYPE, ExportShape, in_order, write_export
from local.console.faults import Fault
from local.console.fetch import Position, page_at, with_standard_times
from local.console.keys import Key, Keyring
from local.console.snapshot import Snapshot
from local.console.trail import Actor, PurgeTerms, Trail

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
MAX_ID = 2**63 - 1
_INTEGER = re.compile(r"[0-9]{1,19}")


class Api:
    """The Console's audit trail API over one trail.

    `key_styles` are the ways to pass a key that this Console accepts: `header`, `parameter`.
    """

    def __init__(
        self,
        trail: Trail,
        keys: Keyring,
        *,
        shape: ExportShape,
        key_styles: frozenset[str],
        errors_as_200: bool,
    ) -> None:
        self.trail = trail
        self.keys = keys
        self.shape = shape
        self.key_styles = key_styles
        self.errors_as_200 = errors_as_200

    def handle(self, request: Request, faults: tuple[Fault, ...] = ()) -> Answer:
        """Carries out the request, as the faults have it."""
        for fault in faults:
            answer = fault.instead()
            if answer is not None:
                return answer
        try:
            answer = self._carry_out(request, faults)
        except ApiError as error:
            answer = error.as_answer(as_200=self.errors_as_200)
        for fault in faults:
            answer = fault.answer(answer)
        return answer

    def refuse(self, error: ApiError) -> Answer:
        """The answer to a request that can't even be read."""
        return error.as_answer(as_200=self.errors_as_200)

    def _carry_out(self, request: Request, faults: tuple[Fault, ...]) -> Answer:
        if request.path not in ENDPOINTS:
            raise ApiError(404, "Not found")
        endpoint, method = ENDPOINTS[request.path]
        if request.method != method:
            raise ApiError(405, "Method not allowed", {"Allow": method})
        key = self._admit(request)
        if endpoint == "fetch":
            return self._fetch(key, request.parameters, faults)
        if endpoint == "purge":
            return self._purge(key, request.parameters, faults)
        return self._export(key, faults)

    def find_key(self, request: Request) -> Key | None:
        """What the request's key stands for. If it is given in both ways, the header decides."""
        value = request.header_key if self._by_header(request) else None
        if value is None and "parameter" in self.key_styles:
            value = request.parameter_key
        return None if value is None else self.keys.find(value)

    def _by_header(self, request: Request) -> bool:
        return request.header_key is not None and "header" in self.key_styles

    def _admit(self, request: Request) -> Key:
        key = self.find_key(request)
        if key is None:
            raise ApiError(401, "Unauthorized" if self._by_header(request) else "Invalid auth_token")
        return key

    def _view(self, key: Key, faults: tuple[Fault, ...]) -> Snapshot:
        """What this key is shown of the trail."""
        snapshot = self.trail.snapshot()
        for fault in faults:
            snapshot = fault.view(snapshot, self.trail.clock())
        return snapshot.seen_by(key.flock)

    def _fetch(self, key: Key, parameters: Mapping[str, object], faults: tuple[Fault, ...]) -> Answer:
        position = _position(parameters)
        zone = parameters.get("tz")
        try:
            tz = None if zone is None else pytz.timezone(str(zone))
        except pytz.UnknownTimeZoneError as error:
            raise ApiError(400, "Unknown timezone") from error
        snapshot = self._view(key, faults)
        count = len(snapshot)
        for fault in faults:
            count = fault.counted(count, self.trail.snapshot())
        page = page_at(snapshot, position, count)
        shown = page.as_dict()
        for fault in faults:
            shown = fault.page(shown)
        # The entries go in as text: whatever bytes a test has put into the trail are served as they are.
        texts = list(snapshot.lines(page.ids))
        if tz is not None:
            texts = [with_standard_times(text, tz) for text in texts]
        entries = b"null" if shown.pop("audit_trail") is None else b"[" + b",".join(texts) + b"]"
        return Answer(body=b'{"audit_trail":' + entries + b"," + orjson.dumps(shown)[1:])

    def _purge(self, key: Key, parameters: Mapping[str, object], faults: tuple[Fault, ...]) -> Answer:
        if not key.may_purge:
            raise ApiError(403, "Unauthorized")
        up_to = _integer(parameters, "id", MAX_ID)
        if up_to is None:
            raise ApiError(400, "Missing required parameter: id")
        terms = PurgeTerms()
        for fault in faults:
            terms = fault.purge_terms(terms)
        count = self.trail.purge(up_to, by=Actor(user=key.name), flock=key.flock, terms=terms)
        return json_answer({"msg": terms.answer_words.format(count=count), "result": "success"})

    def _export(self, key: Key, faults: tuple[Fault, ...]) -> Answer:
        snapshot = self._view(key, faults)
        shape, written = self.shape, self.trail.clock()

        def stream(sink: IO[bytes]) -> None:
            lines = snapshot.lines(in_order(snapshot.ids, shape.order))
            write_export(sink, lines, shape, count=len(snapshot), written=written)

        headers = {"Content-Disposition": f"attachment; filename={FILE_NAME}"}
        return Answer(media_type=MEDIA_TYPE, headers=headers, stream=stream)


def _position(parameters: Mapping[str, object]) -> Position:
    limit = _integer(parameters, "limit", MAX_LIMIT)
    cursor = parameters.get("cursor")
    if cursor is None:
        return Position(DEFAULT_LIMIT if limit is None else limit)
    if limit is not None:
        raise ApiError(400, "limit can not be used together with cursor")
    try:
        return Position.of_cursor(str(cursor))
    except ValueError as error:
        raise ApiError(400, "Invalid cursor") from error


def _integer(parameters: Mapping[str, object], name: str, largest: int) -> int | None:
    """A parameter from 1 to `largest`, given as digits or, in a JSON body, as a number."""
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not _INTEGER.fullmatch(str(value)) or not 1 <= int(str(value)) <= largest:
        raise ApiError(400, f"{name} must be an integer from 1 to {largest}")
    return int(str(value))
