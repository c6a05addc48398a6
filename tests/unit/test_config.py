"""Settings: every variable read and checked, each refusal naming the variable."""

import pytest

from audit_archive.config import Settings, VerifySettings
from audit_archive.errors import SettingsError
from audit_archive.format.facts import AuthStyle, LockMode, Mode
from tests.support.rows import all_rows

LEAST = {
    "ARCHIVE_BUCKET": "bucket",
    "LEDGER_TABLE": "table",
    "SECRET_PREFIX": "canary/",
    "PURGE_MODE": "dry-run",
}


def test_the_defaults() -> None:
    assert Settings.from_environment(LEAST) == Settings(
        archive_bucket="bucket",
        ledger_table="table",
        secret_prefix="canary",
        purge_mode=Mode.DRY_RUN,
        keep_days=0,
        settle_minutes=60,
        retention_days=2555,
        expiry_days=2560,
        object_lock_mode=LockMode.GOVERNANCE,
        auth_style=AuthStyle.HEADER,
        alert_topic=None,
        signing_key=None,
        console_url_template="https://{console}.canary.tools",
        audit_gap=0,
    )


def test_the_archive_function_knows_how_often_it_is_to_be_audited() -> None:
    weekly = Settings.from_environment(LEAST | {"VERIFY_EXPRESSION": "rate(7 days)"})
    assert weekly.audit_gap == 7 * 86_400


def test_everything_set() -> None:
    settings = Settings.from_environment(
        LEAST
        | {
            "KEEP_DAYS": "7",
            "SETTLE_MINUTES": "90",
            "RETENTION_DAYS": "90",
            "OBJECT_LOCK_MODE": "COMPLIANCE",
            "AUTH_STYLE": "query",
            "ALERT_TOPIC": "arn:topic",
            "CONSOLE_URL_TEMPLATE": "https://proxy.example/{console}",
            "UNRELATED": "x",
        }
    )
    assert (settings.keep_days, settings.settle_minutes, settings.retention_days) == (7, 90, 90)
    assert (settings.object_lock_mode, settings.auth_style) == ("COMPLIANCE", "query")
    assert settings.alert_topic == "arn:topic"
    assert settings.console_url("1234abcd") == "https://proxy.example/1234abcd"


def test_a_key_is_named_as_its_store_names_it() -> None:
    secret, parameter = (
        Settings.from_environment(LEAST | {"KEY_STORE": store}) for store in ("", "parameter-store")
    )
    assert secret.key_name("c1", "read") == "canary/c1/read"
    assert parameter.key_name("c1", "purge") == "/canary/c1/purge"
    rooted = LEAST | {"KEY_STORE": "parameter-store", "SECRET_PREFIX": "/canary"}
    assert Settings.from_environment(rooted).key_name("c1", "read") == "/canary/c1/read"


@all_rows("prefix", ["a@b", "aws-keys", "SSM/keys", "/ssm", "a b", "k\u00e9y"])
def test_a_prefix_that_no_parameter_may_have_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match=r"SECRET_PREFIX.*another SecretPrefix"):
        Settings.from_environment(LEAST | {"KEY_STORE": "parameter-store", "SECRET_PREFIX": prefix})
    assert Settings.from_environment(LEAST | {"SECRET_PREFIX": prefix}).secret_prefix == prefix


@all_rows("name", LEAST)
@all_rows("value", [None, "", "  "])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    variables = {k: v for k, v in LEAST.items() if k != name} | ({name: value} if value is not None else {})
    with pytest.raises(SettingsError, match=f"^{name} is not set"):
        Settings.from_environment(variables)


