"""The archive function: a run, and the extension of locks."""

from collections.abc import Mapping

from audit_archive.adapters.machine import LambdaClock
from audit_archive.bootstrap.clients import InvocationContext, alerts, archive_of, ledger_of, quick_ledger
from audit_archive.bootstrap.running import make_run
from audit_archive.config import Settings
from audit_archive.errors import RequestError
from audit_archive.run.archive_run import archive_console
from audit_archive.run.extend_locks import LocksOrder, LocksPorts, LocksReport, extend_locks
from audit_archive.run.failure import FailureNoted
from audit_archive.run.request import ArchiveRequest, LocksRequest, is_locks_event, is_operator_event
from audit_archive.run.result import Result


def archive(event: object, context: InvocationContext) -> Result | LocksReport:
    """Carry out the run, or extend the locks, as an event asks.

    Raises as `archive_run` does; RequestError for an operator's decision, which has a function of its own.
    """
    if is_locks_event(event):
        return lengthen(LocksRequest.from_event(event), context)
    if is_operator_event(event):
        raise RequestError(
            "action",
            "the archive function states no operator's decision, whoever asks: `canary-audit help` lists the "
            "commands that do. They invoke the function <stack>-operate with the same event",
        )
    console = event.get("console") if isinstance(event, Mapping) else None
    with FailureNoted(quick_ledger, LambdaClock(context), console, context.aws_request_id):
        return archive_run(ArchiveRequest.from_event(event), context)


def archive_run(request: ArchiveRequest, context: InvocationContext) -> Result:
    """Carry out the run that an invocation asks for. Raises the errors of `audit_archive.errors`."""
    settings = Settings.from_environment()
    run = make_run(request.console, request.policy(settings), request.reason, settings, context)
    return archive_console(run)


def lengthen(request: LocksRequest, context: InvocationContext) -> LocksReport:
    """Extend the locks of a Console's archive. Raises the errors of `audit_archive.errors`."""
    settings = Settings.from_environment()
    clock = LambdaClock(context)
    ports = LocksPorts(
        store=archive_of(settings),
        ledger=ledger_of(settings),
        alerts=alerts(settings.alert_topic, clock),
        clock=clock,
    )
    order = LocksOrder(request.console, settings.retention_days, settings.object_lock_mode)
    return extend_locks(ports, order)
