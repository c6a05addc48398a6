"""What an answer of the Console's API amounts to: its content, or the error that a person should see."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from audit_archive.adapters.console_body import Answer
from audit_archive.adapters.console_retry import TransientError, seconds_to_wait
from audit_archive.adapters.console_words import Scrubber, description, is_html, json_object, message_of
from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError
from audit_archive.ports import PurgeAnswer

NO_ANSWER = PurgeAnswer(None, None)
SUCCESS, REDIRECT, CLIENT_FAULT, TOO_MANY, SERVER_FAULT = 200, 300, 400, 429, 500
_AUTH_WORDS = re.compile(
    r"auth_token|unauthori[sz]ed|not authori[sz]ed|forbidden|permission|api key", re.IGNORECASE
)
_COUNT = re.compile(
    r"(\d[\d,]{0,25})\s+(?:audit\s+|trail\s+)*(?:logs?|entry|entries|records?|events?)\b", re.I
)


class Judge:
    """Tells answers from errors. Its errors carry the Console's words, never a key."""

    def __init__(self, auth_style: str, scrub: Scrubber) -> None:
        self._auth_style = auth_style
        self.scrub = scrub

    def check_status(self, answer: Answer, now: int) -> None:
        """Raise unless the status is a success; TransientError for what a repeat may heal (429, 5xx)."""
        status = answer.status
        if SUCCESS <= status < REDIRECT:
            return
        if status == TOO_MANY or status >= SERVER_FAULT:
            raise TransientError(
                self.unavailable(answer), seconds_to_wait(answer.headers.get("Retry-After"), now)
            )
        if status < CLIENT_FAULT:
            raise self._redirected(answer)
        raise ConsoleError(
            f"The Console refused the request ({self._said(answer)}). Check its URL and version."
        )

    def check_key(self, answer: Answer) -> None:
        """Raise ConsoleAuthError if the key was definitely refused, by the status or in the API's words."""
        if answer.status in {401, 403}:
            raise self._auth_error(self._said(answer))
        api = json_object(answer.head)
        if CLIENT_FAULT <= answer.status < SERVER_FAULT and api and _AUTH_WORDS.search(message_of(api)):
            raise self._auth_error(self._said(answer))

    def unavailable(self, answer: Answer) -> ConsoleUnavailableError:
        """The error for a Console that asks to be left alone for now."""
        return ConsoleUnavailableError(
            f"The Console can't answer now ({self._said(answer)}). The next run tries again."
        )

    def result(self, body: bytes) -> dict[str, Any]:
        """The JSON object of a successful answer. Its `result` counts, not only the status."""
        answer = json_object(body)
        if answer is None:
            raise ConsoleError(
                f"The Console answered with {self.scrub(description(body))}, where its API answers "
                "with JSON. Check its URL, and whether it is down for maintenance or behind a proxy."
            )
        if answer.get("result") != "success":
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: Mapping[str, Any]) -> ConsoleError:
        """The error for an API answer whose `result` is not `success`."""
        result = self.scrub(str(answer.get("result")))
        said = f"result {result}: {self.scrub(message_of(dict(answer))) or 'no message'}"
        if _AUTH_WORDS.search(message_of(dict(answer))):
            return self._auth_error(said)
        return ConsoleError(f"The Console answered with an error ({said}). Look at the Console.")

    def check_export(self, head: bytes) -> None:
        """Raise if a download is no file but a page or an error; anything else is for the zip reader."""
        answer = json_object(head)
        if answer is not None and "result" in answer and answer["result"] != "success":
            raise self.refusal(answer)
        if is_html(head):
            raise ConsoleError(
                f"The Console answered with {self.scrub(description(head))}, where the export was due. "
                "Check whether it is down for maintenance or behind a proxy."
            )

    def _said(self, answer: Answer) -> str:
        return f"HTTP {answer.status}: {self.scrub(description(answer.head))}"

    def _auth_error(self, said: str) -> ConsoleAuthError:
        return ConsoleAuthError(
            f"The Console refused the API key ({said}). Check that the secret holds a key of this Console "
            f"whose role suffices, and AUTH_STYLE: the key was sent as '{self._auth_style}', this Console "
            "may want the other way."
        )

    def _redirected(self, answer: Answer) -> ConsoleError:
        target = urlsplit(answer.headers.get("Location", ""))
        where = self.scrub(f"{target.scheme}://{target.netloc}" if target.netloc else target.path)
        return ConsoleError(
            f"The Console redirects to {where} (HTTP {answer.status}). Redirects are not followed, because "
            "the API key would travel there: correct the Console's URL."
        )


def purge_answer(answer: Answer, judge: Judge) -> PurgeAnswer:
    """What an answer to a purge says; without text where it says nothing sure.

    A refusal is one only if the API says so in its own words with a status below 500, or with 429: anything
    else may come from a proxy after the Console has done it.
    """
    api = json_object(answer.head)
    if answer.status == TOO_MANY:
        raise judge.unavailable(answer)
    if api is None or not isinstance(api.get("result"), str) or answer.status >= SERVER_FAULT:
        return NO_ANSWER
    if api["result"] != "success":
        raise judge.refusal(api)
    if answer.status >= REDIRECT:
        return NO_ANSWER
    text = message_of(api) or "success"
    return PurgeAnswer(judge.scrub(text), _purged_count(text))


def _purged_count(text: str) -> int | None:
    found = _COUNT.search(text)
    return int(found[1].replace(",", "")) if found else None
