"""The running laptop Console against its own OpenAPI description, with generated requests good and bad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from local import console as local_console
from local.console import ConsoleServer, Trail
from local.console.answer import ENDPOINTS
from local.console.faults import NoPageCount
from local.console.fetch import Position

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.schemas import BaseSchema

# schemathesis is imported where it is used: it takes a second, and every process collects this module.

DESCRIPTION = Path(local_console.__file__).with_name("openapi.yaml")
KEY = "admin-key-value"


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    """The description as it is read."""
    import schemathesis  # noqa: PLC0415

    return schemathesis.openapi.from_path(DESCRIPTION)


@pytest.fixture(scope="module")
def console() -> Iterator[ConsoleServer]:
    with ConsoleServer(Trail.generated(250, seed=3), admin_key=KEY) as running:
        yield running


def test_the_description_is_valid_and_names_every_endpoint(schema: BaseSchema) -> None:
    from openapi_spec_validator import validate  # noqa: PLC0415

    described = schema.raw_schema
    validate(described)
    methods = {path: [method.upper() for method in item] for path, item in described["paths"].items()}
    assert methods == {path: [method] for path, (_, method) in ENDPOINTS.items()}


@pytest.mark.wide
def test_answers_as_described(schema: BaseSchema, console: ConsoleServer) -> None:
    """As `schema.parametrize()`, but its thousand cases are not made by every process that collects."""
    from schemathesis import GenerationMode  # noqa: PLC0415
    from schemathesis.checks import load_all_checks  # noqa: PLC0415
    from schemathesis.generation.hypothesis import builder  # noqa: PLC0415

    load_all_checks()
    asked = set()

    @settings(max_examples=15, derandomize=True, deadline=None, database=None)
    def answers_as_described(case: Case[Any]) -> None:
        meant_well = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
        if meant_well and case.query and "cursor" in case.query:
            # A cursor is opaque: none can be made up that the Console accepts, and `limit` excludes it.
            case.query["cursor"] = Position(limit=7, before=100).cursor()
            case.query.pop("limit", None)
        answer = case.call_and_validate(base_url=console.url, headers={"X-Canary-Auth-Token": KEY})
        assert answer.status_code < 500
        assert console.crashes == []
        asked.add((case.path, meant_well))

    modes = builder.HypothesisTestConfig(schema.config, list(builder.HypothesisTestMode))
    for operation in (schema[path][method] for path, (_, method) in ENDPOINTS.items()):
        builder.create_test(operation=operation, test_func=answers_as_described, config=modes)()
    assert asked == {(path, meant_well) for path in ENDPOINTS for meant_well in (True, False)}


def test_an_answer_that_is_not_as_described_is_noticed(schema: BaseSchema, console: ConsoleServer) -> None:
    from schemathesis.core.failures import FailureGroup  # noqa: PLC0415

    case = schema["/api/v1/audit_trail/fetch"]["GET"].Case(headers={"X-Canary-Auth-Token": KEY})
    console.faults.add(NoPageCount())
    with pytest.raises(FailureGroup, match="page_count"):
        case.call_and_validate(base_url=console.url)
