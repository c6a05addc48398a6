"""Base64 in its one canonical spelling (RFC 4648, section 4): what does not encode back alike is refused."""

from base64 import b64decode, b64encode


def to_base64(data: bytes) -> str:
    """The standard Base64 of some bytes, padded, on one line."""
    return b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """The bytes that `to_base64` made `text` of. Raises ValueError for any other spelling."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"no Base64: {text[:100]!r}: {error}") from error
    if to_base64(data) != text:  # the unused bits of the last character must be zero
        raise ValueError(f"no canonical Base64: {text[:100]!r}")
    return data
