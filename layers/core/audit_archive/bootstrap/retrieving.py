"""The retrieve function: one question."""

from typing import TYPE_CHECKING, Any

from audit_archive import __version__
from audit_archive.adapters.aws import hurried_config, link_config, seconds_left
from audit_archive.adapters.caller import ask_sts
from audit_archive.adapters.machine import LambdaClock, draw_seed, find_zone, handouts, scratch_file
from audit_archive.adapters.s3 import S3ArchiveStore, S3Links, S3ReportStore
from audit_archive.adapters.signing import is_signed
from audit_archive.adapters.workbook import XlsxWorkbook
from audit_archive.answers import Invocation
from audit_archive.bootstrap.clients import (
    InvocationContext,
    bundle_signer,
    client,
    ledger_of,
    notes_of,
    session,
)
from audit_archive.config import RetrieveSettings
from audit_archive.desk import Desk
from audit_archive.evidence.bundle import BundleTools
from audit_archive.format.times import MINUTE
from audit_archive.retrieve.request import parse_request
from audit_archive.retrieve.statements import Reader

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def retrieve(event: object, context: InvocationContext) -> dict[str, Any]:
    """Answer the question in an event. Raises the errors of `audit_archive.errors`."""
    clock = LambdaClock(context)
    request = parse_request(event, find_zone, clock.now())
    settings = RetrieveSettings.from_environment()
    s3: S3Client = client("s3", link_config)
    reader = Reader(
        source=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=ledger_of(settings),
        clock=clock,
        scratch=scratch_file,
        verifications=notes_of(settings),
        stack_mode=settings.purge_mode,
    )
    desk = Desk(
        tools=BundleTools(
            reader,
            is_signed,
            handouts(),
            signer=bundle_signer(settings),
            open_workbook=XlsxWorkbook,
            ask_caller=lambda: ask_sts(client("sts", hurried_config), clock),
            draw_seed=draw_seed,
        ),
        reports=S3ReportStore(s3, settings.reports_bucket),
        link_export=S3Links(s3, settings.archive_bucket).link,
        link_seconds=settings.link_minutes * MINUTE,
        links_last=lambda wanted: seconds_left(session().get_credentials(), wanted, clock.remaining()),
        invocation=Invocation(context.invoked_function_arn, context.aws_request_id, __version__),
    )
    return desk.answer(request)
