"""Temporary files that a test can count."""

from io import BytesIO
from typing import BinaryIO


class FakeScratch:
    """A ScratchFile in memory; `open_files` are those that nobody has closed."""

    def __init__(self) -> None:
        self._files: list[BinaryIO] = []

    def __call__(self) -> BinaryIO:
        file = BytesIO()
        self._files.append(file)
        return file

    @property
    def open_files(self) -> list[BinaryIO]:
        return [file for file in self._files if not file.closed]
