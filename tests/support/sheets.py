"""Workbooks, read by the standard library."""

import re
from io import BytesIO
from xml.etree import ElementTree as Xml
from zipfile import ZipFile

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FIRST, ABOUT = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"


def parts(data: bytes) -> dict[str, Xml.Element]:
    """Each part of a workbook, parsed."""
    with ZipFile(BytesIO(data)) as archive:
        return {name: Xml.fromstring(archive.read(name)) for name in archive.namelist()}  # noqa: S314 - our own


def read(data: bytes, sheet: str = FIRST) -> list[list[str]]:
    """The cells of a sheet: a text in quotes, a number as it is written."""
    return [[_told(cell) for cell in row] for row in parts(data)[sheet].iter(f"{MAIN}row")]


def _told(cell: Xml.Element) -> str:
    if cell.get("t") == "inlineStr":
        text = "".join(each.text or "" for each in cell.iter(f"{MAIN}t"))
        return f'"{re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)}"'
    assert cell.get("t") in {None, "n"}
    return cell.findtext(f"{MAIN}v") or ""
