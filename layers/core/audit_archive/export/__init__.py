"""A Console's export, a zip of one JSON file, read into entries. Pure.

`read_export` gives the entries in ascending order of id, `read_batches` in the order of the export. Five
modules do the work and say what they refuse: `zip_reader` (the zip), `json_reader` (its JSON), `json_batch`
and `json_entry` (entries, many at once and one by one) and `sorting` (the order, in bounded memory).
"""

from collections.abc import Iterator
from typing import BinaryIO

from audit_archive.export.json_reader import read_entries
from audit_archive.export.sorting import OpenScratch, SortedEntries, sort_entries
from audit_archive.export.zip_reader import open_member
from audit_archive.format.batch import Batch


def read_export(file: BinaryIO, size: int, scratch: OpenScratch) -> SortedEntries:
    """The distinct entries of a zip export of `size` bytes, in ascending order of id.

    They can be read until the scratch files are closed. Raises InvalidExportError if the export is damaged,
    or not of the format, or if two different entries in it have one id.
    """
    return sort_entries(read_batches(file, size), scratch)


def read_batches(file: BinaryIO, size: int) -> Iterator[Batch]:
    """The entries of a zip export of `size` bytes in its own order, a batch at a time.

    They are proven only when the iteration ends: then the zip's size and CRC were right. Raises
    InvalidExportError at once or meanwhile.
    """
    return read_entries(open_member(file, size))
