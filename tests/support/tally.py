"""What was done, counted."""

from collections import Counter

counts: Counter[str] = Counter()


def add(what: str, number: int = 1) -> None:
    """So many more of something."""
    counts[what] += number
