"""Where a Console may live: https anywhere, plain http on this machine only. The key travels there."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from audit_archive.errors import SettingsError


def checked_base_url(url: str) -> str:
    """The Console's base URL as `scheme://host[:port]`.

    Raises SettingsError if it has more than that (an API key in it would end up in logs; the text is not
    repeated for that reason), or is plain http to anywhere but a loopback address.
    """
    parts = _split(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise SettingsError("The Console's URL must look like https://<console>.canary.tools.")
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise SettingsError(
            f"The Console's URL must end after the host {parts.hostname}: no user, path, query or fragment."
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SettingsError(
            f"The Console {parts.hostname} must be reached by https: over plain http anybody on the way "
            "could read the API key."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or set(url) & set(" \\"):
        raise SettingsError("The Console's URL has characters that no URL of a host has.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if it is no number from 0 to 65535
    except ValueError as error:
        raise SettingsError(f"The Console's URL is malformed: {error}.") from error
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
