"""Our settings. No other module reads environment variables (boto3 and Powertools read their own).

A setting may depend on the schedule of the stack, so this module also reads expressions of EventBridge
Scheduler (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from os import environ
from typing import TypeVar

from audit_archive.errors import SettingsError
from audit_archive.format.bucket_settings import BucketFacts
from audit_archive.format.facts import AuthStyle, LockMode, Mode
from audit_archive.format.lock_margin import longest_cycle
from audit_archive.format.times import DAY, HOUR, MINUTE
from audit_archive.messages.message import AlertForm

_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
SHORTEST_MONTH = 28


def longest_gap(expression: str) -> int:
    """The longest time between two runs of a schedule, in seconds; 0 if the expression can't be read.

    The result may be too short, never too long: the years of an expression are not read, and a month counts
    as the shortest one.
    """
    if rate := re.fullmatch(r"rate\(([0-9]{1,6}) (minute|hour|day)s?\)", expression.strip()):
        return int(rate[1]) * _UNITS[rate[2]]
    cron = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression.strip())
    try:
        return _gap_of(*cron.groups()[:5]) if cron else 0
    except ValueError:
        return 0


def _gap_of(minute: str, hour: str, day: str, month: str, weekday: str) -> int:
    times = sorted(h * HOUR + m * MINUTE for h in _values(hour, 0, 23) for m in _values(minute, 0, 59))
    days = max(_days_of_month(day), _days_of_week(weekday))
    months = max(_gaps(_values(month, 1, 12, MONTHS), 12))
    within = max((b - a for a, b in pairwise(times)), default=0)
    between = days * DAY - (times[-1] - times[0])
    return max(within, between, (months - 1) * SHORTEST_MONTH * DAY)


def _days_of_month(field: str) -> int:
    """`L` and `W` name one day of a month."""
    return SHORTEST_MONTH if re.search("[LW]", field) else max(_gaps(_values(field, 1, 31), 31))


def _days_of_week(field: str) -> int:
    """`L` and `#` name one day of a week, or of a month."""
    return 7 if re.search("L|#", field) else max(_gaps(_values(field, 1, 7, WEEKDAYS), 7))


def _gaps(values: Iterable[int], size: int) -> list[int]:
    """The distance from each value to the next, on a circle of `size`."""
    ordered = sorted(values)
    return [b - a for a, b in pairwise([*ordered, ordered[0] + size])]


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """The values that a field stands for. Raises ValueError if it can't be read."""
    found: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span in {"*", "?"} else span).partition("-")
        start = _value(first, low, high, names)
        end = _value(last or (str(high) if step else first), low, high, names)
        size = high - low + 1
        until = end + size if end < start else end  # FRI-MON goes on into the next week
        found |= {low + (value - low) % size for value in range(start, until + 1, int(step or 1))}
    return found


