"""Tells whether an answer of the Console's API is a success, and which error to raise if it is not."""

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
"""Request Timeout, Too Early, Too Many Requests: a later request may succeed, whatever their text says."""

ZIP = b"PK"


class ApiResult(StrEnum):
    """The known values of `result` in the API's JSON. Others are possible."""

    SUCCESS = "success"
    """The request was carried out."""
    ERROR = "error"
    """The request was refused."""
    FAILURE = "failure"
    """The request was refused, too."""


_REFUSALS = (ApiResult.ERROR, ApiResult.FAILURE)
_AUTH_WORDS = re.compile(
    r"auth_token|unauthori[sz]ed|not authori[sz]ed|forbidden|permission|api key", re.IGNORECASE
)
_LOGS = r"\s++(?:audit\s++)?(?:trail\s++)?(?:logs?|entry|entries|records?|events?)"
# Only whole sentences: elsewhere a number beside `logs` may be the number of those that are left.
_PURGED = re.compile(
    rf"(\S++){_LOGS}\s++(?:were\s++)?purged(?:\s++successfully)?\.?"
    rf"|(?:successfully\s++)?purged\s++(\S++){_LOGS}(?:\s++before\s++id\s*+:\s*+[0-9]++)?\.?",
    re.IGNORECASE,
)


class AnswerJudge:
    """Raises the error that an answer stands for. The error quotes the Console, and never contains a key."""

    def __init__(self, auth_style: AuthStyle, scrub: Scrubber, holder: str) -> None:
        """`holder`: what holds the key, at the begin of a sentence."""
        self._auth_style = auth_style
        self._holder = holder
        self.scrub = scrub

    def check_status(self, answer: Answer, now: int) -> None:
        """Raise unless the status is a success; TransientError if a repeat may help. `now`: epoch seconds."""
        if _SUCCESS <= answer.status < _REDIRECT:
            return
        if is_for_later(answer):
            raise TransientError(self.unavailable(answer), _wait_asked_for(answer, now))
        if answer.status < _CLIENT_FAULT:
            raise self._redirected(answer)
        raise ConsoleError(
            f"The Console refused the request ({self._quoted(answer)}). Check its URL and version."
        )

    def check_key(self, answer: Answer) -> None:
        """Raise ConsoleAuthError if the status or the API's text definitely refuses the key."""
        if answer.status < _CLIENT_FAULT or is_for_later(answer):
            return
        api = own_words(answer)
        if answer.status in {UNAUTHORIZED, FORBIDDEN} or (api and _AUTH_WORDS.search(message_of(api))):
            raise self._auth_error(self._quoted(answer))

    def check_encoding(self, answer: Answer) -> None:
        """Raise ConsoleError for an encoded body. A zip is not encoded, whatever its header says."""
        encoding = _encoding_of(answer)
        if encoding and not answer.head.startswith(ZIP):
            raise ConsoleError(
                f"The Console's answer has the Content-Encoding {self.scrub(encoding)}, but the request "
                "asked for plain bytes. Look for a proxy in between, and turn its compression off."
            )

    def unavailable(self, answer: Answer) -> ConsoleUnavailableError:
        """The error for an answer that a later request may not get."""
        hint = ""
        if answer.status == FORBIDDEN:
            hint = (
                " A firewall or a rate limit may have answered, so this says nothing about the API key. "
                "If it stays, look there first."
            )
        return ConsoleUnavailableError(
            f"The Console can't answer now ({self._quoted(answer)}).{hint} The next run tries again."
        )

    def result(self, body: bytes) -> dict[str, Any]:
        """The JSON object of a successful answer. Raises ConsoleError unless its `result` is `success`."""
        answer = json_object(body)
        if answer is None:
            raise ConsoleError(
                f"The Console answered with {self.scrub(description(body))}, not with the JSON of its API. "
                "Check its URL, and whether it is down for maintenance or behind a proxy."
            )
        if answer.get("result") != ApiResult.SUCCESS:
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: Mapping[str, Any]) -> ConsoleError:
        """The error for an API answer whose `result` is not `success`."""
        result = self.scrub(str(answer.get("result")))
        quoted = f"result {result}: {self.scrub(message_of(dict(answer))) or 'no message'}"
        if _AUTH_WORDS.search(message_of(dict(answer))):
            return self._auth_error(quoted)
        return ConsoleError(f"The Console answered with an error ({quoted}). Look at the Console.")

    def check_export(self, answer: Answer, now: int) -> None:
        """Raise if the answer is an error or a web page. Anything else is for the zip reader to judge.

        Raises TransientError for an export that is still being prepared. `now`: epoch seconds.
        """
        api = json_object(answer.head)
        if api is not None and _is_refusal(api):
            raise self.refusal(api)
        if _is_pending(answer, api):
            final = ConsoleUnavailableError(
                f"The Console has no export yet ({self._quoted(answer)}). The next run asks again."
            )
            raise TransientError(final, _wait_asked_for(answer, now))
        if is_html(answer.head):
            raise ConsoleError(
                f"The Console answered with {self.scrub(description(answer.head))}, not with an export. "
                "Check whether it is down for maintenance or behind a proxy."
            )

    def _quoted(self, answer: Answer) -> str:
        encoding = _encoding_of(answer)
        text = f"a body in Content-Encoding {encoding}" if encoding else description(answer.head)
        return f"HTTP {answer.status}: {self.scrub(text)}"

    def _auth_error(self, quoted: str) -> ConsoleAuthError:
        return ConsoleAuthError(
            f"The Console refused the API key ({quoted}). {self._holder} holds it. Check that it is a key of "
            f"this Console, and that the role of the key suffices. Check AUTH_STYLE: the key was sent as "
            f"'{self._auth_style}', and this Console may need the other style."
        )

    def _redirected(self, answer: Answer) -> ConsoleError:
        where = _place(answer.headers.get("Location", ""))
        return ConsoleError(
            f"The Console redirects to {self.scrub(where)} (HTTP {answer.status}). Redirects are not "
            "followed, because the API key would travel there: correct the Console's URL."
        )


