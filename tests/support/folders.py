"""Archives and bundles as folders."""

from collections.abc import Mapping
from pathlib import Path


def put(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files by their names below a folder, as `aws s3 sync` and `unzip` do."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
