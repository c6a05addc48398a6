"""Keys in secrets and in parameters: missing, empty, not a bare key; and never shown."""

import pytest

from audit_archive.adapters.secrets import Parameter, Secret, StoredKey, existing, find_key
from audit_archive.errors import ConsoleUnavailableError, SettingsError
from tests.support.rows import all_rows
from tests.support.scripted import everything_told
from tests.support.stubbed import answering, client, failing

NAME = "canary/c1/read"
GONE = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
DELETED = ("InvalidRequestException", "You can't perform this operation: it was marked for deletion.")


@pytest.mark.parametrize(("code", "message"), [GONE, DELETED])
def test_a_missing_secret_is_named_with_what_to_do(code: str, message: str) -> None:
    with (
        failing("secretsmanager", "get_secret_value", code, 400, message) as secrets,
        pytest.raises(SettingsError, match=f"{NAME} does not exist. Create it"),
    ):
        StoredKey(Secret(secrets, NAME)).value()


@pytest.mark.parametrize(("code", "message"), [GONE, DELETED])
def test_a_key_that_need_not_be_there_is_none(code: str, message: str) -> None:
    with failing("secretsmanager", "get_secret_value", code, 400, message) as secrets:
        assert find_key(secrets, NAME) is None


def test_a_key_that_is_there_is_read_once() -> None:
    with answering("secretsmanager", ("get_secret_value", {"SecretString": "the-key"})) as secrets:
        key = find_key(secrets, NAME)
        assert key is not None
        assert (key.value(), key.value()) == ("the-key", "the-key")
        assert repr(key) == str(key) == f"StoredKey('The secret {NAME}')"


@all_rows(
    ("text", "problem"),
    [
        (" \n", "is empty"),
        ('{"auth_token": "the-key"}', "does not hold an API key alone"),
        ('the-key"\n the-key', "does not hold an API key alone"),
        ("the key", "does not hold an API key alone"),
        ("the-key\nthe-key", "does not hold an API key alone"),
        ("the-k\u00e9y", "does not hold an API key alone"),
        ("the-key\x00", "does not hold an API key alone"),
        ('"the-key"', "in quotes"),
        (" 'the-key'\n", "in quotes"),
        ("`the-key`", "in quotes"),
        ("\u201cthe-key\u201d", "in quotes"),
        ('"the-key', "in quotes"),
        ("the-key'", "in quotes"),
        ('\\"the-key\\"', "in quotes"),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str, problem: str) -> None:
    with (
        answering("secretsmanager", ("get_secret_value", {"SecretString": text})) as secrets,
        pytest.raises(SettingsError, match=problem) as caught,
    ):
        find_key(secrets, NAME)
    assert "the-k" not in everything_told(caught.value)
    assert NAME in str(caught.value)


def test_a_binary_secret_is_no_key() -> None:
    with (
        answering("secretsmanager", ("get_secret_value", {"SecretBinary": b"the-key"})) as secrets,
        pytest.raises(SettingsError, match=r"is binary.*as text") as caught,
    ):
        StoredKey(Secret(secrets, NAME)).value()
    assert NAME in str(caught.value)
    assert "the-k" not in everything_told(caught.value)


def test_a_denied_secret_may_as_well_not_exist() -> None:
    with failing("secretsmanager", "get_secret_value", "AccessDeniedException") as secrets:
        assert find_key(secrets, NAME) is None
    with (
        failing("secretsmanager", "get_secret_value", "AccessDeniedException") as secrets,
        pytest.raises(SettingsError) as caught,
    ):
        StoredKey(Secret(secrets, NAME)).value()
    told = str(caught.value)
    assert NAME in told
    for cause, deed in (
        ("does not exist", "create it"),
        ("may not read it", "secretsmanager:GetSecretValue"),
    ):
        assert cause in told
        assert deed in told.partition(cause)[2]


@pytest.mark.parametrize("code", ["DecryptionFailure", "InvalidParameterException"])
def test_a_refusal_is_a_setting_to_correct(code: str) -> None:
    with (
        failing("secretsmanager", "get_secret_value", code) as secrets,
        pytest.raises(SettingsError, match=code),
    ):
        find_key(secrets, NAME)


def test_a_service_that_is_down_is_waited_for() -> None:
    with (
        failing("secretsmanager", "get_secret_value", "InternalServiceError", 500) as secrets,
        pytest.raises(ConsoleUnavailableError, match="later"),
    ):
        StoredKey(Secret(secrets, NAME)).value()
    with pytest.raises(ConsoleUnavailableError, match="later"):
        StoredKey(Secret(client("secretsmanager"), NAME)).value()


def test_throttling_is_waited_for() -> None:
    with (
        failing("secretsmanager", "get_secret_value", "ThrottlingException") as secrets,
        pytest.raises(ConsoleUnavailableError),
    ):
        StoredKey(Secret(secrets, NAME)).value()


# ------------------------------------------------------------------------------------------ parameters


PARAMETER = "/canary/c1/read"
ABSENT = ("ssm", "get_parameter", "ParameterNotFound")


def held(text: str, kind: str = "SecureString") -> tuple[str, dict[str, object]]:
    return "get_parameter", {"Parameter": {"Name": PARAMETER, "Type": kind, "Value": text}}


def test_a_parameter_that_is_missing_is_named_and_need_not_be_there() -> None:
    with (
        failing(*ABSENT) as ssm,
        pytest.raises(SettingsError, match=f"{PARAMETER} does not exist. Create it"),
    ):
        StoredKey(Parameter(ssm, PARAMETER)).value()
    with failing(*ABSENT) as ssm:
        assert existing(Parameter(ssm, PARAMETER)) is None


def test_a_parameter_that_is_denied_is_there_and_says_both_causes() -> None:
    """By its name a parameter is judged, so unlike a secret an absent one is never denied."""
    with (
        failing("ssm", "get_parameter", "AccessDeniedException") as ssm,
        pytest.raises(SettingsError) as caught,
    ):
        existing(Parameter(ssm, PARAMETER))
    told = str(caught.value)
    assert PARAMETER in told
    for cause in ("may not read it", "/<SecretPrefix>/", "KeyStore", "kms:Decrypt"):
        assert cause in told


@pytest.mark.parametrize("kind", ["String", "StringList"])
def test_a_key_that_is_stored_in_the_clear_is_refused_and_not_shown(kind: str) -> None:
    with (
        answering("ssm", held("the-key", kind)) as ssm,
        pytest.raises(SettingsError, match=r"in the clear.*rotate.*SecureString") as caught,
    ):
        StoredKey(Parameter(ssm, PARAMETER)).value()
    assert "the-k" not in everything_told(caught.value)


def test_a_parameter_that_holds_no_key_is_refused_as_a_secret_is() -> None:
    with (
        answering("ssm", held('{"auth_token": "the-key"}')) as ssm,
        pytest.raises(
            SettingsError, match=f"The parameter {PARAMETER} does not hold an API key alone"
        ) as caught,
    ):
        existing(Parameter(ssm, PARAMETER))
    assert "the-k" not in everything_told(caught.value)


@pytest.mark.parametrize(("code", "status"), [("InternalServerError", 500), ("ThrottlingException", 400)])
def test_parameter_store_is_waited_for(code: str, status: int) -> None:
    with failing("ssm", "get_parameter", code, status) as ssm, pytest.raises(ConsoleUnavailableError):
        StoredKey(Parameter(ssm, PARAMETER)).value()
