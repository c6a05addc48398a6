"""Reads an HTTP request into what the API works on: parameters from query string and body, the key apart."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from local.console.answer import ApiError, Request

KEY_HEADER = "X-Canary-Auth-Token"
KEY_PARAMETER = "auth_token"
MAX_BODY = 1024 * 1024


def read_request(
    method: str, target: str, *, header_key: str | None, content_type: str, body: bytes
) -> Request:
    """The request. Where a parameter is given twice, the body wins, and within query or form the first.

    ApiError 400 or 415 for a body that can't be read.
    """
    url = urlsplit(target if target.startswith("/") else "/" + target)
    parameters = {**_pairs(url.query), **_body_parameters(content_type, body)}
    key = parameters.pop(KEY_PARAMETER, None)
    return Request(
        method=method,
        path=url.path,
        parameters=parameters,
        header_key=header_key,
        parameter_key=None if key is None else str(key),
    )


def _pairs(text: str) -> dict[str, object]:
    pairs: dict[str, object] = {}
    try:
        for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=100):
            pairs.setdefault(name, value)
    except ValueError as error:
        raise ApiError(400, "Too many parameters") from error
    return pairs


def _body_parameters(content_type: str, body: bytes) -> dict[str, object]:
    media_type = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if media_type in {"", "application/x-www-form-urlencoded"}:
        return _pairs(body.decode("utf-8", "replace"))
    if media_type != "application/json":
        raise ApiError(415, "Unsupported content type")
    return json_object(body)


def json_object(body: bytes) -> dict[str, object]:
    """The body as a JSON object. ApiError 400 for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "The body is not valid JSON") from error
    if not isinstance(value, dict):
        raise ApiError(400, "The body is not a JSON object")
    return value
