"""What an answer of the Console's API amounts to: its content, or the error that a person should see."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from audit_archive.adapters.console.retry import TransientError, seconds_to_wait
from audit_archive.adapters.console.transport import Answer
from audit_archive.adapters.console.words import Scrubber, description, is_html, json_object, message_of
from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError
from audit_archive.format.entry import read_count
from audit_archive.format.facts import AuthStyle
from audit_archive.ports import NO_ANSWER, PurgeAnswer

_SUCCESS, _ACCEPTED, _REDIRECT, _CLIENT_FAULT, _SERVER_FAULT = 200, 202, 300, 400, 500
UNAUTHORIZED, FORBIDDEN, TOO_MANY = 401, 403, 429
LATER = frozenset({408, 425, TOO_MANY})
"""Request Timeout, Too Early, Too Many Requests: whatever they say, it is about the moment."""

ZIP = b"PK"


class ApiResult(StrEnum):
    """What the API's JSON says of a request in `result`; it may say anything else, too."""

    SUCCESS = "success"
    """It was done."""
    ERROR = "error"
    """It was refused."""
    FAILURE = "failure"
    """The same."""


_REFUSALS = (ApiResult.ERROR, ApiResult.FAILURE)
_AUTH_WORDS = re.compile(
    r"auth_token|unauthori[sz]ed|not authori[sz]ed|forbidden|permission|api key", re.IGNORECASE
)
_LOGS = r"\s++(?:audit\s++)?(?:trail\s++)?(?:logs?|entry|entries|records?|events?)"
# Whole sentences: in any other one, a number beside `logs` may be one of those that were left.
_PURGED = re.compile(
    rf"(\S++){_LOGS}\s++(?:were\s++)?purged(?:\s++successfully)?\.?"
    rf"|(?:successfully\s++)?purged\s++(\S++){_LOGS}(?:\s++before\s++id\s*+:\s*+[0-9]++)?\.?",
    re.IGNORECASE,
)


class AnswerJudge:
    """Tells answers from errors. Its errors carry the Console's words, never a key."""

    def __init__(self, auth_style: AuthStyle, scrub: Scrubber) -> None:
        self._auth_style = auth_style
        self.scrub = scrub

    def check_status(self, answer: Answer, now: int) -> None:
        """Raise unless the status is a success; TransientError for what a repeat may heal."""
        if _SUCCESS <= answer.status < _REDIRECT:
            return
        if is_for_later(answer):
            raise TransientError(self.unavailable(answer), _wait_asked_for(answer, now))
        if answer.status < _CLIENT_FAULT:
            raise self._redirected(answer)
        raise ConsoleError(
            f"The Console refused the request ({self._said(answer)}). Check its URL and version."
        )

    def check_key(self, answer: Answer) -> None:
        """Raise ConsoleAuthError if the key was definitely refused, by the status or in the API's words."""
        if answer.status < _CLIENT_FAULT or is_for_later(answer):
            return
        api = own_words(answer)
        if answer.status in {UNAUTHORIZED, FORBIDDEN} or (api and _AUTH_WORDS.search(message_of(api))):
            raise self._auth_error(self._said(answer))

    def check_encoding(self, answer: Answer) -> None:
        """Raise ConsoleError for a body that is not the plain bytes. A zip is, whatever is said of it."""
        encoding = _encoding_of(answer)
        if encoding and not answer.head.startswith(ZIP):
            raise ConsoleError(
                f"The Console's answer came in Content-Encoding {self.scrub(encoding)}, though plain bytes "
                "were asked for. Look for a proxy in between, and let it compress nothing."
            )

    def unavailable(self, answer: Answer) -> ConsoleUnavailableError:
        """The error for a Console that asks to be left alone for now."""
        hint = ""
        if answer.status == FORBIDDEN:
            hint = (
                " A firewall or a rate limit may have said so: it is not taken for a word about the API key. "
                "If it stays, look there first."
            )
        return ConsoleUnavailableError(
            f"The Console can't answer now ({self._said(answer)}).{hint} The next run tries again."
        )

    def result(self, body: bytes) -> dict[str, Any]:
        """The JSON object of a successful answer. Its `result` counts, not only the status."""
        answer = json_object(body)
        if answer is None:
            raise ConsoleError(
                f"The Console answered with {self.scrub(description(body))}, where its API answers "
                "with JSON. Check its URL, and whether it is down for maintenance or behind a proxy."
            )
        if answer.get("result") != ApiResult.SUCCESS:
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: Mapping[str, Any]) -> ConsoleError:
        """The error for an API answer whose `result` is not `success`."""
        result = self.scrub(str(answer.get("result")))
        said = f"result {result}: {self.scrub(message_of(dict(answer))) or 'no message'}"
        if _AUTH_WORDS.search(message_of(dict(answer))):
            return self._auth_error(said)
        return ConsoleError(f"The Console answered with an error ({said}). Look at the Console.")

    def check_export(self, answer: Answer, now: int) -> None:
        """Raise if a download is no file but a page or an error; anything else is for the zip reader.

        TransientError for an export that is still being prepared.
        """
        api = json_object(answer.head)
        if api is not None and _is_refusal(api):
            raise self.refusal(api)
        if _is_pending(answer, api):
            final = ConsoleUnavailableError(
                f"The Console has no export yet ({self._said(answer)}). The next run asks again."
            )
            raise TransientError(final, _wait_asked_for(answer, now))
        if is_html(answer.head):
            raise ConsoleError(
                f"The Console answered with {self.scrub(description(answer.head))}, where the export was "
                "due. Check whether it is down for maintenance or behind a proxy."
            )

    def _said(self, answer: Answer) -> str:
        encoding = _encoding_of(answer)
        words = f"a body in Content-Encoding {encoding}" if encoding else description(answer.head)
        return f"HTTP {answer.status}: {self.scrub(words)}"

    def _auth_error(self, said: str) -> ConsoleAuthError:
        return ConsoleAuthError(
            f"The Console refused the API key ({said}). Check that the secret holds a key of this Console "
            f"whose role suffices, and AUTH_STYLE: the key was sent as '{self._auth_style}', this Console "
            "may want the other way."
        )

    def _redirected(self, answer: Answer) -> ConsoleError:
        where = _place(answer.headers.get("Location", ""))
        return ConsoleError(
            f"The Console redirects to {self.scrub(where)} (HTTP {answer.status}). Redirects are not "
            "followed, because the API key would travel there: correct the Console's URL."
        )


