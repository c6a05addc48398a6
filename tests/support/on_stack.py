"""The command on a deployed stack, in the process of a test."""

from typing import Any

from cli.options import Chosen
from tests.support.asking import reader_of
from tests.support.world import World


class OnStack(Chosen):
    """What a command is given: a stack with a World's archive. Each output of it is its own name."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @property
    def stack(self) -> Any:
        return self

    invoker = stack

    @property
    def clock(self) -> Any:
        return self.world.clock

    @property
    def reader(self) -> Any:
        return reader_of(self.world)

    def output(self, name: str) -> str:
        return name
