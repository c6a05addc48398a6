"""One HTTP request to the Console: the key put in its place, faults told without the key.

Nothing here repeats a request or judges an answer.
"""

import logging
from collections.abc import Mapping
from typing import Any, BinaryIO, Protocol

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from audit_archive import __version__
from audit_archive.adapters.console_address import checked_base_url
from audit_archive.adapters.console_body import Answer, receive
from audit_archive.adapters.console_faults import (
    OutOfTimeError,
    fault_of,
)
from audit_archive.adapters.console_words import Scrubber
from audit_archive.errors import SettingsError
from audit_archive.ports import Clock

# urllib3 quotes the whole URL, with a key that travels in it, where it warns of headers that it can't parse.
logging.getLogger("urllib3").setLevel(logging.ERROR)

AUTH_STYLES = ("header", "query")
CONNECT_TIMEOUT = 10.0
"""Seconds."""


class ApiKey(Protocol):
    """An API key that can be read again when the Console refuses it: it may have been rotated."""

    def value(self) -> str:
        """The key as known."""
        ...

    def refresh(self) -> str:
        """The key, read anew."""
        ...


class _OwnKey(AuthBase):
    """Puts the key into the header. That `requests` has an auth object keeps it from looking into .netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["X-Canary-Auth-Token"] = self._key
        return request


class _Session(requests.Session):
    """A session to which no answer is a redirect: the key would travel there.

    Without following it, requests would still read its whole body, and fail on an address that is malformed.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - named by requests
        return None


class Transport:
    """Sends requests to one Console with one key. Every request has a connection of its own: no cookies."""

    def __init__(self, base_url: str, key: ApiKey, auth_style: str, clock: Clock, reserve: float) -> None:
        """`reserve` is in seconds: so much of the clock's remaining time is never used for waiting.

        Raises SettingsError for a base URL or an auth style that can't be.
        """
        if auth_style not in AUTH_STYLES:
            raise SettingsError(f"AUTH_STYLE must be one of {', '.join(AUTH_STYLES)}, not {auth_style!r}.")
        self._base_url = checked_base_url(base_url)
        self._key = key
        self.auth_style = auth_style
        self._clock = clock
        self._reserve = reserve
        self.scrub = Scrubber()

    def refresh_key(self) -> bool:
        """Read the key again; whether it is another now."""
        old = self._key.value()
        return self._key.refresh() != old

    def send(
        self, method: str, path: str, fields: Mapping[str, Any], sink: BinaryIO, *, limit: int, timeout: float
    ) -> Answer:
        """Send one request and write the answer's body into `sink`, whatever its status.

        `timeout` is seconds of silence. Raises a NetworkError if no complete answer came,
        BodyTooLongError if it has more than `limit` bytes.
        """
        request = self._request(method, path, fields)
        patience = (min(CONNECT_TIMEOUT, self._time_left()), min(timeout, self._time_left()))
        try:
            with (
                _Session() as session,
                session.request(**request, timeout=patience, stream=True) as response,
            ):
                return receive(response, sink, limit, self._check_time)
        except (requests.RequestException, HTTPError) as error:
            fault = fault_of(error, self.scrub)
        # Raised out here and not `from` the library's exception, because that one holds the URL with the key.
        raise fault

    def _request(self, method: str, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        key = self._key.value()
        self.scrub.learn(key)
        in_header = self.auth_style == "header"
        return {
            "method": method,
            "url": self._base_url + path,
            "params" if method == "GET" else "data": {**fields, **({} if in_header else {"auth_token": key})},
            "auth": _OwnKey(key if in_header else None),
            "headers": {
                "Accept-Encoding": "identity",  # a download's bytes are evidence: exactly as served
                "Cache-Control": "no-cache",
                "Pragma": "no-cache",  # for a cache that speaks HTTP/1.0
                "User-Agent": f"canary-audit-archive/{__version__}",
            },
        }

    def _time_left(self) -> float:
        left = self._clock.remaining() - self._reserve
        if left <= 0:
            raise OutOfTimeError("nothing was sent", was_sent=False)
        return left

    def _check_time(self, received: int) -> None:
        if self._clock.remaining() <= self._reserve:
            raise OutOfTimeError(f"{received} bytes had come", was_sent=True)