def purge_answer(answer: Answer, judge: AnswerJudge) -> PurgeAnswer:
    """The Console's answer to a purge. It has no text if the answer does not tell whether the purge was done.

    Only the API's own JSON, or 429, is a refusal. Any other error may come from a proxy, after the Console
    has carried out the purge.
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
    """The API's own JSON, which has a `result`; None for an answer of a gateway, a firewall or a proxy."""
    api = json_object(answer.head)
    return api if api is not None and isinstance(api.get("result"), str) else None


def is_for_later(answer: Answer) -> bool:
    """Whether an answer says nothing about the request or the key, so that a later request may succeed.

    Firewalls and rate limits answer 403, too. A 401 is always a refusal, whoever sends it: "the request has
    not been applied" (RFC 9110, 15.5.2).
    """
    if answer.status == FORBIDDEN:
        return "Retry-After" in answer.headers or own_words(answer) is None
    return answer.status in LATER or answer.status >= _SERVER_FAULT


def _is_refusal(api: Mapping[str, Any]) -> bool:
    """Whether JSON in place of an export is an error. It may also say that the export is being prepared."""
    result, text = api.get("result", ApiResult.SUCCESS), message_of(dict(api))
    if not isinstance(result, str) or result in _REFUSALS:
        return True
    return result != ApiResult.SUCCESS and (not text or _AUTH_WORDS.search(text) is not None)


def _is_pending(answer: Answer, api: Mapping[str, Any] | None) -> bool:
    """Whether there is no export yet: the request is only accepted, or a message came in its place."""
    if answer.status == _ACCEPTED:
        return not answer.head.startswith(ZIP)
    return api is not None and "result" in api and "audit_trail" not in api and message_of(dict(api)) != ""


def _encoding_of(answer: Answer) -> str:
    """The encoding of a body; empty if it is plain bytes, as requested."""
    encoding = answer.headers.get("Content-Encoding", "")
    return "" if encoding.strip().lower() == "identity" else encoding.strip()


def _wait_asked_for(answer: Answer, now: int) -> float | None:
    return seconds_to_wait(answer.headers.get("Retry-After"), now)


def _place(location: str) -> str:
    """The target of a redirect, without the parts that may contain a key."""
    try:
        target = urlsplit(location)
    except ValueError:
        return "an address that can't be read"
    return f"{target.scheme}://{target.netloc}" if target.netloc else target.path


def _purged_count(text: str) -> int | None:
    found = _PURGED.fullmatch(text.strip())
    return read_count(found[1] or found[2]) if found else None