def purge_answer(answer: Answer, judge: AnswerJudge) -> PurgeAnswer:
    """What an answer to a purge says; without text where it says nothing sure.

    A refusal is one only if the API says so in its own words, or with 429: anything else may come from a
    proxy after the Console has done it.
    """
    if answer.status == TOO_MANY:
        raise judge.unavailable(answer)
    api = own_words(answer)
    if api is None or is_for_later(answer):
        return NO_ANSWER
    if api["result"] != ApiResult.SUCCESS:
        raise judge.refusal(api)
    if answer.status >= _REDIRECT:
        return NO_ANSWER
    text = message_of(api) or ApiResult.SUCCESS.value
    return PurgeAnswer(judge.scrub(text), _purged_count(text))


def own_words(answer: Answer) -> dict[str, Any] | None:
    """The API's own JSON, which has a `result`; None for what a gateway, a firewall or a proxy says."""
    api = json_object(answer.head)
    return api if api is not None and isinstance(api.get("result"), str) else None


def is_for_later(answer: Answer) -> bool:
    """Whether an answer says nothing about the request or the key: only that it can't be now.

    Firewalls and rate limits say 403 too. 401 is a refusal whoever says it: "the request has not been
    applied" (RFC 9110, 15.5.2).
    """
    if answer.status == FORBIDDEN:
        return "Retry-After" in answer.headers or own_words(answer) is None
    return answer.status in LATER or answer.status >= _SERVER_FAULT


def _is_refusal(api: Mapping[str, Any]) -> bool:
    """Whether JSON in place of an export is an error, and not word of an export to come."""
    result, words = api.get("result", ApiResult.SUCCESS), message_of(dict(api))
    if not isinstance(result, str) or result in _REFUSALS:
        return True
    return result != ApiResult.SUCCESS and (not words or _AUTH_WORDS.search(words) is not None)


def _is_pending(answer: Answer, api: Mapping[str, Any] | None) -> bool:
    """Whether there is no export yet: the request is only accepted, or the API has words in its place."""
    if answer.status == _ACCEPTED:
        return not answer.head.startswith(ZIP)
    return api is not None and "result" in api and "audit_trail" not in api and message_of(dict(api)) != ""


def _encoding_of(answer: Answer) -> str:
    """How a body is encoded; empty if its bytes are as they were asked for."""
    encoding = answer.headers.get("Content-Encoding", "")
    return "" if encoding.strip().lower() == "identity" else encoding.strip()


def _wait_asked_for(answer: Answer, now: int) -> float | None:
    return seconds_to_wait(answer.headers.get("Retry-After"), now)


def _place(location: str) -> str:
    """Where a redirect leads, without what may be secret in it."""
    try:
        target = urlsplit(location)
    except ValueError:
        return "an address that can't be read"
    return f"{target.scheme}://{target.netloc}" if target.netloc else target.path


def _purged_count(text: str) -> int | None:
    found = _PURGED.fullmatch(text.strip())
    return read_count(found[1] or found[2]) if found else None
