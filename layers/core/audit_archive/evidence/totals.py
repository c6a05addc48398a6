"""The control totals of a bundle: numbers that whoever has the lines can make anew. Pure."""

from dataclasses import dataclass

from audit_archive.evidence.model import BundleFile, Totals


@dataclass
class Totalling:
    """Adds up the ids of the lines as they are written."""

    entries: int = 0
    lowest: int | None = None
    highest: int | None = None
    sum: int = 0

    def add(self, entry_id: int) -> None:
        """Count one line."""
        self.entries += 1
        self.sum += entry_id
        self.lowest = entry_id if self.lowest is None else min(self.lowest, entry_id)
        self.highest = entry_id if self.highest is None else max(self.highest, entry_id)

    def totals(self, packed: BundleFile) -> Totals:
        """The totals. `packed`: the lines, as the bundle has them."""
        return Totals(self.entries, self.lowest, self.highest, self.sum, packed.size, packed.sha256)
