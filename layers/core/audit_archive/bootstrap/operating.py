"""The operate function: what an operator decides."""

from audit_archive.adapters.machine import LambdaClock
from audit_archive.bootstrap.clients import InvocationContext, alerts, ledger_of
from audit_archive.bootstrap.running import make_run
from audit_archive.config import Settings
from audit_archive.run.operate import state_decision as state
from audit_archive.run.purging import (
    PurgingPorts,
    PurgingReport,
    PurgingRequest,
    is_purging_event,
    set_purging,
)
from audit_archive.run.request import ArchiveRequest, OperatorRequest
from audit_archive.run.result import Result


def operate(event: object, context: InvocationContext) -> Result | PurgingReport:
    """State what an operator decided, or set how far purging may go.

    Raises the errors of `audit_archive.errors`.
    """
    settings = Settings.from_environment()
    if is_purging_event(event):
        return _restrain(PurgingRequest.from_event(event), settings, context)
    request = OperatorRequest.from_event(event)
    policy = ArchiveRequest(request.console).policy(settings)
    return state(make_run(request.console, policy, request.reason, settings, context), request)


def _restrain(request: PurgingRequest, settings: Settings, context: InvocationContext) -> PurgingReport:
    clock = LambdaClock(context)
    ports = PurgingPorts(ledger_of(settings), alerts(settings.alert_topic, clock), clock)
    return set_purging(ports, request, context.aws_request_id, settings.purge_mode)
