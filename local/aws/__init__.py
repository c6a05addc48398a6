"""An AWS on this machine: an emulator as a child process, and the real template deployed to it.

LocalAws        the emulator, on loopback, on a free port, gone at the end of its `with`
DeployedStack   the real stack in it: `sam build`, `sam deploy`, keys, invocations
LocalConsole    a Console beside it
Laptop          all three at once: what the demo, `make local` and the system tests start from
"""

from local.aws.console import LocalConsole
from local.aws.emulator import LocalAws
from local.aws.laptop import Laptop
from local.aws.stack import DeployedStack, Invocation

__all__ = ["DeployedStack", "Invocation", "Laptop", "LocalAws", "LocalConsole"]
