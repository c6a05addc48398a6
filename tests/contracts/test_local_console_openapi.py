"""The running laptop Console against its own OpenAPI description, with generated requests good and bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.core.failures import FailureGroup

from local import console as local_console
from local.console import ConsoleServer, Trail
from local.console.answer import ENDPOINTS
from local.console.faults import NoPageCount
from local.console.fetch import Position

DESCRIPTION = Path(local_console.__file__).with_name("openapi.yaml")
KEY = "admin-key-value"

schema = schemathesis.openapi.from_path(DESCRIPTION)


@pytest.fixture(scope="module")
def console() -> Iterator[ConsoleServer]:
    with ConsoleServer(Trail.generated(250, seed=3), admin_key=KEY) as running:
        yield running


def test_the_description_is_valid_and_names_every_endpoint() -> None:
    described = schema.raw_schema
    validate(described)
    methods = {path: [method.upper() for method in item] for path, item in described["paths"].items()}
    assert methods == {path: [method] for path, (_, method) in ENDPOINTS.items()}


@schema.parametrize()
@hypothesis.settings(max_examples=25, derandomize=True, deadline=None, database=None)
def test_answers_as_described(case: schemathesis.Case[Any], console: ConsoleServer) -> None:
    meant_well = case.meta is not None and case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE
    if meant_well and case.query and "cursor" in case.query:
        # A cursor is opaque: none can be made up that the Console accepts, and `limit` excludes it.
        case.query["cursor"] = Position(limit=7, before=100).cursor()
        case.query.pop("limit", None)
    answer = case.call_and_validate(base_url=console.url, headers={"X-Canary-Auth-Token": KEY})
    assert answer.status_code < 500
    assert console.crashes == []


def test_an_answer_that_is_not_as_described_is_noticed(console: ConsoleServer) -> None:
    case = schema["/api/v1/audit_trail/fetch"]["GET"].Case(headers={"X-Canary-Auth-Token": KEY})
    console.faults.add(NoPageCount())
    with pytest.raises(FailureGroup, match="page_count"):
        case.call_and_validate(base_url=console.url)
