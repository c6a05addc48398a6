"""Acts that must be refused, and to whom. A row each; everybody who is not named may not do it.

`denied` are those whom a policy denies it: no further permission would let them. `allowed` are those who may.
Everybody else is not allowed. The administrator has every permission that IAM can give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.functions.permissions.asked import ACCOUNT, Asked
from tests.functions.permissions.stage import BUNDLE_KEY, KEY, TABLE

ARCHIVE, VERIFY, RETRIEVE, SCHEDULE = "ArchiveRole", "VerifyRole", "RetrieveRole", "ScheduleRole"
ADMINISTRATOR, BREAK_GLASS = "administrator", "break-glass"
ROLES = (ARCHIVE, VERIFY, RETRIEVE, SCHEDULE)
PEOPLE = {name: f"arn:aws:iam::111122223333:role/{name}" for name in (ADMINISTRATOR, BREAK_GLASS)}
WHO = (*ROLES, *PEOPLE)

EVERYBODY = WHO
READERS = (VERIFY, RETRIEVE)
ALL_BUT_BREAK_GLASS = (*ROLES, ADMINISTRATOR)

BUCKET = "arn:aws:s3:::ArchiveBucket"
FOLDERS = ("exports", "entries", "statements", "checkpoints")
SIGNED = {"kms:messagetype": "RAW", "kms:signingalgorithm": "ECDSA_SHA_256"}
LOG = "arn:aws:s3:::AccessTrailBucket"
SEEING = (
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
)
DAYS = "s3:object-lock-remaining-retention-days"
LONG_LOCK = {"s3:object-lock-mode": "GOVERNANCE", DAYS: "2556"}
NEW = {"s3:if-none-match": "*"}
SSE = "s3:x-amz-server-side-encryption"
ENCRYPTED = {SSE: "AES256"}
PUT = LONG_LOCK | NEW | ENCRYPTED
"""A put as the archive function makes it."""
SECRET = ACCOUNT.format(service="secretsmanager") + ":secret:canary-audit/1234abcd"
FUNCTION = "arn:aws:AWS::Lambda::Function:::"
OTHERS_LEDGER = {"dynamodb:leadingkeys": ["1234abcd"]}
NOTES = {"dynamodb:leadingkeys": ["verify/1234abcd"]}


def _in(*folders: str) -> tuple[str, ...]:
    return tuple(f"{BUCKET}/{folder}/x" for folder in folders)


@dataclass(frozen=True)
class Act:
    """One act: each of its actions on each of its resources has the same verdict."""

    says: str
    actions: tuple[str, ...]
    on: tuple[str, ...]
    denied: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    keys: Mapping[str, object] = field(default_factory=dict)
    is_secure: bool = True

    def asked(self) -> Iterator[Asked]:
        """Every request of it."""
        for action in self.actions:
            for resource in self.on:
                yield Asked(action, resource, self.keys)


THE_ARCHIVE = (
    Act(
        "hide or delete an archived object",
        ("s3:DeleteObject", "s3:DeleteObjectVersion"),
        _in(*FOLDERS, "rejected"),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
    ),
    Act(
        "delete or shorten what a lock in GOVERNANCE holds",
        ("s3:BypassGovernanceRetention",),
        _in(*FOLDERS, "rejected"),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
    ),
    Act(
        "put an object into the archive, or extend a lock",
        ("s3:PutObject", "s3:PutObjectRetention"),
        _in(*FOLDERS),
        denied=(*READERS, SCHEDULE, ADMINISTRATOR),
        allowed=(ARCHIVE, BREAK_GLASS),
        keys=PUT,
    ),
    Act(
        "put a refused export, or extend its lock",
        ("s3:PutObject", "s3:PutObjectRetention"),
        _in("rejected"),
        denied=(*READERS, SCHEDULE, ADMINISTRATOR),
        allowed=(ARCHIVE, BREAK_GLASS),
        keys=PUT | {DAYS: "90"},
    ),
    Act(
        "put an object outside the five folders",
        ("s3:PutObject",),
        _in("elsewhere"),
        denied=(*READERS, SCHEDULE, ADMINISTRATOR),
        allowed=(BREAK_GLASS,),
        keys=PUT,
    ),
    Act(
        "put a statement over one that is there",
        ("s3:PutObject",),
        _in("statements"),
        denied=EVERYBODY,
        keys=LONG_LOCK | ENCRYPTED,
    ),
    Act(
        "put with a lock that is shorter than RetentionDays",
        ("s3:PutObject",),
        _in(*FOLDERS),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
        keys=PUT | {DAYS: "2554"},
    ),
    Act(
        "put with, or extend to, a lock that is longer than ExpiryDays",
        ("s3:PutObject", "s3:PutObjectRetention"),
        _in(*FOLDERS),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
        keys=PUT | {DAYS: "2561"},
    ),
    Act(
        "put a refused export with a lock of less than 89 whole days",
        ("s3:PutObject", "s3:PutObjectRetention"),
        _in("rejected"),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
        keys=PUT | {DAYS: "88"},
    ),
    Act(
        "put a refused export with a lock of more than 91 days",
        ("s3:PutObject", "s3:PutObjectRetention"),
        _in("rejected"),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
        keys=PUT | {DAYS: "92"},
    ),
    Act(
        "lock in a mode that is not the stack's",
        ("s3:PutObject", "s3:PutObjectRetention"),
        _in(*FOLDERS),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
        keys=PUT | {"s3:object-lock-mode": "COMPLIANCE"},
    ),
    Act(
        "put without stating AES256",
        ("s3:PutObject",),
        _in(*FOLDERS, "rejected"),
        denied=EVERYBODY,
        keys=LONG_LOCK | NEW,
    ),
    Act(
        "put under a key of KMS",
        ("s3:PutObject",),
        _in(*FOLDERS, "rejected"),
        denied=EVERYBODY,
        keys=PUT | {SSE: "aws:kms"},
    ),
    Act(
        "put under a key of the caller's (SSE-C)",
        ("s3:PutObject",),
        _in(*FOLDERS, "rejected"),
        denied=EVERYBODY,
        keys=PUT | {f"{SSE}-customer-algorithm": "AES256"},
    ),
    Act(
        "write replicas into it, or encrypt an object anew",
        ("s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:UpdateObjectEncryption"),
        _in(*FOLDERS, "rejected"),
        denied=EVERYBODY,
    ),
    Act(
        "set or release a legal hold",
        ("s3:PutObjectLegalHold",),
        _in("exports"),
        denied=(ARCHIVE, *READERS),
        allowed=(ADMINISTRATOR, BREAK_GLASS),
    ),
    Act(
        "read the archive without TLS",
        ("s3:GetObject",),
        _in("exports"),
        denied=EVERYBODY,
        is_secure=False,
    ),
    Act("list the archive without TLS", ("s3:ListBucket",), (BUCKET,), denied=EVERYBODY, is_secure=False),
)

LOOSENING = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
THE_BUCKET = (
    Act(
        "loosen the bucket by hand", LOOSENING, (BUCKET,), denied=ALL_BUT_BREAK_GLASS, allowed=(BREAK_GLASS,)
    ),
    Act(
        "let contents or a listing be copied out of the bucket, or of the log's",
        ("s3:PutInventoryConfiguration", "s3:PutReplicationConfiguration"),
        (BUCKET, LOG),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
    ),
    Act("see the settings of the bucket", SEEING, (BUCKET,), allowed=(VERIFY, *PEOPLE)),
)

THE_LOG = (
    Act(
        "delete a log of accesses, change its lock, or encrypt it anew",
        (
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:BypassGovernanceRetention",
            "s3:PutObjectRetention",
            "s3:UpdateObjectEncryption",
        ),
        (f"{LOG}/AWSLogs/x",),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
    ),
    Act(
        "loosen the log's bucket by hand",
        LOOSENING,
        (LOG,),
        denied=ALL_BUT_BREAK_GLASS,
        allowed=(BREAK_GLASS,),
    ),
    Act("put a log that is not the trail's", ("s3:PutObject",), (f"{LOG}/AWSLogs/x",), denied=EVERYBODY),
    Act(
        "write replicas into the log's bucket",
        ("s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"),
        (f"{LOG}/AWSLogs/x",),
        denied=EVERYBODY,
    ),
    Act("read the log without TLS", ("s3:GetObject",), (f"{LOG}/x",), denied=EVERYBODY, is_secure=False),
    Act("list the log without TLS", ("s3:ListBucket",), (LOG,), denied=EVERYBODY, is_secure=False),
)

THE_REST = (
    Act(
        "destroy the ledger, or read all Consoles of it at once",
        ("dynamodb:DeleteTable", "dynamodb:Scan", "dynamodb:UpdateTable"),
        (TABLE,),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "write a head, a lease or the index into the ledger",
        ("dynamodb:PutItem",),
        (TABLE,),
        allowed=(ARCHIVE, *PEOPLE),
        keys=OTHERS_LEDGER,
    ),
    Act(
        "remove from the ledger",
        ("dynamodb:DeleteItem",),
        (TABLE,),
        allowed=(ARCHIVE, *PEOPLE),
        keys=OTHERS_LEDGER,
    ),
    Act(
        "write the audit's notes",
        ("dynamodb:PutItem",),
        (TABLE,),
        denied=(ARCHIVE,),
        allowed=(VERIFY, *PEOPLE),
        keys=NOTES,
    ),
    Act(
        "alter or remove the audit's notes",
        ("dynamodb:UpdateItem", "dynamodb:DeleteItem"),
        (TABLE,),
        denied=(ARCHIVE,),
        allowed=tuple(PEOPLE),
        keys=NOTES,
    ),
    Act(
        "write the audit's notes among other items",
        ("dynamodb:BatchWriteItem",),
        (TABLE,),
        denied=(ARCHIVE,),
        allowed=tuple(PEOPLE),
        keys={"dynamodb:leadingkeys": ["1234abcd", "verify/1234abcd"]},
    ),
    Act(
        "read a Console's API key",
        ("secretsmanager:GetSecretValue",),
        (f"{SECRET}/read-AbCdEf", f"{SECRET}/purge-AbCdEf"),
        allowed=(ARCHIVE, *PEOPLE),
    ),
    Act(
        "read a parameter, where the keys are in Secrets Manager",
        ("ssm:GetParameter",),
        (f"{ACCOUNT.format(service='ssm')}:parameter/canary-audit/1234abcd/read",),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "read another secret",
        ("secretsmanager:GetSecretValue",),
        (f"{SECRET}/other-AbCdEf", ACCOUNT.format(service="secretsmanager") + ":secret:theirs/read-AbCdEf"),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "change a secret",
        ("secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"),
        (f"{SECRET}/purge-AbCdEf",),
        allowed=tuple(PEOPLE),
    ),
    Act("sign a checkpoint", ("kms:Sign",), (KEY,), allowed=(ARCHIVE,), keys=SIGNED),
    Act("sign a bundle of evidence", ("kms:Sign",), (BUNDLE_KEY,), allowed=(RETRIEVE,), keys=SIGNED),
    Act(
        "sign with the bundles' key what it did not hash itself",
        ("kms:Sign",),
        (BUNDLE_KEY,),
        keys=SIGNED | {"kms:messagetype": "DIGEST"},
    ),
    Act(
        "delete or disable a key",
        ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"),
        (KEY, BUNDLE_KEY),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "read or alter an answer of the retrieve function",
        ("s3:GetObject", "s3:PutObject"),
        ("arn:aws:s3:::ReportsBucket/reports/x",),
        allowed=(RETRIEVE, *PEOPLE),
    ),
    Act(
        "read or alter a result of Athena",
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        ("arn:aws:s3:::ReportsBucket/athena/x",),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "alter the page of the fleet",
        ("s3:PutObject",),
        ("arn:aws:s3:::ReportsBucket/fleet/index.html", "arn:aws:s3:::ReportsBucket/fleet/fleet.json"),
        allowed=(VERIFY, *PEOPLE),
    ),
    Act(
        "put anything beside the page of the fleet, or read there",
        ("s3:PutObject", "s3:GetObject"),
        ("arn:aws:s3:::ReportsBucket/fleet/x",),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "read answers without TLS",
        ("s3:GetObject",),
        ("arn:aws:s3:::ReportsBucket/reports/x",),
        denied=EVERYBODY,
        is_secure=False,
    ),
    Act(
        "list answers without TLS",
        ("s3:ListBucket",),
        ("arn:aws:s3:::ReportsBucket",),
        denied=EVERYBODY,
        is_secure=False,
    ),
    Act("send a message to people", ("sns:Publish",), ("AlertTopic",), allowed=(ARCHIVE, VERIFY, *PEOPLE)),
    Act(
        "take a failed run's event out of its queue",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue"),
        ("arn:aws:AWS::SQS::Queue:::FailedRuns", "arn:aws:AWS::SQS::Queue:::UndeliveredSchedules"),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "start a run, or extend locks",
        ("lambda:InvokeFunction",),
        (f"{FUNCTION}ArchiveFunction",),
        allowed=(SCHEDULE, *PEOPLE),
    ),
    Act(
        "state an operator's decision, or set how far purging may go",
        ("lambda:InvokeFunction",),
        (f"{FUNCTION}OperateFunction",),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "start an audit or a fleet check",
        ("lambda:InvokeFunction",),
        (f"{FUNCTION}VerifyFunction",),
        allowed=(SCHEDULE, VERIFY, *PEOPLE),
    ),
    Act("list schedules", ("scheduler:ListSchedules",), ("*",), allowed=(VERIFY, *PEOPLE)),
    Act(
        "ask the retrieve function",
        ("lambda:InvokeFunction",),
        (f"{FUNCTION}RetrieveFunction",),
        allowed=tuple(PEOPLE),
    ),
    Act(
        "change a function, a role or a schedule",
        (
            "lambda:UpdateFunctionCode",
            "iam:PutRolePolicy",
            "scheduler:UpdateSchedule",
            "scheduler:DeleteSchedule",
        ),
        (f"{FUNCTION}ArchiveFunction", "arn:aws:AWS::IAM::Role:::ArchiveRole", "FirstSchedule"),
        allowed=tuple(PEOPLE),
    ),
)

ACTS = THE_ARCHIVE + THE_BUCKET + THE_LOG + THE_REST
