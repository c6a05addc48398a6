"""Temporary files in the system's temporary directory (`/tmp` in a Lambda)."""

import tempfile
from typing import BinaryIO, cast

from audit_archive.errors import SettingsError


def scratch_file() -> BinaryIO:
    """An empty temporary file without a name: it vanishes when it is closed, or with the process."""
    try:
        # cast: the stub's wrapper class is a BinaryIO in all but name.
        return cast("BinaryIO", tempfile.TemporaryFile())
    except OSError as error:
        raise SettingsError(
            f"No temporary file can be made ({error.strerror}): give the function more ephemeral storage."
        ) from error
