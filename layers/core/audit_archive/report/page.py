"""Stub."""

from collections.abc import Iterable, Iterator

from audit_archive.domain.evidence import Report


def report_page(report: Report, lines: Iterable[bytes], style: str, script: str) -> Iterator[bytes]:
    """Stub."""
    del report, style, script
    yield b"<!doctype html>\n"
    yield from lines