def _value(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    value = low + names.index(text) if text in names else int(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value


T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)

MAX_KEEP_DAYS = 3650
MAX_PERIOD_HOURS = 8_784
MIN_RETENTION_DAYS = 60
"""No purge rests on a proof that ends within 30 days, and a purge may wait for 30 days."""
MAX_RETENTION_DAYS = 36_500
EXPIRY_RESERVE = 2
"""Days by which the expiry must outlast RETENTION_DAYS. A lock is a day longer than those, and S3 may round a
part of a day up where it compares the lock with the longest one that the bucket allows."""
MAX_EXPIRY_DAYS = 36_600
DEFAULT_CONSOLE_URL = "https://{console}.canary.tools"
_CONSOLE = "{console}"


class KeyStore(StrEnum):
    """Where the API keys of the Consoles are kept."""

    SECRETS_MANAGER = "secrets-manager"
    """Secrets of AWS Secrets Manager."""
    PARAMETER_STORE = "parameter-store"
    """Parameters of AWS Systems Manager, of the type SecureString."""


_PARAMETER_PREFIX = re.compile(r"(?!/?(aws|ssm))[A-Za-z0-9_./-]+", re.IGNORECASE)
"""What a parameter's name may begin with; a secret's name may have more."""


@dataclass(frozen=True)
class Settings:
    """What the archive function was deployed with. Windows in minutes and days, as their names say.

    `audit_gap`: as in VerifySettings.
    """

    archive_bucket: str
    ledger_table: str
    secret_prefix: str
    purge_mode: Mode
    keep_days: int
    settle_minutes: int
    retention_days: int
    expiry_days: int
    object_lock_mode: LockMode
    auth_style: AuthStyle
    alert_topic: str | None
    signing_key: str | None
    console_url_template: str
    key_store: KeyStore = KeyStore.SECRETS_MANAGER
    bundle_key: str | None = None
    audit_gap: int = 0

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = environ) -> "Settings":
        """Read and check every variable. Raises SettingsError naming the first that is missing or wrong."""
        read = _Reader(variables)
        settings = cls(
            archive_bucket=read.text("ARCHIVE_BUCKET"),
            ledger_table=read.text("LEDGER_TABLE"),
            secret_prefix=read.text("SECRET_PREFIX").rstrip("/"),
            purge_mode=read.choice("PURGE_MODE", Mode),
            keep_days=read.whole("KEEP_DAYS", default=0, low=0, high=MAX_KEEP_DAYS),
            settle_minutes=read.whole("SETTLE_MINUTES", default=60, low=1, high=10_080),
            retention_days=read.retention_days(),
            expiry_days=read.expiry_days(),
            object_lock_mode=read.choice("OBJECT_LOCK_MODE", LockMode, default=LockMode.GOVERNANCE),
            auth_style=read.choice("AUTH_STYLE", AuthStyle, default=AuthStyle.HEADER),
            alert_topic=variables.get("ALERT_TOPIC") or None,
            signing_key=variables.get("SIGNING_KEY") or None,
            console_url_template=read.template("CONSOLE_URL_TEMPLATE", DEFAULT_CONSOLE_URL),
            key_store=read.choice("KEY_STORE", KeyStore, default=KeyStore.SECRETS_MANAGER),
            bundle_key=variables.get("BUNDLE_KEY") or None,
            audit_gap=longest_gap(variables.get("VERIFY_EXPRESSION", "")),
        )
        settings._check_key_names()
        if settings.keep_days > settings.max_keep_days:
            raise SettingsError(
                f"KEEP_DAYS is {settings.keep_days}, RETENTION_DAYS is {settings.retention_days}: an entry "
                f"would be purged when its archived copy is about to expire. Keep {settings.max_keep_days} "
                "days at most, or raise RetentionDays"
            )
        _check_expiry(settings.retention_days, settings.expiry_days)
        return settings

    @property
    def max_keep_days(self) -> int:
        """How many days of entries a Console may keep. The proof of an entry must outlast its purge."""
        return min(MAX_KEEP_DAYS, self.retention_days - MIN_RETENTION_DAYS)

    def _check_key_names(self) -> None:
        if self.in_parameter_store and not _PARAMETER_PREFIX.fullmatch(self.secret_prefix):
            raise SettingsError(
                f"SECRET_PREFIX is {self.secret_prefix!r}: the name of a parameter has letters, digits and "
                "_.-/ only, and does not begin with aws or ssm. Deploy with another SecretPrefix, or with "
                "KeyStore secrets-manager"
            )

    @property
    def in_parameter_store(self) -> bool:
        """Whether the API keys are in Parameter Store."""
        return self.key_store == KeyStore.PARAMETER_STORE

    def key_name(self, console: str, use: str) -> str:
        """The name of the secret or parameter with a Console's key; `use` is `read` or `purge`."""
        root = "/" if self.in_parameter_store else ""
        return f"{root}{self.secret_prefix.lstrip('/') if root else self.secret_prefix}/{console}/{use}"

    def console_url(self, console: str) -> str:
        """The base URL of one Console."""
        return self.console_url_template.replace(_CONSOLE, console)


@dataclass(frozen=True)
class RetrieveSettings:
    """What the retrieve function was deployed with. `link_minutes`: how long a link to an answer works.

    `purge_mode`: the stack's. `bundle_key`: what signs bundles of evidence; None: they are not signed.
    """

    archive_bucket: str
    ledger_table: str
    reports_bucket: str
    link_minutes: int
    purge_mode: Mode
    bundle_key: str | None = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = environ) -> "RetrieveSettings":
        """Read and check every variable. Raises SettingsError naming the first that is missing or wrong."""
        read = _Reader(variables)
        return cls(
            archive_bucket=read.text("ARCHIVE_BUCKET"),
            ledger_table=read.text("LEDGER_TABLE"),
            reports_bucket=read.text("REPORTS_BUCKET"),
            link_minutes=read.whole("LINK_MINUTES", default=15, low=1, high=15),
            purge_mode=read.choice("PURGE_MODE", Mode),
            bundle_key=variables.get("BUNDLE_KEY") or None,
        )


