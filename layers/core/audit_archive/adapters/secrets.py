"""API keys of a Console: a secret of AWS Secrets Manager for each, or a SecureString of SSM Parameter Store.

The text of either is the key alone.
"""

import re
from typing import TYPE_CHECKING, Any, Protocol

from audit_archive.adapters.aws import AwsFault, error_code, failure_sentence, http_status
from audit_archive.errors import ConsoleUnavailableError, SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


_A_KEY = re.compile(r"[!-~]+")
"""Printable ASCII without spaces: other characters can't be sent in an HTTP header unchanged."""

_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"

# Secrets Manager checks the permission before it looks for the secret, and an absent one has no ARN to allow.
_ADVICE = {
    "AccessDeniedException": "Either it does not exist, because a role that may read secrets by a pattern of "
    "their names is denied an absent one: create it with the Console's API key as its text. Or this role may "
    "not read it: allow secretsmanager:GetSecretValue on it, and kms:Decrypt if it has a KMS key of its own.",
    "DecryptionFailure": "Let the function's role use the secret's KMS key.",
}
_PARAMETER_ADVICE = {
    "AccessDeniedException": "Either this role may not read it: its name must be below /<SecretPrefix>/, and "
    "the stack's KeyStore must be parameter-store. Or the role may not use its KMS key: allow kms:Decrypt in "
    "the policy of that key, or put the parameter again with the key aws/ssm.",
    "InvalidKeyId": "Its KMS key is gone or disabled: put the parameter again.",
}


class KeyHolder(Protocol):
    """Where one API key is kept."""

    @property
    def what(self) -> str:
        """What it is, with its name, as the subject of a sentence."""

    def text(self) -> str | None:
        """What it holds; None if it does not exist. Raises SettingsError, ConsoleUnavailableError."""


class StoredKey:
    """The API key in one secret or parameter. It is read at the first use, and again on `refresh`."""

    def __init__(self, holder: KeyHolder) -> None:
        """It is not read yet."""
        self._holder = holder
        self._value: str | None = None

    def __repr__(self) -> str:
        return f"StoredKey({self._holder.what!r})"

    @property
    def what(self) -> str:
        """What holds it, at the begin of a sentence: `The secret canary-audit/1234abcd/read`."""
        return self._holder.what

    def value(self) -> str:
        """The key. Raises SettingsError naming its holder if that is missing or holds no key."""
        return self._value if self._value is not None else self.refresh()

    def refresh(self) -> str:
        """Read the key again: it may have been rotated. Raises as `value` does."""
        text, what = self._holder.text(), self._holder.what
        if text is None:
            raise SettingsError(f"{what} does not exist. Create it with the Console's API key as its text.")
        self._value = checked_key(what, text)
        return self._value

    def exists(self) -> bool:
        """Whether there is such a key. Reads it. Raises SettingsError if its holder holds no key."""
        text = self._holder.text()
        if text is not None:
            self._value = checked_key(self._holder.what, text)
        return text is not None


class Secret:
    """A secret of AWS Secrets Manager, `<prefix>/<console>/<read|purge>`."""

    def __init__(self, client: "SecretsManagerClient", name: str, *, denied_is_absent: bool = False) -> None:
        """`denied_is_absent`: whether a secret that we may not read counts as absent, as in `find_key`."""
        self.what = f"The secret {name}"
        self._client = client
        self._name = name
        self._denied_is_absent = denied_is_absent

    def text(self) -> str | None:
        """The role needs secretsmanager:GetSecretValue on the secret."""
        try:
            answer = self._client.get_secret_value(SecretId=self._name)
        except AwsFault as error:
            is_denied = error_code(error) == "AccessDeniedException"
            if _is_absent(error) or (is_denied and self._denied_is_absent):
                return None
            raise _unread(self.what, error, _ADVICE) from error
        if "SecretString" not in answer:
            raise SettingsError(
                f"The secret {self._name} is binary. Store the Console's API key in it as text: "
                "--secret-string, not --secret-binary."
            )
        return answer["SecretString"]


class Parameter:
    """A SecureString of SSM Parameter Store, `/<prefix>/<console>/<read|purge>`."""

    def __init__(self, client: Any, name: str) -> None:
        """`client`: of the service `ssm`."""
        self.what = f"The parameter {name}"
        self._client = client
        self._name = name

    def text(self) -> str | None:
        """The role needs ssm:GetParameter on the parameter. The key aws/ssm lets all of an account decrypt.

        The permission is judged by the parameter's name, so an absent one is told from one that is denied.
        """
        try:
            found = self._client.get_parameter(Name=self._name, WithDecryption=True)["Parameter"]
            kind, text = str(found["Type"]), str(found["Value"])
        except AwsFault as error:
            if error_code(error) == "ParameterNotFound":
                return None
            raise _unread(self.what, error, _PARAMETER_ADVICE) from error
        if kind != "SecureString":
            raise SettingsError(
                f"{self.what} is a {kind}: it is stored in the clear. Delete it, rotate the Console's API "
                "key, and put the new one with --type SecureString."
            )
        return text


def find_key(client: "SecretsManagerClient", name: str) -> StoredKey | None:
    """The key in a secret; None if the secret does not exist, or if we may not read it.

    The secret is read at once. Raises SettingsError if it exists and does not hold a key.
    """
    # A role that may read secrets by a pattern of their names is denied one that does not exist: see _ADVICE.
    return existing(Secret(client, name, denied_is_absent=True))


def existing(holder: KeyHolder) -> StoredKey | None:
    """The key in a holder, read at once; None if there is no such holder. Raises as `StoredKey.exists`."""
    key = StoredKey(holder)
    return key if key.exists() else None


def _unread(what: str, error: Exception, advice: dict[str, str]) -> SettingsError | ConsoleUnavailableError:
    """The error to raise for a key that can't be read."""
    sentence = failure_sentence(f"{what} can't be read", error, advice, "Try again later.")
    # Without its key the Console can't be reached. As after any outage, the next run tries again.
    return SettingsError(sentence) if _is_definite(error) else ConsoleUnavailableError(sentence)


def _is_definite(error: Exception) -> bool:
    """Whether the service refused. A failure or throttling (which has the status 400) is not a refusal."""
    return 400 <= http_status(error) < 500 and "hrottl" not in error_code(error)  # noqa: PLR2004 - HTTP's refusals


def _is_absent(error: Exception) -> bool:
    """Whether a secret does not exist. For days after its deletion, AWS answers that it can't be read."""
    code = error_code(error)
    return code == "ResourceNotFoundException" or (
        code == "InvalidRequestException" and "delet" in str(error).lower()
    )


def checked_key(what: str, text: str) -> str:
    """The API key that a text holds; `what` names the text. Raises SettingsError if it holds more."""
    key = text.strip()
    if not key:
        raise SettingsError(f"{what} is empty. Put the Console's API key into it as plain text.")
    if key[0] in _QUOTES or key[-1] in _QUOTES:
        raise SettingsError(
            f"{what} holds its text in quotes. Store the Console's API key in it without them."
        )
    if key.startswith("{") or not _A_KEY.fullmatch(key):
        raise SettingsError(
            f"{what} does not hold an API key alone. Its whole text must be the key: no JSON, no "
            "quotes, no spaces."
        )
    return key
