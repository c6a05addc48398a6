"""Finds what is not code but belongs to this version: its pages, and what a stack is deployed from.

A wheel carries them in a folder of its own. In a clone they lie where they are written.
"""

from pathlib import Path

_CLONE = Path(__file__).resolve().parents[1]
_SHIPPED = Path(__file__).resolve().parent / "shipped"


def root() -> Path:
    """The folder with README.md, docs/ and template.yaml."""
    return _SHIPPED if _SHIPPED.is_dir() else _CLONE
