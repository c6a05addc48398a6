"""API keys in files, and where the stack keeps them. A key is never shown."""

from typing import IO

import click

from audit_archive.config import Settings
from audit_archive.errors import SettingsError
from cli.stack import Stack, asking, checked_key

_MAX_KEY = 1000
"""Characters of an API key at most; one has some 50."""

key_file = click.File("r", encoding="ascii")


def key_in(file: IO[str]) -> str:
    """The key in a file. Raises UsageError if the file holds anything that the functions would refuse."""
    try:
        key = checked_key(file.name, file.read(_MAX_KEY + 1))
    except (UnicodeDecodeError, SettingsError):
        key = ""
    if not key or len(key) > _MAX_KEY or not key.isprintable() or any(each.isspace() for each in key):
        raise click.UsageError(f"{file.name} must hold the API key and nothing else.")
    return key


def put_key(stack: Stack, console: str, use: str, key: str) -> str:
    """Put a Console's key where the stack reads it. Returns what became of it. Raises CloudError."""
    return put_secret(stack, stack.settings, stack.secret(console, use), key)


def put_secret(stack: Stack, settings: Settings, name: str, key: str) -> str:
    """Put a key under a name, as `put_key` does, for a stack that may not be there yet."""
    if settings.in_parameter_store:
        return _put_parameter(stack, name, key)
    secrets = stack.client("secretsmanager")
    with asking(f"The secret {name} can't be written"):
        try:
            secrets.create_secret(Name=name, SecretString=key, Description="An API key of a Canary Console")
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=key)
            return "has a new value"
    return "created"


def _put_parameter(stack: Stack, name: str, key: str) -> str:
    """Encrypted with the key aws/ssm: every role of the account that may read the parameter may use it."""
    with asking(f"The parameter {name} can't be written"):
        put = stack.client("ssm").put_parameter(
            Name=name,
            Value=key,
            Type="SecureString",
            Tier="Standard",
            Overwrite=True,
            Description="An API key of a Canary Console",
        )
    return "created" if put["Version"] == 1 else "has a new value"
