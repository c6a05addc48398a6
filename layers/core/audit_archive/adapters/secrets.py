"""API keys of a Console in AWS Secrets Manager: a secret for each key. Its text is the key alone."""

import re
from typing import TYPE_CHECKING

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


class SecretKey:
    """The API key in one secret. It is read at the first use, and again on `refresh`."""

    def __init__(self, client: "SecretsManagerClient", name: str, *, denied_is_absent: bool = False) -> None:
        """`name`: the secret's name, `<prefix>/<console>/<read|purge>`. It is not read yet.

        `denied_is_absent`: whether a secret that we may not read counts as absent, as in `find_key`.
        """
        self._client = client
        self._name = name
        self._denied_is_absent = denied_is_absent
        self._value: str | None = None

    def __repr__(self) -> str:
        return f"SecretKey({self._name!r})"

    def value(self) -> str:
        """The key. Raises SettingsError naming the secret if it is missing or holds no key."""
        return self._value if self._value is not None else self.refresh()

    def refresh(self) -> str:
        """Read the secret again: it may have been rotated. Raises as `value` does."""
        text = self._read()
        if text is None:
            raise SettingsError(
                f"The secret {self._name} does not exist. Create it with the Console's API key as its text."
            )
        self._value = _checked(self._name, text)
        return self._value

    def exists(self) -> bool:
        """Whether there is such a secret. Reads it. Raises SettingsError if it holds no key."""
        text = self._read()
        if text is not None:
            self._value = _checked(self._name, text)
        return text is not None

    def _read(self) -> str | None:
        try:
            answer = self._client.get_secret_value(SecretId=self._name)
        except AwsFault as error:
            is_denied = error_code(error) == "AccessDeniedException"
            if _is_absent(error) or (is_denied and self._denied_is_absent):
                return None
            sentence = failure_sentence(
                f"The secret {self._name} can't be read", error, _ADVICE, "Try again later."
            )
            if _is_definite(error):
                raise SettingsError(sentence) from error
            # Without its key the Console can't be reached. As after any outage, the next run tries again.
            raise ConsoleUnavailableError(sentence) from error
        if "SecretString" not in answer:
            raise SettingsError(
                f"The secret {self._name} is binary. Store the Console's API key in it as text: "
                "--secret-string, not --secret-binary."
            )
        return answer["SecretString"]


def find_key(client: "SecretsManagerClient", name: str) -> SecretKey | None:
    """The key in a secret; None if the secret does not exist, or if we may not read it.

    The secret is read at once. Raises SettingsError if it exists and does not hold a key.
    """
    # A role that may read secrets by a pattern of their names is denied one that does not exist: see _ADVICE.
    key = SecretKey(client, name, denied_is_absent=True)
    return key if key.exists() else None


def _is_definite(error: Exception) -> bool:
    """Whether the service refused. A failure or throttling (which has the status 400) is not a refusal."""
    return 400 <= http_status(error) < 500 and "hrottl" not in error_code(error)  # noqa: PLR2004 - HTTP's refusals


def _is_absent(error: Exception) -> bool:
    """Whether a secret does not exist. For days after its deletion, AWS answers that it can't be read."""
    code = error_code(error)
    return code == "ResourceNotFoundException" or (
        code == "InvalidRequestException" and "delet" in str(error).lower()
    )


def _checked(name: str, text: str) -> str:
    key = text.strip()
    if not key:
        raise SettingsError(f"The secret {name} is empty. Put the Console's API key into it as plain text.")
    if key[0] in _QUOTES or key[-1] in _QUOTES:
        raise SettingsError(
            f"The secret {name} holds its text in quotes. Store the Console's API key in it without them."
        )
    if key.startswith("{") or not _A_KEY.fullmatch(key):
        raise SettingsError(
            f"The secret {name} does not hold an API key alone. Its whole text must be the key: no JSON, no "
            "quotes, no spaces."
        )
    return key
