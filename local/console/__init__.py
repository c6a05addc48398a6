"""The Console's audit trail API on a laptop: the documented endpoints, complete, and faults to switch on.

with ConsoleServer(Trail.generated(1000, seed=7), read_key="r", admin_key="a") as console:
    console.url, console.trail, console.faults, console.requests
"""

from local.console import faults
from local.console.answer import Seen
from local.console.export import ExportShape, write_export, zip_of
from local.console.keys import Key
from local.console.server import ConsoleServer
from local.console.snapshot import Snapshot
from local.console.switchboard import Faults
from local.console.trail import Actor, PurgeTerms, Trail

__all__ = [
    "Actor",
    "ConsoleServer",
    "ExportShape",
    "Faults",
    "Key",
    "PurgeTerms",
    "Seen",
    "Snapshot",
    "Trail",
    "faults",
    "write_export",
    "zip_of",
]
