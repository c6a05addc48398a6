"""What the Unicode standard says of characters, as its data files spell it."""

import re

DEFAULT_IGNORABLE = """
00AD 034F 061C 115F..1160 17B4..17B5 180B..180D 180E 180F 200B..200F 202A..202E 2060..2064 2065 2066..206F
3164 FE00..FE0F FEFF FFA0 FFF0..FFF8 1BCA0..1BCA3 1D173..1D17A E0000 E0001 E0002..E001F E0020..E007F
E0080..E00FF E0100..E01EF E01F0..E0FFF
"""
"""Default_Ignorable_Code_Point in DerivedCoreProperties.txt, which counts 4174 of them."""


def characters(ranges: str) -> str:
    """The characters of a list of such ranges."""
    found = ((first, last or first) for first, last in re.findall(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?", ranges))
    return "".join(chr(code) for first, last in found for code in range(int(first, 16), int(last, 16) + 1))