@all_rows(
    ("name", "value"),
    [
        ("PURGE_MODE", "On"),
        ("KEY_STORE", "ssm"),
        ("PURGE_MODE", "purge"),
        ("KEEP_DAYS", "-1"),
        ("KEEP_DAYS", "3651"),
        ("KEEP_DAYS", "1.5"),
        ("KEEP_DAYS", "\u0661"),
        ("KEEP_DAYS", "+1"),
        ("SETTLE_MINUTES", "0"),
        ("SETTLE_MINUTES", "10081"),
        ("SETTLE_MINUTES", "an hour"),
        ("RETENTION_DAYS", "59"),
        ("RETENTION_DAYS", "36501"),
        ("EXPIRY_DAYS", "61"),
        ("EXPIRY_DAYS", "36601"),
        ("OBJECT_LOCK_MODE", "governance"),
        ("OBJECT_LOCK_MODE", "NONE"),
        ("AUTH_STYLE", "Header"),
        ("CONSOLE_URL_TEMPLATE", "https://one.canary.tools"),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_may_be(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is '.*': it must be "):
        Settings.from_environment(LEAST | {name: value})


@all_rows(
    ("name", "value"),
    [
        ("KEEP_DAYS", "2495"),
        ("SETTLE_MINUTES", "1"),
        ("SETTLE_MINUTES", "10080"),
        ("RETENTION_DAYS", "60"),
        ("EXPIRY_DAYS", "2557"),
        ("EXPIRY_DAYS", "36600"),
    ],
)
def test_the_limits_themselves_are_accepted(name: str, value: str) -> None:
    Settings.from_environment(LEAST | {name: value})


def test_what_is_kept_until_its_proof_is_about_to_end_is_refused() -> None:
    assert Settings.from_environment(LEAST | {"RETENTION_DAYS": "100", "KEEP_DAYS": "40"}).keep_days == 40
    with pytest.raises(SettingsError, match=r"KEEP_DAYS is 41, RETENTION_DAYS is 100.* Keep 40 days at most"):
        Settings.from_environment(LEAST | {"RETENTION_DAYS": "100", "KEEP_DAYS": "41"})


@pytest.mark.parametrize(("keep", "retention"), [("1", "60"), ("2496", "2555"), ("3650", "3709")])
def test_no_entry_is_kept_until_its_archived_copy_is_about_to_expire(keep: str, retention: str) -> None:
    long = LEAST | {"EXPIRY_DAYS": "4000", "RETENTION_DAYS": retention}
    with pytest.raises(SettingsError, match=f"KEEP_DAYS is {keep}, RETENTION_DAYS is {retention}: an entry"):
        Settings.from_environment(long | {"KEEP_DAYS": keep})
    Settings.from_environment(long | {"KEEP_DAYS": str(int(keep) - 1)})


@pytest.mark.parametrize(("retention", "least"), [("60", "62"), ("2555", "2557"), ("36500", "36502")])
def test_an_expiry_that_would_hide_what_is_locked_is_refused(retention: str, least: str) -> None:
    kept = LEAST | {"RETENTION_DAYS": retention}
    short = str(int(least) - 1)
    if retention != "60":  # there the least expiry of all is in the way
        said = f"RETENTION_DAYS is {retention}, EXPIRY_DAYS is {short}: .*Set ExpiryDays to {least} or more"
        with pytest.raises(SettingsError, match=said):
            Settings.from_environment(kept | {"EXPIRY_DAYS": short})
    assert Settings.from_environment(kept | {"EXPIRY_DAYS": least}).expiry_days == int(least)


@pytest.mark.parametrize("name", ["KEEP_DAYS", "OBJECT_LOCK_MODE", "ALERT_TOPIC", "CONSOLE_URL_TEMPLATE"])
def test_an_empty_variable_is_as_good_as_none(name: str) -> None:
    assert Settings.from_environment(LEAST | {name: ""}) == Settings.from_environment(LEAST)


# ------------------------------------------------------------------------------------------ verifying

VERIFYING = {"ARCHIVE_BUCKET": "bucket", "LEDGER_TABLE": "table"}


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("", "1"),
        ("cron(17 3 * * ? *)", "24"),
        ("cron(17 3 ? * MON *)", "168"),
        ("rate(90 minutes)", "2"),
        ("cron(0 3 29 2 ? *)", "8784"),
    ],
)
def test_a_period_as_long_as_the_schedule_s_gap(schedule: str, hours: str) -> None:
    found = VerifySettings.from_environment(
        VERIFYING | {"SCHEDULE_EXPRESSION": schedule, "PERIOD_HOURS": hours}
    )
    assert found.period_hours == int(hours)


@pytest.mark.parametrize(
    ("schedule", "hours", "least"),
    [
        ("cron(17 3 * * ? *)", "23", 24),
        ("cron(17 3 ? * MON *)", "24", 168),
        ("cron(17 3 ? * MON-FRI *)", "24", 72),
        ("rate(90 minutes)", "1", 2),
    ],
)
def test_a_period_that_would_page_for_a_healthy_console_is_refused(
    schedule: str, hours: str, least: int
) -> None:
    with pytest.raises(SettingsError) as caught:
        VerifySettings.from_environment(VERIFYING | {"SCHEDULE_EXPRESSION": schedule, "PERIOD_HOURS": hours})
    assert f"PERIOD_HOURS is {hours}, but SCHEDULE_EXPRESSION {schedule} leaves" in str(caught.value)
    assert f"Set PeriodHours to {least}" in str(caught.value)


@pytest.mark.parametrize(("retention", "days"), [("2555", 300), ("365", 144), ("91", 24), ("60", 22)])
def test_a_cycle_of_audits_is_short_enough_for_the_locks(retention: str, days: int) -> None:
    """A lock that no run extends is looked at while it is in force, and none that one will extend is told."""
    asked = VERIFYING | {"CONTENT_DAYS": "300", "RETENTION_DAYS": retention}
    assert VerifySettings.from_environment(asked).content_days == days
    assert VerifySettings.from_environment(VERIFYING | {"CONTENT_DAYS": "7"}).content_days == 7
