"""Which objects the statements of a chain name."""

from array import array
from bisect import bisect_left

from audit_archive.domain.statement import ArchiveStatement


class Names:
    """Remembers names by their hash: eight bytes each, so that a long chain's fit into memory."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._is_sorted = True

    def add(self, said: ArchiveStatement) -> None:
        """Note the export of a statement, by key and by version, and its entry files."""
        export = said.export
        for name in ((export.key,), (export.key, export.version_id), *((f.key,) for f in said.entries)):
            self._hashes.append(hash(name))
        self._is_sorted = False

    def has(self, key: str, version_id: str | None = None) -> bool:
        """Whether a statement names the key, or this version of it."""
        if not self._is_sorted:
            self._hashes, self._is_sorted = array("q", sorted(self._hashes)), True
        name = hash((key,) if version_id is None else (key, version_id))
        at = bisect_left(self._hashes, name)
        return at < len(self._hashes) and self._hashes[at] == name
