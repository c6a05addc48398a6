"""What can go wrong with one request on its way, and where in the answer it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.network.messages import Answer

PLACES: Final[Mapping[str, Callable[[Answer], int]]] = {
    "nothing": lambda a: 0,
    "status line": lambda a: len("HTTP/1.1 20"),
    "reason": lambda a: a.data.index(b"\r\n") - 1,
    "first header": lambda a: a.data.index(b"\r\n") + 2,
    "headers": lambda a: a.head // 2,
    "blank line": lambda a: a.head - 2,
    "body": lambda a: a.head,
    "first byte": lambda a: min(a.head + 1, len(a.data)),
    "middle": lambda a: (a.head + len(a.data)) // 2,
    "last byte": lambda a: len(a.data) - 1,
    "whole": lambda a: len(a.data),
}
"""How many bytes of an answer come before the interesting one. `line 4`: the end of the head's 4th line."""

GARBAGE = b"\x16\x03\x01 <h1>Bad gateway</h1>\r\n"


class Stage:
    """How far a struck request itself gets: its head is read, no more; half of its body too; it is read and
    never passed on; or it is carried out, which is what befalls answers."""

    REFUSED = "refused"
    HALF = "half"
    SWALLOWED = "swallowed"
    CARRIED_OUT = "carried out"


@dataclass(frozen=True)
class Fault:
    """`do` names what happens when the bytes of the answer before `at` have passed.

    `reset`: the connection is reset. `close`: it ends politely. `hang`: nothing more comes. `trickle`: the
    rest comes byte by byte, every `seconds`. `delay`: it comes after `seconds`. `garble`: the next byte comes
    with the bits of `mask` flipped. `noise`: garbage comes in between.
    """

    do: str
    at: str = "nothing"
    stage: str = Stage.CARRIED_OUT
    mask: int = 0xFF
    seconds: float = 0.0

    def __str__(self) -> str:
        where = f"at {self.at}" if self.stage == Stage.CARRIED_OUT else self.stage
        return f"{self.do} {self.mask:#x} {where}" if self.do == "garble" else f"{self.do} {where}"

    def place(self, answer: Answer) -> int:
        """The bytes of the answer that come before the fault."""
        if self.at.startswith("line "):
            lines = answer.data[: answer.head].splitlines(keepends=True)
            return len(b"".join(lines[: int(self.at.removeprefix("line "))]))
        return PLACES[self.at](answer)

    def altered(self, answer: Answer) -> bytes:
        """The answer with its garbage or its garbled byte, if the fault is one of that kind."""
        data, at = answer.data, self.place(answer)
        if self.do == "noise":
            return data[:at] + GARBAGE + data[at:]
        if self.do == "garble":
            return data[:at] + bytes(byte ^ self.mask for byte in data[at : at + 1]) + data[at + 1 :]
        return data
