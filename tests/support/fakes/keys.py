"""API keys without a secret store."""


class FakeKey:
    """An API key whose next reading may give another one: `rotate` is what a person does meanwhile."""

    what = "The secret canary-audit/1234abcd/read"

    def __init__(self, value: str) -> None:
        self._read = value
        self._stored = value
        self.refreshed = 0

    def value(self) -> str:
        return self._read

    def refresh(self) -> str:
        self.refreshed += 1
        self._read = self._stored
        return self._read

    def rotate(self, value: str) -> None:
        """The secret holds another key from now on."""
        self._stored = value