@dataclass(frozen=True)
class VerifySettings:
    """What the verify function was deployed with.

    `content_days`: within how many days every byte is read again; CONTENT_DAYS, or fewer if the locks ask for
    it (`longest_cycle`). `period_hours`: how often a Console is
    archived; an event may set another period. `bucket`: what the settings of the bucket were made from; None
    if ARCHIVE_ROLE is not set, as in a function that the template did not make. `schedule_group`: where its
    schedules are. `audit_gap`: seconds that the stack's schedule of audits leaves between two audits, 0 if
    that can't be read. `reports_bucket`: where the page of the fleet goes; None: nowhere.
    """

    archive_bucket: str
    ledger_table: str
    alert_topic: str | None
    content_days: int
    period_hours: int
    bucket: BucketFacts | None
    schedule_group: str | None
    audit_gap: int
    reports_bucket: str | None = None

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = environ) -> "VerifySettings":
        """Read and check every variable. Raises SettingsError naming the first that is missing or wrong."""
        read = _Reader(variables)
        settings = cls(
            archive_bucket=read.text("ARCHIVE_BUCKET"),
            ledger_table=read.text("LEDGER_TABLE"),
            alert_topic=variables.get("ALERT_TOPIC") or None,
            content_days=min(
                read.whole("CONTENT_DAYS", default=90, low=1, high=3650),
                longest_cycle(read.retention_days()),
            ),
            period_hours=read.whole("PERIOD_HOURS", default=24, low=1, high=MAX_PERIOD_HOURS),
            bucket=_bucket_facts(read, variables),
            schedule_group=variables.get("SCHEDULE_GROUP") or None,
            audit_gap=longest_gap(variables.get("VERIFY_EXPRESSION", "")),
            reports_bucket=variables.get("REPORTS_BUCKET") or None,
        )
        schedule = variables.get("SCHEDULE_EXPRESSION", "")
        if settings.period_hours < shortest_period(schedule):
            raise SettingsError(
                f"PERIOD_HOURS is {settings.period_hours}, but SCHEDULE_EXPRESSION {schedule} leaves up to "
                f"{shortest_period(schedule)} hours between two runs: a healthy Console would page. Set "
                f"PeriodHours to {shortest_period(schedule)}, or archive more often"
            )
        return settings


def _bucket_facts(read: "_Reader", variables: Mapping[str, str]) -> BucketFacts | None:
    archive_role = variables.get("ARCHIVE_ROLE")
    if not archive_role:
        return None
    return BucketFacts(
        bucket=read.text("ARCHIVE_BUCKET"),
        archive_role=archive_role,
        retention_days=read.retention_days(),
        expiry_days=read.expiry_days(),
        lock_mode=read.choice("OBJECT_LOCK_MODE", LockMode, default=LockMode.GOVERNANCE),
        break_glass_role=variables.get("BREAK_GLASS_ROLE") or None,
        deploy_role=variables.get("DEPLOY_ROLE") or None,
    )


def ledger_table(variables: Mapping[str, str] = environ) -> str:
    """The name of the ledger's table, whatever else is set. Raises SettingsError if it is not set."""
    return _Reader(variables).text("LEDGER_TABLE")


def alert_form(variables: Mapping[str, str] = environ) -> AlertForm:
    """What web endpoints get of a message. Raises SettingsError if it is neither of the two."""
    return _Reader(variables).choice("ALERT_FORMAT", AlertForm, default=AlertForm.TEXT)


def stack_name(variables: Mapping[str, str] = environ) -> str:
    """The name of the stack, as messages tell it."""
    return variables.get("STACK_NAME", "").strip() or "unknown"


def shortest_period(schedule: str) -> int:
    """The fewest hours that may be set as the period of a schedule."""
    return min(MAX_PERIOD_HOURS, -(-longest_gap(schedule) // HOUR))


def _check_expiry(retention_days: int, expiry_days: int) -> None:
    least = retention_days + EXPIRY_RESERVE
    if expiry_days < least:
        raise SettingsError(
            f"RETENTION_DAYS is {retention_days}, EXPIRY_DAYS is {expiry_days}: S3 would hide what is still "
            f"locked. Set ExpiryDays to {least} or more. It may only grow"
        )


class _Reader:
    """Reads variables. An empty one counts as absent, because a template can't leave a variable out."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str) -> str:
        value = self._variables.get(name, "").strip()
        if not value:
            raise SettingsError(f"{name} is not set: deploy the stack's template, which sets it")
        return value

    def choice(self, name: str, accepted: type[W], default: W | None = None) -> W:
        return self._parsed(name, default, accepted, " or ".join(accepted))

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        def parse(text: str) -> int:
            if not re.fullmatch("[0-9]{1,6}", text) or not low <= int(text) <= high:
                raise ValueError(text)
            return int(text)

        return self._parsed(name, str(default), parse, f"a whole number from {low} to {high}")

    def retention_days(self) -> int:
        return self.whole("RETENTION_DAYS", default=2555, low=MIN_RETENTION_DAYS, high=MAX_RETENTION_DAYS)

    def expiry_days(self) -> int:
        low = MIN_RETENTION_DAYS + EXPIRY_RESERVE
        return self.whole("EXPIRY_DAYS", default=2560, low=low, high=MAX_EXPIRY_DAYS)

    def template(self, name: str, default: str) -> str:
        def parse(text: str) -> str:
            # All ids may lead to one Console only on loopback, where there is only one.
            if _CONSOLE not in text and not text.startswith("http://"):
                raise ValueError(text)
            return text

        return self._parsed(name, default, parse, f"a URL with {{console}} in it, such as {default}")

    def _parsed(self, name: str, default: str | None, parse: Callable[[str], T], accepts: str) -> T:
        text = self._variables.get(name, "").strip() or default
        if text is None:
            raise SettingsError(f"{name} is not set: it must be {accepts}")
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name} is {text!r}: it must be {accepts}") from error
