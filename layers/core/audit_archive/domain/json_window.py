"""A window on a long text that arrives in chunks."""

from collections.abc import Iterable, Iterator

from audit_archive.domain.json_tokens import skip_space


class Window:
    """The part of the text that is in memory: `data` from `pos` on.

    `offset` is where `data[0]` stands in the whole text, in bytes. Whoever reads the window moves `pos`.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self.data = b""
        self.pos = 0
        self.offset = 0
        self.ended = False

    def fill(self, size: int) -> None:
        """Have at least `size` bytes from `pos` on, or all that there are; `ended` says which."""
        have = len(self.data) - self.pos
        if have >= size or self.ended:
            return
        parts = [self.data[self.pos :]]
        while have < size and not self.ended:
            chunk = next(self._chunks, None)
            self.ended = chunk is None
            parts.append(chunk or b"")
            have += len(parts[-1])
        self.offset += self.pos
        self.pos = 0
        self.data = b"".join(parts)

    def peek(self) -> bytes:
        """Skip white space; the byte that follows, or nothing at the end of the text."""
        while True:
            self.fill(1)
            self.pos = skip_space(self.data, self.pos)
            if self.left or self.ended:
                return self.data[self.pos : self.pos + 1]

    @property
    def left(self) -> int:
        """How many bytes are in memory from `pos` on."""
        return len(self.data) - self.pos

    @property
    def at(self) -> int:
        """Where `pos` stands in the whole text, in bytes."""
        return self.offset + self.pos
